#pragma once

#include "base/percent.hpp"
#include "muster/result.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

/// The MQTT face of IoT Hub: user name, topics, property bag. Source: protocol/device/04.
namespace muster::hub {

/// The longest `$rid` that is taken. SDKs send at most a UUID; without a limit a response topic, which is
/// longer than its request's, could outgrow what MQTT can hold.
inline constexpr std::size_t kRidSizeMax = 256;

/// `{hubHost}/{deviceId}[/{moduleId}]/[?]api-version={v}&...`; the query part may be missing. Ids are not
/// percent-encoded.
struct UserName {
  std::string_view hub_host;
  std::string_view device_id;
  std::string_view module_id;    ///< Empty for a device.
  std::string_view api_version;  ///< Empty when absent.
  std::string_view client_type;  ///< DeviceClientType as sent, still encoded.
  std::string model_id;          ///< Percent-decoded; empty when absent.
};
std::optional<UserName> parse_user_name(std::string_view text);
/// `client_type` is given as it is, and percent-encoded here; left out when empty.
std::string format_user_name(std::string_view hub_host, std::string_view device_id,
                             std::string_view api_version, std::string_view client_type);

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
struct CredentialRequestTopic {
  std::string_view rid;
};
struct MethodResponseTopic {
  int status = 0;
  std::string_view rid;
};
/// `device_id` and `module_id` are the session's own: a telemetry topic of another is nullopt.
std::optional<TelemetryTopic> parse_telemetry_topic(std::string_view topic, std::string_view device_id,
                                                    std::string_view module_id);
/// `$rid` anywhere in the query, at most kRidSizeMax; nullopt without one, and for any other topic.
std::optional<TwinGetTopic> parse_twin_get_topic(std::string_view topic);
std::optional<TwinPatchTopic> parse_twin_patch_topic(std::string_view topic);
std::optional<CredentialRequestTopic> parse_credential_request_topic(std::string_view topic);
std::optional<MethodResponseTopic> parse_method_response_topic(std::string_view topic);

std::string format_telemetry_topic(std::string_view device_id, std::string_view properties);
/// `$iothub/credentials/res/{status}/?$rid={rid}`.
std::string format_credential_response_topic(int status, std::string_view rid);
/// `$iothub/twin/res/{status}/?$rid={rid}[&$version={n}]`.
std::string format_twin_response_topic(int status, std::string_view rid, std::optional<std::int64_t> version);

std::string format_twin_get_topic(std::string_view rid);
std::string format_twin_patch_topic(std::string_view rid);
/// `$iothub/twin/PATCH/properties/desired/?$version={n}`: a desired change, to the device.
std::string format_desired_topic(std::int64_t version);

/// A PUBLISH to a device that answers its twin request.
struct TwinResponseTopic {
  int status = 0;
  std::string_view rid;
  std::optional<std::int64_t> version;
};
std::optional<TwinResponseTopic> parse_twin_response_topic(std::string_view topic);
bool is_desired_topic(std::string_view topic);
/// What a device subscribes to for those.
inline constexpr std::string_view kTwinResponseFilter = "$iothub/twin/res/#";
inline constexpr std::string_view kDesiredFilter = "$iothub/twin/PATCH/properties/desired/#";

/// The subscriptions of protocol/device/04 section 4.
enum class Subscription : std::uint8_t {
  cloud_to_device,
  module_inputs,
  twin_responses,
  desired_changes,
  methods,
  credential_responses
};
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
/// "$.mid" -> "message-id", "$.ct" -> "content-type", ...; nullopt for an application property. The names are
/// those that az and the Event Hubs clients show.
std::optional<std::string_view> system_property_name(std::string_view wire_name) noexcept;

using muster::percent_decode;
using muster::percent_encode;

}  // namespace muster::hub
