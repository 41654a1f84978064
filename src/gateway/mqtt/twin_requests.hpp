#pragma once

#include "gateway/mqtt/connection.hpp"
#include "hub/session_directory.hpp"
#include "hub/twins.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::mqtt {

/// The twin of the device on one connection: its requests (protocol/device/04 section 8) and the desired
/// changes that it is told of. On the connection's shard; an answer under way outlives it.
class TwinRequests {
 public:
  TwinRequests(Connection& connection, GatewayServices& services, const hub::SessionKey& key)
      : connection_{connection}, services_{services}, key_{key} {}

  void get(std::string rid);
  /// Who does not listen to answers is not given one; the patch counts all the same.
  void patch(std::string rid, std::string_view body, bool answered);
  /// Sends what waits in the connection's outbox, at the QoS that was granted; to who has not subscribed,
  /// nothing: it reads the twin when it does.
  void deliver(std::uint8_t granted);
  /// A PUBACK.
  void acknowledged(std::uint16_t packet_id);

 private:
  /// A request on its way: shared by the coroutine and nobody else.
  struct Request {
    std::string rid;
    bool answered = true;
    std::optional<hub::TwinChange> change;  ///< None for GET.
  };
  void start(Request request);
  bool refuse_beyond_limit(const Request& request);
  static asio::awaitable<void> answer(std::shared_ptr<Connection> connection, GatewayServices& services,
                                      hub::SessionKey key, Request request,
                                      std::shared_ptr<std::uint32_t> under_way);
  std::uint16_t next_packet_id();

  Connection& connection_;
  GatewayServices& services_;
  const hub::SessionKey& key_;
  std::shared_ptr<std::uint32_t> under_way_ = std::make_shared<std::uint32_t>(0);  ///< Outlives this.
  std::vector<std::uint16_t> unacknowledged_;
  std::uint16_t last_packet_id_ = 0;
};

}  // namespace muster::mqtt
