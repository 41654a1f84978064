#include "cli/decode_packet.hpp"

#include "cli/decode_text.hpp"
#include "protocol/mqtt/fault.hpp"

#include <fmt/format.h>

namespace muster::cli {
namespace {

/// Of a payload or password; what is longer is cut, with a word of it.
constexpr std::size_t kTextShownMax = 4096;
constexpr std::size_t kHexShownMax = 256;

tl::unexpected<Error> malformed(std::size_t position, const mqtt::PacketFault& fault) {
  const std::string where =
      position == 0 ? "" : fmt::format(" (of the packet that begins at byte {})", position);
  return failure(Error{ErrorCode::malformed_packet,
                       fmt::format("byte {}{}: {}", position + fault.position, where, fault.what)});
}

/// A payload: JSON as it stands, text, or hex where it is neither.
void add_payload(Json& json, ByteView payload) {
  json["payloadBytes"] = payload.size();
  if (payload.empty()) return;
  const bool text = is_valid_utf8(payload) && as_text(payload).find('\0') == std::string_view::npos;
  if (text) {
    const std::string_view shown = as_text(payload).substr(0, kTextShownMax);
    json["payload"] = std::string{shown};
  } else {
    json["payloadHex"] = to_hex(payload.first(std::min(payload.size(), kHexShownMax)));
  }
  if (payload.size() > (text ? kTextShownMax : kHexShownMax)) json["payloadCut"] = true;
}

/// What a topic, user name or token means, below a name of its own; nothing where it is none of Azure's.
void add_meaning(Json& json, std::string_view name, Result<Json> meaning) {
  if (!meaning) return;
  meaning->erase("kind");
  json[std::string{name}] = *std::move(meaning);
}

struct Writer {
  Json& json;
  WallTime now;

  void operator()(const mqtt::Connect& packet) const {
    json["protocol"] = packet.is_mqtt_3_1_1()
                           ? std::string{"MQTT 3.1.1"}
                           : fmt::format("{} level {}: not 3.1.1, so the rest is not read",
                                         in_quotes(packet.protocol_name), packet.protocol_level);
    if (!packet.is_mqtt_3_1_1()) return;
    json["clientId"] = std::string{packet.client_id};
    json["cleanSession"] = packet.clean_session;
    json["keepAliveSeconds"] = packet.keep_alive_s;
    if (packet.user_name) {
      json["userName"] = std::string{*packet.user_name};
      add_meaning(json, "user", decode_user_name(*packet.user_name));
    }
    if (packet.password) {
      json["password"] = fmt::format("{} bytes, not shown", packet.password->size());
      add_meaning(json, "token", decode_token(as_text(*packet.password), now));
    }
    if (packet.will) {
      json["will"] = {{"topic", std::string{packet.will->topic}},
                      {"qos", packet.will->qos},
                      {"retain", packet.will->retain}};
      add_payload(json["will"], packet.will->payload);
    }
  }
  void operator()(const mqtt::Connack& packet) const {
    static constexpr std::array<std::string_view, 6> kCodes{
        "accepted",           "refused: protocol version",          "refused: client id",
        "refused: not ready", "refused: bad user name or password", "refused: not authorized"};
    json["returnCode"] = packet.return_code;
    json["means"] = std::string{packet.return_code < kCodes.size() ? kCodes[packet.return_code]
                                                                   : "refused: reserved code"};
    json["sessionPresent"] = packet.session_present;
  }
  void operator()(const mqtt::Publish& packet) const {
    json["topic"] = std::string{packet.topic};
    add_meaning(json, "meaning", decode_topic(packet.topic));
    json["qos"] = packet.qos;
    if (packet.qos > 0) json["packetId"] = packet.packet_id;
    json["dup"] = packet.dup;
    json["retain"] = packet.retain;
    add_payload(json, packet.payload);
  }
  void operator()(const mqtt::Subscribe& packet) const {
    json["packetId"] = packet.packet_id;
    Json filters = Json::object();
    for (std::size_t i = 0; i < packet.topics.size(); ++i) {
      const mqtt::TopicRequest& asked = packet.topics[i];
      Json filter{{"filter", std::string{asked.filter}}, {"qos", asked.qos}};
      if (const auto meaning = decode_topic(asked.filter)) filter["means"] = text_at(*meaning, "means");
      filters[std::to_string(i + 1)] = std::move(filter);
    }
    json["filters"] = std::move(filters);
  }
  void operator()(const mqtt::Suback& packet) const {
    json["packetId"] = packet.packet_id;
    for (const std::uint8_t code : packet.return_codes) {
      json["answers"].push_back(code == 0x80 ? std::string{"refused"} : fmt::format("granted QoS {}", code));
    }
  }
  void operator()(const mqtt::Unsubscribe& packet) const {
    json["packetId"] = packet.packet_id;
    for (const std::string_view filter : packet.filters) json["filters"].push_back(std::string{filter});
  }
  void operator()(const mqtt::Puback& packet) const { id(packet.packet_id); }
  void operator()(const mqtt::Pubrec& packet) const { id(packet.packet_id); }
  void operator()(const mqtt::Pubrel& packet) const { id(packet.packet_id); }
  void operator()(const mqtt::Pubcomp& packet) const { id(packet.packet_id); }
  void operator()(const mqtt::Unsuback& packet) const { id(packet.packet_id); }
  void operator()(const mqtt::Pingreq&) const {}
  void operator()(const mqtt::Pingresp&) const {}
  void operator()(const mqtt::Disconnect&) const {}

  void id(std::uint16_t packet_id) const { json["packetId"] = packet_id; }
};

}  // namespace

Result<PacketAt> packet_at(ByteView bytes, std::size_t position) {
  const ByteView rest = bytes.subspan(position);
  const auto header = mqtt::decode_fixed_header(rest, UINT32_MAX);
  if (header) {
    const std::size_t size = std::size_t{header->size_header} + header->size_remaining;
    if (size <= rest.size()) return PacketAt{position, size};
  }
  return malformed(position, mqtt::find_fault(rest).value_or(mqtt::PacketFault{0, "it is no packet"}));
}

Result<Json> decode_packet(ByteView bytes, std::size_t position, WallTime now) {
  const auto header = mqtt::decode_fixed_header(bytes, UINT32_MAX);
  if (header) {
    const auto packet = mqtt::decode_body(*header, bytes.subspan(header->size_header));
    if (packet) {
      Json json{{"kind", "packet"},
                {"packet", std::string{mqtt::packet_name(header->type)}},
                {"position", position},
                {"bytes", bytes.size()}};
      std::visit(Writer{json, now}, *packet);
      return json;
    }
  }
  return malformed(position, mqtt::find_fault(bytes).value_or(mqtt::PacketFault{0, "it is no packet"}));
}

}  // namespace muster::cli
