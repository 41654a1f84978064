#include "cli/commands.hpp"
#include "cli/service_flags.hpp"

#include <fmt/format.h>

namespace muster::cli {
namespace {

constexpr std::string_view kApiVersion = "api-version=2021-04-12";

struct TwinOptions {
  std::string hub, device, etag;
  std::string desired, tags;  ///< JSON or a file; empty: not to be changed.
  std::string json;
};

void add_device(Flags& flags, TwinOptions& options) {
  flags.text("--device-id,-d", options.device, "ID", "Id of the device").required();
  add_service_name(flags, ServiceKind::hub, options.hub);
}

Result<int> send_and_print(Invocation& invocation, const TwinOptions& options, Request request) {
  MUSTER_TRY(request.host, invocation.host(ServiceKind::hub, options.hub));
  request.target = fmt::format("/twins/{}?{}", percent_encoded(options.device), kApiVersion);
  MUSTER_TRY(const Json twin, invocation.call(request));
  invocation.print(twin, {{"DeviceID", "deviceId"},
                          {"Auth", "authenticationType"},
                          {"Status", "status"},
                          {"Connection", "connectionState"},
                          {"Desired", "properties.desired.$version"},
                          {"Reported", "properties.reported.$version"},
                          {"Version", "version"}});
  return 0;
}

Result<int> show(Invocation& invocation, const TwinOptions& options) {
  return send_and_print(invocation, options, Request{});
}

Result<int> update(Invocation& invocation, const TwinOptions& options) {
  if (options.desired.empty() && options.tags.empty()) {
    return failure(Error{ErrorCode::usage, "nothing to change was given"}.with_remedy(
        "Give --desired or --tags, or both: JSON or a file."));
  }
  Json patch = Json::object();
  if (!options.tags.empty()) {
    MUSTER_TRY(patch["tags"], json_argument(invocation, options.tags, "--tags"));
  }
  if (!options.desired.empty()) {
    MUSTER_TRY(patch["properties"]["desired"], json_argument(invocation, options.desired, "--desired"));
  }
  return send_and_print(
      invocation, options,
      {.method = "PATCH", .body = dump(patch), .headers = {{"If-Match", quoted_etag(options.etag)}}});
}

Result<int> replace(Invocation& invocation, const TwinOptions& options) {
  MUSTER_TRY(const Json twin, json_argument(invocation, options.json, "--json"));
  return send_and_print(
      invocation, options,
      {.method = "PUT", .body = dump(twin), .headers = {{"If-Match", quoted_etag(options.etag)}}});
}

void add_update(Commands& commands) {
  commands.verb<TwinOptions>(
      "hub device-twin update",
      {.line = "Change tags and desired properties of a device's twin",
       .about =
           "What is given is merged into the twin: members of objects one by one, null deletes, an array "
           "replaces. A connected device is told of its new desired properties at once.",
       .examples = "$ muster hub device-twin update --device-id my-device-001 --desired '{\"interval\": 5}'\n"
                   "$ muster hub device-twin update --device-id my-device-001 --tags '{\"room\": null}'",
       .request = "PATCH /twins/{id}   If-Match: \"*\" or the etag"},
      [](Flags& flags, TwinOptions& options) {
        add_device(flags, options);
        flags.text("--desired", options.desired, "JSON", "Desired properties to merge: JSON or a file");
        flags.text("--tags", options.tags, "JSON", "Tags to merge: JSON or a file");
        flags.text("--etag,-e", options.etag, "ETAG", "Only if the twin is still this version");
      },
      update);
}

void add_replace(Commands& commands) {
  commands.verb<TwinOptions>(
      "hub device-twin replace",
      {.line = "Replace tags and desired properties of a device's twin",
       .about =
           "Takes a whole twin, as show prints it: its tags and desired properties take the place of what "
           "is there, and what it does not have is gone. Reported properties are the device's and stay.",
       .examples = "$ muster hub device-twin replace --device-id my-device-001 --json twin.json",
       .request = "PUT /twins/{id}   If-Match: \"*\" or the etag"},
      [](Flags& flags, TwinOptions& options) {
        add_device(flags, options);
        flags.text("--json,-j", options.json, "JSON", "The twin: JSON or a file").required();
        flags.text("--etag,-e", options.etag, "ETAG", "Only if the twin is still this version");
      },
      replace);
}

}  // namespace

void add_hub_device_twin(Commands& commands) {
  commands.verb<TwinOptions>("hub device-twin show",
                             {.line = "Show a device's twin",
                              .about = "Prints tags, desired and reported properties with their versions and "
                                       "times. The table has the versions alone.",
                              .examples = "$ muster hub device-twin show --device-id my-device-001",
                              .request = "GET /twins/{id}"},
                             add_device, show);
  add_update(commands);
  add_replace(commands);
}

}  // namespace muster::cli
