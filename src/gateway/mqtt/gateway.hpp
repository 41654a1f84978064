#pragma once

#include "gateway/mqtt/ack_queue.hpp"
#include "gateway/mqtt/limits.hpp"
#include "gateway/mqtt/names.hpp"
#include "hub/connect.hpp"
#include "hub/session_directory.hpp"
#include "hub/twins.hpp"
#include "journal/journal.hpp"
#include "provisioning/operations.hpp"
#include "throttle/throttles.hpp"

#include <memory>
#include <vector>

namespace muster::mqtt {

/// Everything that MQTT connections stand on. Borrowed; outlives them.
struct GatewayServices {
  Clock& clock;
  journal::Journal& journal;
  registry::Registry& registry;
  eventlog::EventLog& log;
  provisioning::Operations& operations;
  provisioning::Provisioning& provisioning;
  hub::ConnectService& connect;
  hub::SessionDirectory& sessions;
  hub::Twins& twins;
  throttle::Throttles& throttles;
  ServiceNames& names;
  MqttLimits limits;
  DpsAnswers dps;
};

/// The MQTT face: takes accepted streams. One for the process; serve() runs on the shard that accepted.
class Gateway {
 public:
  Gateway(GatewayServices services, std::span<const std::unique_ptr<net::Shard>> shards);
  ~Gateway();

  /// The whole life of one connection.
  asio::awaitable<void> serve(net::Shard& shard, std::unique_ptr<net::Stream> stream);
  /// Ends every connection of this shard with the reason. Call on the shard.
  void end_all(net::Shard& shard, const Error& reason);

 private:
  GatewayServices services_;
  std::vector<std::unique_ptr<AckQueue>> acks_;                      ///< By shard.
  std::vector<std::vector<std::weak_ptr<Connection>>> connections_;  ///< By shard; swept as it grows.
};

}  // namespace muster::mqtt
