#include "base/assert.hpp"
#include "protocol/hub/event_json.hpp"
#include "protocol/hub/sas_token.hpp"
#include "protocol/hub/topic.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

// The input is a user name, topic, filter or token, a line feed, and a body. What is accepted keeps its
// meaning when it is formatted and parsed again; views lie inside what was parsed; any event prints as one
// line of JSON in UTF-8.

namespace muster::hub {
namespace {

constexpr std::string_view kDevice = "d";
constexpr std::string_view kModule = "m";

void check_user_name(std::string_view text) {
  const auto parsed = parse_user_name(text);
  if (!parsed) return;
  MUSTER_ASSERT(!parsed->hub_host.empty() && !parsed->device_id.empty(), "an empty part");
  MUSTER_ASSERT(parsed->device_id.find('/') == std::string_view::npos, "a slash in a device id");
  MUSTER_ASSERT(parsed->module_id.find('/') == std::string_view::npos, "a slash in a module id");
  const std::string formatted =
      format_user_name(parsed->hub_host, parsed->device_id, "1", parsed->client_type);
  const auto again = parse_user_name(formatted);
  MUSTER_ASSERT(again && again->hub_host == parsed->hub_host, "another hub");
  MUSTER_ASSERT(again->device_id == parsed->device_id && again->module_id.empty(), "another device");
  MUSTER_ASSERT(percent_decode(again->client_type) == parsed->client_type, "another client type");
}

void check_bag(std::string_view bag) {
  const auto properties = decode_property_bag(bag);
  MUSTER_ASSERT(decode_property_bag(encode_property_bag(properties)) == properties, "another bag");
  MUSTER_ASSERT(percent_decode(percent_encode(bag)) == bag, "percent-encoding lost something");
}

void check_topic(std::string_view topic) {
  for (const std::string_view module : {std::string_view{}, kModule}) {
    if (const auto telemetry = parse_telemetry_topic(topic, kDevice, module)) {
      MUSTER_ASSERT(topic.find(telemetry->properties) != std::string_view::npos, "a bag from elsewhere");
    }
    (void)parse_subscription(topic, kDevice, module);
  }
  if (const auto get = parse_twin_get_topic(topic)) {
    MUSTER_ASSERT(!get->rid.empty() && get->rid.size() <= kRidSizeMax, "a rid out of its limits");
    MUSTER_ASSERT(!parse_twin_patch_topic(topic) && !parse_method_response_topic(topic), "two kinds at once");
  }
  (void)parse_twin_patch_topic(topic);
  (void)parse_method_response_topic(topic);
  (void)parse_credential_request_topic(topic);
  (void)is_desired_topic(topic);
  const auto response = parse_twin_response_topic(topic);
  if (!response) return;
  const std::string formatted =
      format_twin_response_topic(response->status, response->rid, response->version);
  const auto again = parse_twin_response_topic(formatted);
  MUSTER_ASSERT(again && again->status == response->status && again->rid == response->rid &&
                    again->version == response->version,
                "another answer");
}

void check_token(std::string_view text) {
  const auto token = parse_sas_token(text);
  if (!token) return;
  MUSTER_ASSERT(!is_signed_with(*token, ""), "signed without a key");
  MUSTER_ASSERT(key_name_candidates(*token).size() <= 3, "too many names");
  (void)covers(*token, "h.net/devices/d");
  const std::string resource = percent_decode(token->resource);
  const auto formatted = format_sas_token(
      {.resource = resource, .key = "c2VjcmV0", .expiry_s = token->expiry_s, .key_name = token->key_name});
  const auto again = parse_sas_token(*formatted);
  MUSTER_ASSERT(again && is_signed_with(*again, "c2VjcmV0"), "our own token does not verify");
  MUSTER_ASSERT(percent_decode(again->resource) == resource, "another resource");
}

void check_event(std::string_view bag, std::string_view body) {
  StoredEvent stored;
  stored.event.device_id = kDevice;
  stored.event.properties = bag;
  stored.event.body = as_bytes(body);
  stored.event.flags = kEventRetained | kEventWill;
  const std::string text =
      format_event_json(stored, {.system = true, .application = true, .annotations = true, .position = true});
  MUSTER_ASSERT(is_valid_utf8(as_bytes(text)), "an event that is not UTF-8");
  MUSTER_ASSERT(text.find_first_of("\r\n") == std::string::npos, "an event of several lines");
  const auto json = nlohmann::json::parse(text, nullptr, false);
  MUSTER_ASSERT(!json.is_discarded(), "an event that is not JSON");
  const auto& event = json["event"];
  MUSTER_ASSERT(event["origin"] == kDevice, "another origin");
  MUSTER_ASSERT(event.contains("payload") != json.contains("bodyBase64"), "a body twice or not at all");
  if (json.contains("bodyBase64")) {
    const auto bytes = from_base64(json["bodyBase64"].get<std::string>());
    MUSTER_ASSERT(bytes && as_text(*bytes) == body, "another body");
  }
  // The parser stops at a NUL: such a body is not JSON, whatever it says.
  const bool has_nul = body.find('\0') != std::string_view::npos;
  const auto sent = nlohmann::json::parse(body, nullptr, false);
  const bool same =
      has_nul || sent.is_discarded() || event["payload"] == sent || event["payload"].is_string();
  MUSTER_ASSERT(same, "another payload");
}

}  // namespace
}  // namespace muster::hub

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace muster::hub;
  const std::string_view input{reinterpret_cast<const char*>(data), size};
  const std::string_view line = input.substr(0, input.find('\n'));
  const std::string_view body = input.substr(std::min(line.size() + 1, size));
  check_user_name(line);
  check_bag(line);
  check_topic(line);
  check_token(line);
  check_event(line, body);
  return 0;
}
