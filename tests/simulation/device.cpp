#include "device.hpp"

#include "model/service.hpp"
#include "protocol/dps/registration.hpp"
#include "protocol/dps/topic.hpp"
#include "protocol/hub/sas_token.hpp"
#include "protocol/hub/topic.hpp"
#include "service.hpp"

#include <array>

namespace muster::simulation {
namespace {

/// Acts without hearing anything after which a device takes the connection for dead.
constexpr int kPatience = 60;

}  // namespace

Device::Device(std::size_t number, Reach reach)
    : number_{number},
      id_{device_name(number)},
      key_{hub::derive_device_key(kGroupKey, id_).value()},
      reach_{std::move(reach)},
      window_{static_cast<std::size_t>(1 + reach_.random.below(16))} {}

std::string_view Device::stage_name() const noexcept {
  constexpr std::array kNames{"away",        "dps_connecting", "dps_subscribing", "dps_registering",
                              "dps_waiting", "dps_polling",    "hub_connecting",  "hub_subscribing",
                              "online"};
  return kNames.at(static_cast<std::size_t>(stage_));
}

std::uint16_t Device::next_packet_id() {
  packet_id_ = static_cast<std::uint16_t>(packet_id_ == 65'535 ? 1 : packet_id_ + 1);
  return packet_id_;
}

void Device::act() {
  Random& random = reach_.random;
  if (stage_ == Stage::away) {
    if (hub_ && random.below(4) != 0) return dial_hub();
    return dial_dps();
  }
  if (stage_ == Stage::online) return act_online();
  if (stage_ == Stage::dps_waiting) {
    stage_ = Stage::dps_polling;
    return request(dps::format_poll_topic("p", operation_id_), " ");
  }
  if (!finishing_ && random.below(100) == 0) return leave(false);
  lose_patience();
}

/// Whoever hears nothing for long hangs up.
void Device::lose_patience() {
  if (++patience_ > kPatience) leave(false);
}

void Device::act_online() {
  Random& random = reach_.random;
  const std::size_t waiting = wire_->awaiting.size();
  if (finishing_) {
    if (!last_wish_) {
      publish(1);
      last_wish_ = packet_id_;
    }
    return lose_patience();
  }
  const std::uint64_t dice = random.below(100);
  if (dice < 70 && waiting < window_) {
    publish(random.below(8) == 0 ? 0 : 1);
  } else if (dice < 80) {
    report();
  } else if (dice < 84) {
    say(mqtt::Pingreq{});
  } else if (dice < 86) {
    return leave(random.below(2) == 0);
  }
  if (waiting > 0) lose_patience();
}

void Device::leave(bool orderly) {
  if (orderly) say(mqtt::Disconnect{});
  wire_->hang_up();
  reach_.verdict.tell("{} leaves{} ({})", id_, orderly ? " with DISCONNECT" : "", stage_name());
  wire_ = nullptr;
  stage_ = Stage::away;
}

void Device::connect(const std::string& user_name, const std::string& resource, bool clean) {
  const auto now = std::chrono::floor<std::chrono::seconds>(reach_.clock.wall().time_since_epoch());
  const std::string token = hub::format_sas_token({resource, key_, now.count() + 3600, ""}).value();
  reader_ = {};
  patience_ = 0;
  last_wish_.reset();
  say(mqtt::Connect{.clean_session = clean,
                    .keep_alive_s = 60,
                    .client_id = id_,
                    .user_name = user_name,
                    .password = as_bytes(token)});
}

void Device::dial_dps() {
  wire_ = reach_.dial(std::string{kGlobalProvisioningHost});
  if (!wire_) return;
  wire_->device = number_;
  stage_ = Stage::dps_connecting;
  connect(dps::format_user_name(kScope, id_, "2019-03-31", "simulation"),
          fmt::format("{}/registrations/{}", kScope, id_), false);
}

void Device::dial_hub() {
  const std::string host = hub_host_name(kHubs[*hub_]);
  wire_ = reach_.dial(host);
  if (!wire_) return;
  wire_->device = number_;
  wire_->hub = *hub_;
  stage_ = Stage::hub_connecting;
  connect(hub::format_user_name(host, id_, "2021-04-12", "simulation"),
          fmt::format("{}/devices/{}", host, id_), reach_.random.below(2) == 0);
}

void Device::request(const std::string& topic, const std::string& body) {
  const std::uint16_t id = next_packet_id();
  wire_->awaiting[id] = std::nullopt;
  say(mqtt::Publish{.topic = topic, .payload = as_bytes(body), .packet_id = id, .qos = 1});
}

void Device::publish(std::uint8_t qos) {
  const std::uint64_t serial = reach_.ledger.send(number_, *hub_);
  const std::string topic = hub::format_telemetry_topic(id_, "n=1");
  const std::string body = body_of(number_, serial);
  const std::uint16_t id = qos == 0 ? std::uint16_t{0} : next_packet_id();
  if (qos == 1) wire_->awaiting[id] = serial;
  const bool dup = qos == 1 && reach_.random.below(4) == 0;
  say(mqtt::Publish{.topic = topic, .payload = as_bytes(body), .packet_id = id, .qos = qos, .dup = dup});
}

/// The request id is the value, so that the answer says what is stored.
void Device::report() {
  const std::string topic = hub::format_twin_patch_topic(std::to_string(++reported_));
  const std::string body = fmt::format(R"({{"n":{}}})", reported_);
  say(mqtt::Publish{.topic = topic, .payload = as_bytes(body)});
}

void Device::hear() {
  if (!wire_) return;
  const std::shared_ptr<Wire> wire = wire_;  // A packet may make it leave.
  const Bytes arrived = wire->arrived();
  if (!arrived.empty()) patience_ = 0;
  const bool good = reader_.take(arrived, [&](const mqtt::Packet& packet) {
    if (wire_ == wire) on(packet);
  });
  if (wire_ != wire) return;
  if (!good) return leave(false);
  if (!wire->ended()) return;
  reach_.verdict.tell("{} is cut off ({})", id_, stage_name());
  // Refused or moved: ask DPS next time.
  if (stage_ == Stage::hub_connecting && reach_.random.below(2) == 0) hub_.reset();
  wire->hang_up();
  wire_ = nullptr;
  stage_ = Stage::away;
}

void Device::on(const mqtt::Packet& packet) {
  if (const auto* connack = std::get_if<mqtt::Connack>(&packet)) {
    if (connack->return_code == 0) return on_accepted();
    reach_.verdict.tell("{} is refused: CONNACK {}", id_, connack->return_code);
    if (stage_ == Stage::hub_connecting) hub_.reset();
    return leave(false);
  }
  if (std::holds_alternative<mqtt::Suback>(packet)) {
    if (stage_ == Stage::hub_subscribing) stage_ = Stage::online;
    if (stage_ != Stage::dps_subscribing) return;
    stage_ = Stage::dps_registering;
    return request(dps::format_register_topic("r"), dps::format_register_body(id_, {}));
  }
  if (const auto* puback = std::get_if<mqtt::Puback>(&packet)) {
    if (last_wish_ == puback->packet_id && finishing_) finished_ = true;
    return;
  }
  if (const auto* publish = std::get_if<mqtt::Publish>(&packet)) on_response(*publish);
}

void Device::on_accepted() {
  const bool dps = stage_ == Stage::dps_connecting;
  const std::string_view filter = dps ? dps::kResponseFilter : hub::kTwinResponseFilter;
  stage_ = dps ? Stage::dps_subscribing : Stage::hub_subscribing;
  reach_.verdict.tell("{} is accepted at {}", id_, dps ? "DPS" : kHubs[*hub_].str());
  say(mqtt::Subscribe{next_packet_id(), {{filter, 1}}});
}

void Device::on_response(const mqtt::Publish& packet) {
  if (packet.qos == 1) say(mqtt::Puback{packet.packet_id});
  if (const auto answer = dps::parse_response_topic(packet.topic)) {
    on_registration(answer->status, as_text(packet.payload));
  }
}

void Device::on_registration(int status, std::string_view body) {
  const auto answer = dps::parse_response_body(body);
  if (status == 202 && answer) {
    operation_id_ = answer->operation_id;
    stage_ = Stage::dps_waiting;
    return;
  }
  if (status == 200 && answer && answer->status == "assigned") {
    for (std::size_t hub = 0; hub < std::size(kHubs); ++hub) {
      if (answer->assigned_hub == hub_host_name(kHubs[hub])) hub_ = hub;
    }
  }
  reach_.verdict.tell("{} hears from DPS: {} {}", id_, status, answer ? answer->status : "");
  leave(reach_.random.below(2) == 0);
}

}  // namespace muster::simulation
