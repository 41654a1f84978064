#pragma once

#include "gateway/mqtt/connection.hpp"
#include "gateway/mqtt/twin_requests.hpp"
#include "hub/connect.hpp"
#include "hub/ingress.hpp"
#include "hub/session_directory.hpp"
#include "model/device.hpp"

#include <array>
#include <memory>
#include <optional>
#include <string>

namespace muster::hub {

/// A will as CONNECT brought it, owned.
struct WillMessage {
  bool present = false;
  std::string properties;
  Bytes body;
  bool retain = false;
};

}  // namespace muster::hub

namespace muster::mqtt {

/// IoT Hub over MQTT for one device: telemetry into the log, subscriptions, twins. Holds the identity
/// since CONNECT, so that a message needs no look-up.
class HubHandler final : public PacketHandler {
 public:
  HubHandler(Connection& connection, GatewayServices& services, hub::Connected connected);
  ~HubHandler() override;

  /// Becomes the device's one session: an older one is told to end. Returns what CONNACK says of a stored
  /// session; nullopt when the device has changed since it was admitted.
  Task<std::optional<bool>> take_over(std::shared_ptr<hub::Admission> admission, bool clean_session);
  /// What is to be stored if the device goes without DISCONNECT.
  void leaves(hub::WillMessage will) { will_ = std::move(will); }

  Result<Next> handle(const FixedHeader& header, ByteView body) override;
  void outbox_ready() override;
  void closed(bool orderly) override;

 private:
  void end_with_token(WallTime expires);
  Result<Next> publish(const Publish& packet);
  Result<Next> telemetry(std::string_view properties, const Publish& packet);
  Result<Next> subscribe(const Subscribe& packet);
  Result<Next> unsubscribe(const Unsubscribe& packet);
  Result<Next> credential_request(const std::string& rid, const Publish& packet);

  Connection& connection_;
  GatewayServices& services_;
  hub::SessionKey key_;
  hub::Sender sender_;
  hub::StoredSubscriptions subscriptions_;
  TwinRequests twins_;
  hub::WillMessage will_;
  std::unique_ptr<net::ScopedDeadline> token_ends_;  ///< Null without a token.
  bool clean_session_ = true;
  bool claimed_ = false;
};

}  // namespace muster::mqtt
