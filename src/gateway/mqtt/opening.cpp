#include "gateway/mqtt/opening.hpp"

#include "gateway/mqtt/dps_handler.hpp"
#include "gateway/mqtt/error_table.hpp"
#include "gateway/mqtt/gateway.hpp"
#include "gateway/mqtt/hub_handler.hpp"
#include "protocol/dps/topic.hpp"
#include "protocol/hub/sas_token.hpp"
#include "protocol/hub/topic.hpp"

#include <fmt/format.h>

#include <variant>

namespace muster::mqtt {
namespace {

/// Sends the CONNACK that refuses, as far as one can be sent, and returns the failure for the journal.
tl::unexpected<Error> refuse(Connection& connection, Error error) {
  const ConnackCode code = mqtt_error(error.code()).connack;
  connection.answered(fmt::format("CONNACK {}", static_cast<int>(code)));
  connection.send(Connack{false, static_cast<std::uint8_t>(code)});
  connection.flush();
  return failure(std::move(error));
}

/// How often a CONNECT is judged while its device keeps changing; then the client is told to come again.
constexpr int kJudgedMax = 4;

/// Cut to what a log line should hold; ids and names come from strangers.
std::string shown(std::string_view text) { return std::string{text.substr(0, 160)}; }

std::chrono::nanoseconds keep_alive_of(const Connect& connect, const MqttLimits& limits) {
  const std::chrono::seconds asked{connect.keep_alive_s};
  // 0 means "none" in MQTT; the hub's own limit holds then (device/04 section 10).
  return asked.count() == 0 || asked > limits.keep_alive_max ? limits.keep_alive_max : asked;
}

Task<Opened> open_dps(Connection& connection, GatewayServices& services, const Connect& connect,
                      const dps::UserName& user) {
  connection.name(std::string{}, shown(user.registration_id));
  const auto instance = services.names.dps_of_scope(user.id_scope, connection.peer());
  if (!instance) {
    co_return refuse(connection,
                     Error{ErrorCode::id_scope_unknown, fmt::format("id scope {}", shown(user.id_scope))});
  }
  connection.name(dps_host_name(*instance), shown(user.registration_id));
  if (!equals_ignoring_case(connect.client_id, user.registration_id)) {
    co_return refuse(connection, Error{ErrorCode::client_id_mismatch,
                                       fmt::format("client id {}, registration id {}",
                                                   shown(connect.client_id), shown(user.registration_id))});
  }
  if (!connection.peer().chain && !connect.password) {
    co_return refuse(connection,
                     Error{ErrorCode::credential_missing, "neither a certificate nor a password came"});
  }
  DpsCaller caller{*instance, std::string{user.registration_id}, std::nullopt};
  if (connect.password) caller.password = std::string{as_text(*connect.password)};
  if (!connection.peer().chain && !hub::parse_sas_token(*caller.password)) {
    co_return refuse(connection, Error{ErrorCode::token_malformed, "the password is not of that form"});
  }
  // DPS keeps no sessions: SessionPresent is always 0 (device/01 section 2).
  connection.send(Connack{false, static_cast<std::uint8_t>(ConnackCode::accepted)});
  auto handler = std::make_unique<DpsHandler>(connection, services, std::move(caller));
  co_return Opened{std::move(handler), keep_alive_of(connect, services.limits)};
}

Result<hub::WillMessage> read_will(const Connect& connect, const hub::UserName& user) {
  hub::WillMessage will;
  if (!connect.will) return will;
  // Only telemetry can be a will (device/04 section 6).
  const auto topic = hub::parse_telemetry_topic(connect.will->topic, user.device_id, user.module_id);
  if (connect.will->qos > 1) return failure(ErrorCode::qos_unsupported, "QoS 2 in a will");
  if (!topic) {
    return failure(ErrorCode::unknown_topic, fmt::format("will topic {}", shown(connect.will->topic)));
  }
  will.present = true;
  will.properties = topic->properties;
  will.body.assign(connect.will->payload.begin(), connect.will->payload.end());
  will.retain = connect.will->retain;
  return will;
}

/// A device that has become its hub's session.
struct Entered {
  std::unique_ptr<HubHandler> handler;
  bool session_present = false;
};

/// Judges the device and makes it the session; judges again when it was changed between the two, by an
/// administrator or by DPS.
Task<Entered> enter_hub(Connection& connection, GatewayServices& services, hub::ConnectRequest request,
                        bool clean_session) {
  const hub::SessionKey key{request.hub, request.device, request.module};
  for (int judged = 0; judged < kJudgedMax; ++judged) {
    MUSTER_CO_TRY(auto admission, co_await services.sessions.admit(key));
    MUSTER_CO_TRY(const auto outcome, co_await hub::authorize(services.connect, request));
    if (!outcome.connected) co_return failure(*outcome.judgement.failure());
    // Its time to connect may have run out meanwhile: who is gone must not take the place of who is there.
    if (connection.ending()) co_return failure(ErrorCode::connection_lost, "it ended while it was judged");
    auto handler = std::make_unique<HubHandler>(connection, services, *outcome.connected);
    MUSTER_CO_TRY(const auto session_present,
                  co_await handler->take_over(std::move(admission), clean_session));
    if (session_present) co_return Entered{std::move(handler), *session_present};
  }
  co_return failure(
      ErrorCode::registry_busy,
      fmt::format("device {} was changed {} times while it was judged", request.device.str(), kJudgedMax));
}

Task<Opened> open_hub(Connection& connection, GatewayServices& services, const Connect& connect,
                      const hub::UserName& user) {
  connection.name(shown(user.hub_host), shown(user.device_id));
  const auto device = DeviceId::parse(user.device_id);
  if (!device) {
    co_return refuse(connection,
                     Error{ErrorCode::device_id_invalid,
                           fmt::format("device id {} {}", shown(user.device_id), device.error())});
  }
  if (connect.client_id != hub::client_id_of(user.device_id, user.module_id)) {
    co_return refuse(connection,
                     Error{ErrorCode::client_id_mismatch,
                           fmt::format("client id {}, the user name says {}", shown(connect.client_id),
                                       shown(hub::client_id_of(user.device_id, user.module_id)))});
  }
  const Result<ServiceName> name = co_await services.names.hub_of(
      std::string{user.hub_host}, std::string{device->str()}, connection.peer());
  if (!name) co_return refuse(connection, name.error());
  connection.name(hub_host_name(*name), std::string{device->str()});
  if (services.log.failed()) {
    co_return refuse(connection, Error{ErrorCode::event_log_failed, "the event log has failed"});
  }
  if (const auto may = services.throttles.take({ServiceKind::hub, *name}, throttle::Quota::connects); !may)
    co_return refuse(connection, may.error());
  Result<hub::WillMessage> will = read_will(connect, user);
  if (!will) co_return refuse(connection, will.error());

  hub::ConnectRequest request{.hub = *name, .device = *device, .module = std::string{user.module_id}};
  if (connect.password) {
    request.password = std::string{as_text(*connect.password)};
    request.hosts = services.names.hosts_of_hub(*name);
  }
  request.chain = connection.peer().chain;
  Result<Entered> entered = co_await enter_hub(connection, services, request, connect.clean_session);
  if (!entered) co_return refuse(connection, entered.error());
  entered->handler->leaves(*std::move(will));
  connection.send(Connack{entered->session_present, static_cast<std::uint8_t>(ConnackCode::accepted)});
  co_return Opened{std::move(entered->handler), keep_alive_of(connect, services.limits)};
}

/// The name that was dialled comes first (contract section 3): each Azure name leads to one kind of service,
/// and a user name of the other kind is nobody's there. `means`: what the user name says; nullopt: nothing.
std::optional<Error> refused_by_sni(Connection& connection, ServiceNames& names, std::string_view user_name,
                                    std::optional<ServiceKind> means) {
  const std::string& sni = connection.peer().server_name;
  const Result<std::optional<ServiceKind>> dialled = names.kind_of_sni(connection.peer());
  if (dialled && (!*dialled || !means || **dialled == *means)) return std::nullopt;
  connection.name(shown(sni), shown(user_name));
  if (!dialled) return dialled.error();
  const bool is_hub = **dialled == ServiceKind::hub;
  return Error{ErrorCode::service_mismatch,
               fmt::format("the server name {} is {}, the user name {} is for {}", shown(sni),
                           is_hub ? "a hub" : "DPS", shown(user_name), is_hub ? "DPS" : "a hub")};
}

}  // namespace

Task<Opened> open(Connection& connection, GatewayServices& services) {
  connection.at_step("connect");
  const Result<Bytes> packet = co_await connection.read_connect(services.limits.connect_bytes_max);
  if (!packet) co_return failure(packet.error());
  const auto header = decode_fixed_header(*packet, services.limits.connect_bytes_max);
  if (!header) co_return failure(ErrorCode::malformed_packet, "CONNECT");
  // The views in `connect` borrow from `packet`, which lives in this frame until the connection is open or
  // refused.
  const auto body = decode_body(*header, ByteView{*packet}.subspan(header->size_header));
  if (!body) co_return failure(ErrorCode::malformed_packet, "CONNECT");
  const auto& connect = std::get<Connect>(*body);
  if (connect.protocol_name != "MQTT" || connect.protocol_level != 4) {
    co_return refuse(connection, Error{ErrorCode::protocol_version_unsupported,
                                       fmt::format("protocol {} level {}", shown(connect.protocol_name),
                                                   connect.protocol_level)});
  }
  const std::string_view user_name = connect.user_name.value_or(std::string_view{});
  const auto at_dps = dps::parse_user_name(user_name);
  // "{idScope}/registrations/" is DPS's with the id left out, not a hub's with a device of that name, which
  // has a query.
  const auto at_hub =
      at_dps || user_name.ends_with("/registrations/") ? std::nullopt : hub::parse_user_name(user_name);
  std::optional<ServiceKind> means;
  if (at_dps) means = ServiceKind::dps;
  if (at_hub) means = ServiceKind::hub;
  if (auto refused = refused_by_sni(connection, services.names, user_name, means)) {
    co_return refuse(connection, *std::move(refused));
  }
  if (at_dps) co_return co_await open_dps(connection, services, connect, *at_dps);
  if (at_hub) co_return co_await open_hub(connection, services, connect, *at_hub);
  co_return refuse(connection,
                   Error{ErrorCode::malformed_user_name, fmt::format("user name {}", shown(user_name))});
}

}  // namespace muster::mqtt
