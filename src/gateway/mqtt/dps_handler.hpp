#pragma once

#include "gateway/mqtt/connection.hpp"
#include "model/service.hpp"
#include "protocol/dps/registration.hpp"
#include "protocol/dps/topic.hpp"
#include "provisioning/register_device.hpp"

#include <memory>
#include <string>

namespace muster::mqtt {

/// DPS over MQTT: the one subscription, register and poll. Everything about certificate, id and enrollment is
/// answered on the register topic, where the words reach the user (protocol/device/10 section 5).
class DpsHandler final : public PacketHandler {
 public:
  DpsHandler(Connection& connection, GatewayServices& services, ServiceName dps, std::string registration_id);

  Result<Next> handle(const FixedHeader& header, ByteView body) override;
  void closed(bool) override {}

 private:
  Result<Next> publish(const Publish& packet);
  Result<Next> subscribe(const Subscribe& packet);

  Connection& connection_;
  GatewayServices& services_;
  ServiceName dps_;
  std::string registration_id_;  ///< As the user name spelled it; its grammar is judged when it registers.
  std::shared_ptr<const pki::Chain> chain_;
  /// Shared with the requests under way, which may outlive this handler.
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

}  // namespace muster::mqtt
