#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "muster/result.hpp"

/// The MQTT face of IoT Hub: user name, topics, property bag. Source: protocol/device/04.
namespace muster::hub {

/// `{hubHost}/{deviceId}[/{moduleId}]/[?]api-version={v}&...`; the query part may be missing. Ids are not percent-encoded.
struct UserName {
  std::string_view hub_host;
  std::string_view device_id;
  std::string_view module_id;    ///< Empty for a device.
  std::string_view api_version;  ///< Empty when absent.
  std::string_view client_type;  ///< DeviceClientType as sent, still encoded.
  std::string model_id;          ///< Percent-decoded; empty when absent.
};
std::optional<UserName> parse_user_name(std::string_view text);
std::string format_user_name(std::string_view hub_host, std::string_view device_id, std::string_view api_version,
                             std::string_view client_type);

/// The client id of a device or module: `{deviceId}` or `{deviceId}/{moduleId}`.
std::string client_id_of(std::string_view device_id, std::string_view module_id);

/// What a device may publish to. Everything after the known prefix is the bag; one trailing '/' is dropped.
struct TelemetryTopic {
  std::string_view device_id;
  std::string_view module_id;
  std::string_view properties;  ///< The bag, still encoded.
};
struct TwinGetTopic {
  std::string_view rid;
};
struct TwinPatchTopic {
  std::string_view rid;
};
struct MethodResponseTopic {
  int status = 0;
  std::string_view rid;
};
/// `device_id` and `module_id` are the session's own: a telemetry topic of another is nullopt.
std::optional<TelemetryTopic> parse_telemetry_topic(std::string_view topic, std::string_view device_id,
                                                    std::string_view module_id);
std::optional<TwinGetTopic> parse_twin_get_topic(std::string_view topic);
std::optional<TwinPatchTopic> parse_twin_patch_topic(std::string_view topic);
std::optional<MethodResponseTopic> parse_method_response_topic(std::string_view topic);

std::string format_telemetry_topic(std::string_view device_id, std::string_view properties);
/// `$iothub/twin/res/{status}/?$rid={rid}[&$version={n}]`.
std::string format_twin_response_topic(int status, std::string_view rid, std::optional<std::int64_t> version);

/// The subscriptions of protocol/device/04 section 4.
enum class Subscription : std::uint8_t { cloud_to_device, module_inputs, twin_responses, desired_changes, methods };
/// nullopt: not one of them, to be answered 0x80.
std::optional<Subscription> parse_subscription(std::string_view filter, std::string_view device_id,
                                               std::string_view module_id);

/// One property of a bag, percent-decoded ('+' is never a space). A key without '=' has no value (null).
struct Property {
  std::string name;
  std::optional<std::string> value;
  friend bool operator==(const Property&, const Property&) = default;
};
/// Decodes a bag. Bad escapes are kept as they stand (the C SDK sends raw text).
std::vector<Property> decode_property_bag(std::string_view bag);
std::string encode_property_bag(const std::vector<Property>& properties);
/// "$.mid" -> "message-id", "$.ct" -> "content-type", ...; nullopt for an application property. The names are those that az
/// and the Event Hubs clients show.
std::optional<std::string_view> system_property_name(std::string_view wire_name) noexcept;

std::string percent_encode(std::string_view text);  ///< RFC 3986 unreserved characters stay.
std::string percent_decode(std::string_view text);  ///< Bad escapes stay as they are.

}  // namespace muster::hub
