#include "device.hpp"

#include "protocol/dps/registration.hpp"
#include "protocol/hub/topic.hpp"

namespace muster::journeys {

Device::Device(WholeService& service, Dialled dialled) : service_{service} {
  static std::uint16_t port = 40'000;
  std::shared_ptr<const pki::PresentedChain> chain;
  if (dialled.chain) chain = std::make_shared<const pki::PresentedChain>(*dialled.chain);
  peer_ = service.accepts({.remote = {"192.0.2.7", ++port},
                           .local = {dialled.address, 8883},
                           .server_name = std::move(dialled.server_name),
                           .chain = std::move(chain),
                           .tls_version = "TLSv1.3"});
  service.settles();
}

void Device::sends(ByteView bytes) {
  peer_->push(bytes);
  service_.settles();
}

std::optional<mqtt::Packet> Device::next() {
  const Bytes arrived = peer_->take_written();
  unread_.insert(unread_.end(), arrived.begin(), arrived.end());
  const auto header = mqtt::decode_fixed_header(unread_, 1u << 20);
  if (!header || unread_.size() < header->size_header + std::size_t{header->size_remaining})
    return std::nullopt;
  const auto end =
      unread_.begin() + static_cast<std::ptrdiff_t>(header->size_header + header->size_remaining);
  const Bytes& packet = heard_.emplace_back(unread_.begin(), end);
  unread_.erase(unread_.begin(), end);
  const auto body = mqtt::decode_body(*header, ByteView{packet}.subspan(header->size_header));
  if (!body) {
    ADD_FAILURE() << "what came is not a packet";
    return std::nullopt;
  }
  return *body;
}

std::optional<mqtt::PacketType> Device::hears_type() {
  // The variant's order is that of the types, which begin at 1.
  const auto packet = next();
  if (!packet) return std::nullopt;
  return static_cast<mqtt::PacketType>(packet->index() + 1);
}

void Device::hangs_up() {
  peer_->push_end();
  service_.settles();
}

bool Device::hears_nothing() { return !next().has_value() && unread_.empty(); }

Connack Device::connects_to_dps(std::string_view registration_id, std::string_view scope) {
  const std::string user_name =
      dps::format_user_name(scope, registration_id, "2019-03-31", "azure-iot-device/2.14");
  says(Connect{
      .clean_session = false, .keep_alive_s = 60, .client_id = registration_id, .user_name = user_name});
  return hears<Connack>();
}

void Device::subscribes_to_responses() {
  says(Subscribe{1, {{dps::kResponseFilter, 1}}});
  EXPECT_THAT(hears<Suback>().return_codes, testing::ElementsAre(1));
}

Answer Device::registers(std::string_view registration_id, std::string_view rid) {
  const std::string topic = dps::format_register_topic(rid);
  const std::string body = dps::format_register_body(registration_id, {});
  says(Publish{.topic = topic, .payload = as_bytes(body), .packet_id = 2, .qos = 1});
  EXPECT_EQ(hears<Puback>().packet_id, 2);
  service_.passes(50ms);
  return hears_answer();
}

Answer Device::polls(std::string_view operation_id, std::string_view rid) {
  const std::string topic = dps::format_poll_topic(rid, operation_id);
  says(Publish{.topic = topic, .payload = as_bytes(" "), .packet_id = 3, .qos = 1});
  EXPECT_EQ(hears<Puback>().packet_id, 3);
  service_.passes(50ms);
  return hears_answer();
}

Answer Device::hears_answer() {
  const Publish packet = hears<Publish>();
  const auto topic = dps::parse_response_topic(packet.topic);
  if (!topic) {
    ADD_FAILURE() << "not a response topic: " << packet.topic;
    return {};
  }
  return {topic->status, std::string{topic->rid}, topic->retry_after_s,
          nlohmann::json::parse(as_text(packet.payload), nullptr, false), packet.qos};
}

Answer Device::provisions(std::string_view registration_id) {
  EXPECT_EQ(connects_to_dps(registration_id).return_code, 0);
  subscribes_to_responses();
  Answer answer = registers(registration_id);
  for (int polled = 0; answer.status == 202 && polled < 10; ++polled) {
    answer = polls(answer.body.value("operationId", ""));
  }
  return answer;
}

Connack Device::connects_to_hub(std::string_view device_id, const HubTerms& terms) {
  const std::string user_name = hub::format_user_name(kHubHost, device_id, "2021-04-12", "test");
  says(Connect{.clean_session = terms.clean_session,
               .keep_alive_s = terms.keep_alive_s,
               .client_id = device_id,
               .will = terms.will,
               .user_name = user_name});
  return hears<Connack>();
}

void Device::publishes(std::string_view topic, std::string_view body, std::uint16_t packet_id) {
  says(Publish{.topic = topic,
               .payload = as_bytes(body),
               .packet_id = packet_id,
               .qos = static_cast<std::uint8_t>(packet_id == 0 ? 0 : 1)});
}

Suback Device::subscribes(std::vector<mqtt::TopicRequest> topics) {
  says(Subscribe{9, std::move(topics)});
  return hears<Suback>();
}

Dialled to_dps(pki::Chain chain) { return {.chain = std::move(chain)}; }
Dialled to_hub(pki::Chain chain) { return {.chain = std::move(chain), .server_name = std::string{kHubHost}}; }

pki::Chain provisioned(WholeService& service, std::string_view id) {
  pki::Chain chain = certificate_of(id);
  Device device{service, to_dps(chain)};
  EXPECT_EQ(device.provisions(id).body.value("status", ""), "assigned");
  device.says(Disconnect{});
  return chain;
}

std::string events_topic(std::string_view device_id, std::string_view properties) {
  return hub::format_telemetry_topic(device_id, properties);
}

}  // namespace muster::journeys
