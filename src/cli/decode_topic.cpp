#include "cli/decode_text.hpp"
#include "protocol/dps/topic.hpp"
#include "protocol/hub/topic.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

namespace muster::cli {
namespace {

Json topic_json(std::string_view direction, std::string_view means) {
  return {{"kind", "topic"}, {"from", std::string{direction}}, {"means", std::string{means}}};
}

constexpr std::string_view kFromDevice = "the device";
constexpr std::string_view kFromDps = "DPS";
constexpr std::string_view kFromHub = "the hub";

std::string_view status_in_words(int status) {
  switch (status) {
    case 200:
      return "done";
    case 202:
      return "under way: poll again";
    case 204:
      return "done, and there is no body";
    case 429:
      return "throttled: try again later";
    default:
      return status >= 500 ? "the service failed" : status >= 400 ? "refused: the body says why" : "";
  }
}

std::optional<Json> dps_topic(std::string_view topic) {
  if (topic == dps::kResponseFilter) return topic_json(kFromDevice, "subscribes to the answers of DPS");
  if (const auto request = dps::parse_request_topic(topic)) {
    const bool registers = request->kind == dps::Request::Kind::register_;
    Json json =
        topic_json(kFromDevice, registers ? "asks to be registered" : "asks how its registration stands");
    json["requestId"] = std::string{request->rid};
    if (!registers) json["operationId"] = request->operation_id;
    return json;
  }
  if (const auto response = dps::parse_response_topic(topic)) {
    Json json = topic_json(kFromDps, "answers a registration or a poll");
    json["status"] = response->status;
    json["statusMeans"] = std::string{status_in_words(response->status)};
    json["requestId"] = std::string{response->rid};
    if (response->retry_after_s) json["retryAfterSeconds"] = *response->retry_after_s;
    return json;
  }
  return std::nullopt;
}

std::optional<Json> twin_topic(std::string_view topic) {
  if (const auto get = hub::parse_twin_get_topic(topic)) {
    Json json = topic_json(kFromDevice, "asks for its twin");
    json["requestId"] = std::string{get->rid};
    return json;
  }
  if (const auto patch = hub::parse_twin_patch_topic(topic)) {
    Json json = topic_json(kFromDevice, "reports properties of its twin");
    json["requestId"] = std::string{patch->rid};
    return json;
  }
  if (const auto response = hub::parse_twin_response_topic(topic)) {
    Json json = topic_json(kFromHub, "answers a twin request");
    json["status"] = response->status;
    json["statusMeans"] = std::string{status_in_words(response->status)};
    json["requestId"] = std::string{response->rid};
    if (response->version) json["reportedVersion"] = *response->version;
    return json;
  }
  if (hub::is_desired_topic(topic) && topic != hub::kDesiredFilter) {
    Json json = topic_json(kFromHub, "tells a change of the desired properties");
    constexpr std::string_view kVersion = "$version=";
    if (const std::size_t at = topic.find(kVersion); at != std::string_view::npos) {
      json["desiredVersion"] = std::string{topic.substr(at + kVersion.size())};
    }
    return json;
  }
  return std::nullopt;
}

std::optional<Json> method_topic(std::string_view topic) {
  constexpr std::string_view kRequest = "$iothub/methods/POST/";
  if (const auto response = hub::parse_method_response_topic(topic)) {
    Json json = topic_json(kFromDevice, "answers a direct method");
    json["status"] = response->status;
    json["requestId"] = std::string{response->rid};
    return json;
  }
  if (const auto request = hub::parse_credential_request_topic(topic)) {
    Json json = topic_json(kFromDevice, "asks for a certificate");
    json["requestId"] = std::string{request->rid};
    return json;
  }
  const std::size_t rid = topic.find("/?$rid=");
  if (!topic.starts_with(kRequest) || rid == std::string_view::npos || rid <= kRequest.size())
    return std::nullopt;
  Json json = topic_json(kFromHub, "calls a direct method of the device");
  json["method"] = std::string{topic.substr(kRequest.size(), rid - kRequest.size())};
  json["requestId"] = std::string{topic.substr(rid + 7)};
  return json;
}

std::string_view subscription_in_words(hub::Subscription subscription) {
  switch (subscription) {
    case hub::Subscription::cloud_to_device:
      return "subscribes to messages from the cloud";
    case hub::Subscription::module_inputs:
      return "subscribes to a module's inputs";
    case hub::Subscription::twin_responses:
      return "subscribes to answers to twin requests";
    case hub::Subscription::desired_changes:
      return "subscribes to changes of desired properties";
    case hub::Subscription::methods:
      return "subscribes to direct methods";
    case hub::Subscription::credential_responses:
      return "subscribes to certificates that it asked for";
  }
  return "";
}

/// Whose `devices/{id}[/modules/{id}]/...` is; empty where it is not of that form.
struct Identity {
  std::string_view device, module, rest;
};

Identity identity_in(std::string_view topic) {
  constexpr std::string_view kDevices = "devices/";
  constexpr std::string_view kModules = "modules/";
  if (!topic.starts_with(kDevices)) return {};
  topic.remove_prefix(kDevices.size());
  Identity identity{topic.substr(0, topic.find('/')), {}, {}};
  topic.remove_prefix(std::min(identity.device.size() + 1, topic.size()));
  if (topic.starts_with(kModules)) {
    topic.remove_prefix(kModules.size());
    identity.module = topic.substr(0, topic.find('/'));
    topic.remove_prefix(std::min(identity.module.size() + 1, topic.size()));
  }
  identity.rest = topic;
  return identity;
}

void add_identity(Json& json, const Identity& identity) {
  json["deviceId"] = std::string{identity.device};
  if (!identity.module.empty()) json["moduleId"] = std::string{identity.module};
}

void add_bag(Json& json, std::string_view bag) {
  Json properties = decode_properties(bag);
  properties.erase("kind");
  for (auto& [name, value] : properties.items())
    json[name == "malformed" ? name : name + "Properties"] = value;
}

std::optional<Json> device_topic(std::string_view topic) {
  const Identity identity = identity_in(topic);
  if (const auto subscription = hub::parse_subscription(topic, identity.device, identity.module)) {
    Json json = topic_json(kFromDevice, subscription_in_words(*subscription));
    if (!identity.device.empty()) add_identity(json, identity);
    return json;
  }
  if (identity.device.empty()) return std::nullopt;
  if (const auto telemetry = hub::parse_telemetry_topic(topic, identity.device, identity.module)) {
    Json json = topic_json(kFromDevice, "sends telemetry");
    add_identity(json, identity);
    add_bag(json, telemetry->properties);
    return json;
  }
  constexpr std::string_view kDevicebound = "messages/devicebound/";
  constexpr std::string_view kInputs = "inputs/";
  if (identity.rest.starts_with(kDevicebound)) {
    Json json = topic_json(kFromHub, "sends the device a message");
    add_identity(json, identity);
    add_bag(json, identity.rest.substr(kDevicebound.size()));
    return json;
  }
  if (!identity.module.empty() && identity.rest.starts_with(kInputs)) {
    const std::string_view input = identity.rest.substr(kInputs.size());
    Json json = topic_json(kFromHub, "sends a message to a module's input");
    add_identity(json, identity);
    json["input"] = std::string{input.substr(0, input.find('/'))};
    return json;
  }
  return std::nullopt;
}

/// How the known topics begin, and what has to follow.
struct Form {
  std::string_view prefix;
  std::string_view needs;
};
constexpr std::array kForms{
    Form{"$dps/registrations/PUT/iotdps-register/?", "$rid={request id}"},
    Form{"$dps/registrations/GET/iotdps-get-operationstatus/?", "$rid={request id}&operationId={id}"},
    Form{"$dps/registrations/res/", "{status}/?$rid={request id}, or # in a filter"},
    Form{"$iothub/twin/GET/?", "$rid={request id}"},
    Form{"$iothub/twin/PATCH/properties/reported/?", "$rid={request id}"},
    Form{"$iothub/twin/PATCH/properties/desired/", "?$version={number}, or # in a filter"},
    Form{"$iothub/twin/res/", "{status}/?$rid={request id}, or # in a filter"},
    Form{"$iothub/methods/POST/", "{name}/?$rid={request id}, or # in a filter"},
    Form{"$iothub/methods/res/", "{status}/?$rid={request id}"},
    Form{"$iothub/credentials/POST/issueCertificate/?", "$rid={request id}"},
    Form{"devices/", "{device id}/messages/events/{properties} or {device id}/messages/devicebound/"},
};

std::size_t common(std::string_view a, std::string_view b) {
  return static_cast<std::size_t>(std::ranges::mismatch(a, b).in1 - a.begin());
}

/// Where the topic leaves the known one that it goes along with the farthest.
Error unknown(std::string_view topic) {
  const auto nearest =
      std::ranges::max_element(kForms, {}, [&](const Form& form) { return common(topic, form.prefix); });
  const std::size_t at = common(topic, nearest->prefix);
  const std::string wanted =
      at == nearest->prefix.size()
          ? fmt::format("{} should follow", nearest->needs)
          : fmt::format("{} would be known, and {}", in_quotes(nearest->prefix), nearest->needs);
  return Error{ErrorCode::unknown_topic, fmt::format("{}, byte {}: {}", in_quotes(topic), at, wanted)}
      .with_remedy("Correct the client's topic at that byte; DPS and IoT Hub take no others.");
}

}  // namespace

Result<Json> decode_topic(std::string_view topic) {
  for (const auto decode : {dps_topic, twin_topic, method_topic, device_topic}) {
    if (auto json = decode(topic)) return *std::move(json);
  }
  return failure(unknown(topic));
}

}  // namespace muster::cli
