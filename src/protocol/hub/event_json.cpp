#include "protocol/hub/event_json.hpp"

#include "protocol/hub/topic.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <optional>

namespace muster::hub {
namespace {

using Json = nlohmann::ordered_json;

/// Printing JSON recurses, so deeper payloads are shown as the text that they are.
constexpr int kPayloadDepthMax = 100;

/// Percent-decoding can give any bytes; those that are not UTF-8 become U+FFFD.
std::string dump(const Json& json) { return json.dump(-1, ' ', false, Json::error_handler_t::replace); }

/// Valid JSON without the white space between its tokens, so that it fits one line; everything else stays as
/// it was sent: the order of members, the digits of numbers. nullopt when it nests deeper than
/// kPayloadDepthMax.
std::optional<std::string> minified(std::string_view json) {
  std::string text;
  text.reserve(json.size());
  int depth = 0;
  bool quoted = false;
  for (std::size_t i = 0; i < json.size(); ++i) {
    const char c = json[i];
    if (!quoted && (c == ' ' || c == '\t' || c == '\r' || c == '\n')) continue;
    if (!quoted && (c == '{' || c == '[') && ++depth > kPayloadDepthMax) return std::nullopt;
    if (!quoted && (c == '}' || c == ']')) --depth;
    if (c == '"') quoted = !quoted;
    text += c;
    if (quoted && c == '\\') text += json[++i];  // Valid JSON: something follows.
  }
  return text;
}

/// What stands after `"payload":`; nullopt when the body is neither JSON nor text.
std::optional<std::string> payload_json(ByteView body) {
  if (!is_valid_utf8(body)) return std::nullopt;
  std::string_view text = as_text(body);
  constexpr std::string_view kByteOrderMark = "\xEF\xBB\xBF";
  if (text.starts_with(kByteOrderMark)) text.remove_prefix(kByteOrderMark.size());
  // The parser takes a NUL for the end of its input, and what follows would be lost.
  const bool has_nul = text.find('\0') != std::string_view::npos;
  if (!has_nul && Json::accept(text)) {
    if (auto json = minified(text)) return json;
  }
  return dump(Json(text));
}

/// AMQP's own properties are shown by az with underscores (the names of uamqp's MessageProperties), the
/// others are annotations.
bool is_annotation(std::string_view name) noexcept {
  return name.starts_with("iothub-") || name.starts_with("dt-") || name == "Diagnostic-Id" ||
         name == "Correlation-Context";
}

Json value_of(const Property& property) { return property.value ? Json(*property.value) : Json(nullptr); }

/// The property bag, sorted by who shows it.
struct Sorted {
  Json system = Json::object();
  Json application = Json::object();
  Json annotations = Json::object();
};

Sorted sort_properties(const EventView& event) {
  Sorted sorted;
  for (const Property& property : decode_property_bag(event.properties)) {
    const auto name = system_property_name(property.name);
    if (!name) {
      sorted.application[property.name] = value_of(property);
    } else if (is_annotation(*name)) {
      sorted.annotations[std::string{*name}] = value_of(property);
    } else {
      std::string shown{*name};
      std::ranges::replace(shown, '-', '_');
      sorted.system[shown] = value_of(property);
    }
  }
  // What the hub adds: protocol/device/04 sections 5 and 6.
  if ((event.flags & kEventRetained) != 0) sorted.application["mqtt-retain"] = "true";
  if ((event.flags & kEventWill) != 0) sorted.application["iothub-MessageType"] = "Will";
  return sorted;
}

std::string text_of(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found != object.end() && found->is_string() ? found->get<std::string>() : std::string{};
}

/// The hub's own annotations (service/07 section 7.6). Set last: what a device claims to be does not count.
void add_annotations(const StoredEvent& stored, Json& annotations) {
  const EventView& event = stored.event;
  const auto enqueued_ms =
      std::chrono::duration_cast<std::chrono::milliseconds>(stored.enqueued.time_since_epoch()).count();
  annotations.erase("iothub-connection-module-id");
  annotations["iothub-connection-device-id"] = event.device_id;
  if (!event.module_id.empty()) annotations["iothub-connection-module-id"] = event.module_id;
  if (const auto method = auth_method_json(event.auth_method, !event.module_id.empty()); !method.empty()) {
    annotations["iothub-connection-auth-method"] = method;
  }
  annotations["iothub-connection-auth-generation-id"] = event.generation_id;
  annotations["iothub-enqueuedtime"] = enqueued_ms;
  annotations["iothub-message-source"] = "Telemetry";
  annotations["x-opt-sequence-number"] = stored.sequence_number;
  annotations["x-opt-offset"] = fmt::format("{}", stored.offset);
  annotations["x-opt-enqueued-time"] = enqueued_ms;
}

/// Everything of the inner object but the payload.
Json event_head(const StoredEvent& stored, const EventJsonOptions& options) {
  Sorted sorted = sort_properties(stored.event);
  const std::string interface_id = text_of(sorted.annotations, "iothub-interface-id");
  const std::string component = text_of(sorted.annotations, "dt-subject");

  Json head{{"origin", stored.event.device_id}};
  if (!stored.event.module_id.empty()) head["module"] = stored.event.module_id;
  if (!interface_id.empty()) head["interface"] = interface_id;
  if (!component.empty()) head["component"] = component;
  if (options.system || options.application) {
    Json& properties = head["properties"] = Json::object();
    if (options.system) properties["system"] = std::move(sorted.system);
    if (options.application) properties["application"] = std::move(sorted.application);
  }
  if (options.annotations) {
    add_annotations(stored, sorted.annotations);
    head["annotations"] = std::move(sorted.annotations);
  }
  return head;
}

}  // namespace

std::string_view auth_method_json(AuthMethod method, bool of_module) noexcept {
  // Service/07 section 7.6 and device/08 section 3; no source tells a thumbprint's text from a CA's.
  switch (method) {
    case AuthMethod::none:
      return {};
    case AuthMethod::x509_thumbprint:
    case AuthMethod::x509_ca:
      return of_module
                 ? R"({"scope":"module","type":"x509Certificate","issuer":"external","acceptingIpFilterRule":null})"
                 : R"({"scope":"device","type":"x509Certificate","issuer":"external","acceptingIpFilterRule":null})";
    case AuthMethod::sas_device:
      if (of_module)
        return R"({"scope":"module","type":"sas","issuer":"iothub","acceptingIpFilterRule":null})";
      return R"({"scope":"device","type":"sas","issuer":"iothub","acceptingIpFilterRule":null})";
    case AuthMethod::sas_hub:
      return R"({"scope":"hub","type":"sas","issuer":"iothub","acceptingIpFilterRule":null})";
  }
  return {};  // Read back from a disk: a value that this version does not know.
}

std::string format_event_json(const StoredEvent& stored, const EventJsonOptions& options) {
  const auto payload = payload_json(stored.event.body);
  std::string text = R"({"event":)" + dump(event_head(stored, options));
  if (payload) {
    text.back() = ',';  // In place of the head's '}'; the head has at least its origin.
    text += R"("payload":)";
    text += *payload;
    text += '}';
  }
  if (options.position) {
    text +=
        fmt::format(R"(,"sequenceNumber":{},"offset":"{}","partition":{},"enqueuedTimeUtc":"{}")",
                    stored.sequence_number, stored.offset, stored.partition, format_utc_7(stored.enqueued));
  }
  if (!payload) text += fmt::format(R"(,"bodyBase64":"{}")", to_base64(stored.event.body));
  text += '}';
  return text;
}

}  // namespace muster::hub
