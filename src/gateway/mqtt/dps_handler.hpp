#pragma once

#include "gateway/mqtt/connection.hpp"
#include "model/service.hpp"
#include "protocol/dps/registration.hpp"
#include "protocol/dps/topic.hpp"
#include "provisioning/register_device.hpp"

#include <memory>
#include <optional>
#include <string>

namespace muster::mqtt {

/// Who has connected to DPS, as its CONNECT says. Nothing of it is judged before it registers.
struct DpsCaller {
  ServiceName dps;
  std::string registration_id;          ///< As the user name spelled it.
  std::optional<std::string> password;  ///< A SAS token.
};

/// DPS over MQTT: the one subscription, register and poll. Everything about certificate, id and enrollment is
/// answered on the register topic, where the words reach the user (protocol/device/10 section 5).
class DpsHandler final : public PacketHandler {
 public:
  DpsHandler(Connection& connection, GatewayServices& services, DpsCaller caller);

  Result<Next> handle(const FixedHeader& header, ByteView body) override;
  void closed(bool) override {}

 private:
  Result<Next> publish(const Publish& packet);
  Result<Next> subscribe(const Subscribe& packet);

  Connection& connection_;
  GatewayServices& services_;
  const DpsCaller caller_;
  std::shared_ptr<const pki::Chain> chain_;
  /// Shared with the requests under way, which may outlive this handler.
  struct Shared;
  std::shared_ptr<Shared> shared_;
};

}  // namespace muster::mqtt
