#include "gateway/mqtt/hub_handler.hpp"

#include "base/log.hpp"
#include "gateway/mqtt/gateway.hpp"
#include "protocol/hub/topic.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <variant>

namespace muster::mqtt {
namespace {

/// Azure's limit of 5 subscriptions is of kinds, and there are as many; a filter asked for twice is one.
std::size_t index_of(hub::Subscription kind) { return static_cast<std::size_t>(kind); }

}  // namespace

HubHandler::HubHandler(Connection& connection, GatewayServices& services, hub::Connected connected)
    : connection_{connection},
      services_{services},
      key_{connected.hub, connected.device, connected.module},
      sender_{connected.hub.key(), std::string{connected.device.str()}, connected.module,
              connected.generation_id, connected.method},
      twins_{connection, services, key_} {
  subscriptions_.fill(hub::kNotSubscribed);
  if (connected.expires) end_with_token(*connected.expires);
}

/// The .NET and Java clients rely on the hub to drop them when their token has run out: only then do they
/// make a new one (device/04 section 10).
void HubHandler::end_with_token(WallTime expires) {
  constexpr std::chrono::hours kForever{100 * 365 * 24};  // Beyond it nanoseconds do not reach.
  const auto remaining = expires - services_.clock.wall();
  if (remaining > kForever) return;
  const SteadyTime due = services_.clock.steady() + remaining;
  token_ends_ = std::make_unique<net::ScopedDeadline>(connection_.shard(), due, [this] {
    connection_.end(Error{ErrorCode::token_expired, "the token that the device connected with has run out"});
  });
}

HubHandler::~HubHandler() {
  // An accepted CONNECT whose CONNACK could not be sent ends here, without closed().
  if (claimed_) services_.sessions.release(key_, &connection_);
}

Task<std::optional<bool>> HubHandler::take_over(std::shared_ptr<hub::Admission> admission,
                                                bool clean_session) {
  clean_session_ = clean_session;
  MUSTER_CO_TRY(claimed_,
                co_await services_.sessions.claim(std::move(admission), connection_.shared_from_this()));
  if (!claimed_) co_return std::optional<bool>{};
  bool present = false;
  if (clean_session) {
    services_.sessions.store_subscriptions(key_, &connection_, std::nullopt);
  } else if (const auto stored = services_.sessions.stored_subscriptions(key_)) {
    subscriptions_ = *stored;
    present = true;
  } else {
    services_.sessions.store_subscriptions(key_, &connection_, subscriptions_);
  }
  co_return std::optional{present};
}

Result<PacketHandler::Next> HubHandler::handle(const FixedHeader& header, ByteView body) {
  if (header.type == PacketType::publish) {
    const auto packet = decode_publish(header, body);
    if (!packet) return failure(ErrorCode::malformed_packet, "PUBLISH");
    return publish(*packet);
  }
  const auto packet = decode_body(header, body);
  if (!packet) return failure(ErrorCode::malformed_packet, std::string{packet_name(header.type)});
  if (const auto* subscribed = std::get_if<Subscribe>(&*packet)) return subscribe(*subscribed);
  if (const auto* left = std::get_if<Unsubscribe>(&*packet)) return unsubscribe(*left);
  if (std::holds_alternative<Pingreq>(*packet)) {
    connection_.send(Pingresp{});
    return Next::go_on;
  }
  if (const auto* puback = std::get_if<Puback>(&*packet)) {
    twins_.acknowledged(puback->packet_id);
    outbox_ready();
    return Next::go_on;
  }
  if (std::holds_alternative<Disconnect>(*packet)) return Next::disconnect;
  return failure(ErrorCode::protocol_violation, fmt::format("{} at a hub", packet_name(header.type)));
}

Result<PacketHandler::Next> HubHandler::publish(const Publish& packet) {
  if (packet.qos > 1) return failure(ErrorCode::qos_unsupported, "QoS 2 at a hub");
  if (const auto topic = hub::parse_telemetry_topic(packet.topic, sender_.device_id, sender_.module_id)) {
    return telemetry(topic->properties, packet);
  }
  const bool answered = subscriptions_[index_of(hub::Subscription::twin_responses)] != hub::kNotSubscribed;
  if (const auto topic = hub::parse_twin_get_topic(packet.topic)) {
    if (packet.qos == 1) connection_.send(Puback{packet.packet_id});
    if (answered) twins_.get(std::string{topic->rid});
    return Next::go_on;
  }
  if (const auto topic = hub::parse_twin_patch_topic(packet.topic)) {
    if (packet.qos == 1) connection_.send(Puback{packet.packet_id});
    twins_.patch(std::string{topic->rid}, as_text(packet.payload), answered);
    return Next::go_on;
  }
  if (const auto topic = hub::parse_credential_request_topic(packet.topic)) {
    return credential_request(std::string{topic->rid}, packet);
  }
  // Nobody has called a method, so nobody waits for its answer: it is taken and forgotten, as a late one is.
  if (hub::parse_method_response_topic(packet.topic)) {
    if (packet.qos == 1) connection_.send(Puback{packet.packet_id});
    return Next::go_on;
  }
  return failure(ErrorCode::unknown_topic, fmt::format("topic {}", packet.topic.substr(0, 160)));
}

Result<PacketHandler::Next> HubHandler::telemetry(std::string_view properties, const Publish& packet) {
  const ServiceRef hub{ServiceKind::hub, key_.hub};
  // Azure queues what comes too fast ("traffic shaping", device/06): it is not read until its turn.
  if (!services_.throttles.take(hub, throttle::Quota::telemetry)) {
    connection_.pause_for(services_.throttles.wait_for(hub, throttle::Quota::telemetry));
    return Next::pause;
  }
  const std::uint8_t flags = packet.retain ? kEventRetained : 0;
  const Result<eventlog::Ticket> ticket =
      hub::ingest(services_.log, sender_, {properties, packet.payload, flags});
  if (!ticket && ticket.error().code() == ErrorCode::event_log_full) return Next::wait_for_room;
  if (!ticket) return failure(ticket.error());
  if (packet.qos == 1) connection_.acknowledge_when_durable(*ticket, packet.packet_id);
  return Next::go_on;
}

Result<PacketHandler::Next> HubHandler::subscribe(const Subscribe& packet) {
  Suback answer{packet.packet_id, {}};
  for (const auto& topic : packet.topics) {
    const auto kind = hub::parse_subscription(topic.filter, sender_.device_id, sender_.module_id);
    const bool within = answer.return_codes.size() < services_.limits.subscriptions_max;
    const std::uint8_t granted = kind && within ? std::min<std::uint8_t>(topic.qos, 1) : std::uint8_t{0x80};
    if (granted != 0x80) subscriptions_[index_of(*kind)] = granted;
    answer.return_codes.push_back(granted);
  }
  if (!clean_session_) services_.sessions.store_subscriptions(key_, &connection_, subscriptions_);
  connection_.send(answer);
  return Next::go_on;
}

Result<PacketHandler::Next> HubHandler::unsubscribe(const Unsubscribe& packet) {
  for (const auto filter : packet.filters) {
    const auto kind = hub::parse_subscription(filter, sender_.device_id, sender_.module_id);
    if (kind) subscriptions_[index_of(*kind)] = hub::kNotSubscribed;
  }
  if (!clean_session_) services_.sessions.store_subscriptions(key_, &connection_, subscriptions_);
  connection_.send(Unsuback{packet.packet_id});
  return Next::go_on;
}

/// A hub that issues no certificates says so with Azure's code for it (protocol/device/03 section 2.2);
/// without the subscription there is no answer (section 2.3).
Result<PacketHandler::Next> HubHandler::credential_request(const std::string& rid, const Publish& packet) {
  if (packet.qos == 1) connection_.send(Puback{packet.packet_id});
  const std::uint8_t qos = subscriptions_[index_of(hub::Subscription::credential_responses)];
  if (qos == hub::kNotSubscribed) return Next::go_on;
  const std::string topic = hub::format_credential_response_topic(403, rid);
  const std::string body = fmt::format(
      R"({{"errorCode":403010,"message":"This hub does not issue certificates.","trackingId":"{}","timestampUtc":"{}","info":null}})",
      connection_.tracking_id(), format_utc(services_.clock.wall()));
  connection_.send(Publish{.topic = topic, .payload = as_bytes(body)});
  return Next::go_on;
}

void HubHandler::outbox_ready() {
  twins_.deliver(subscriptions_[index_of(hub::Subscription::desired_changes)]);
}

void HubHandler::closed(bool orderly) {
  services_.sessions.release(key_, &connection_);
  claimed_ = false;
  if (orderly || !will_.present) return;
  const std::uint8_t flags = static_cast<std::uint8_t>(kEventWill | (will_.retain ? kEventRetained : 0));
  const auto stored = hub::ingest(services_.log, sender_, {will_.properties, will_.body, flags});
  if (!stored) {
    log::warning("mqtt", "will of {} not stored: {} code={}", log::field(sender_.device_id),
                 stored.error().reason(), error_id(stored.error().code()));
  }
}

}  // namespace muster::mqtt
