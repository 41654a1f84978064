#include "cli/commands.hpp"
#include "cli/service_flags.hpp"

#include <fmt/format.h>

namespace muster::cli {
namespace {

constexpr std::string_view kApiVersion = "api-version=2021-04-12";

struct TwinOptions {
  std::string hub, device, etag;
  std::string module;         ///< Empty: the device's own twin.
  std::string desired, tags;  ///< JSON or a file; empty: not to be changed.
  std::string json;
};

/// What differs between `hub device-twin` and `hub module-twin`.
struct TwinNoun {
  std::string_view word, title, path, names;
  bool is_module;
};
constexpr TwinNoun kTwinNouns[] = {
    {"device-twin", "device", "/twins/{id}", "--device-id my-device-001", false},
    {"module-twin", "module", "/twins/{id}/modules/{mid}", "--device-id pump-07 --module-id filter", true},
};

void add_names(Flags& flags, const TwinNoun& noun, TwinOptions& options) {
  flags.text("--device-id,-d", options.device, "ID", "Id of the device").required();
  if (noun.is_module) flags.text("--module-id,-m", options.module, "ID", "Id of the module").required();
  add_service_name(flags, ServiceKind::hub, options.hub);
}

std::vector<Column> columns_of(const TwinOptions& options) {
  std::vector<Column> columns{{"DeviceID", "deviceId"}};
  if (!options.module.empty()) columns.push_back({"ModuleID", "moduleId"});
  for (const Column& column :
       {Column{"Auth", "authenticationType"}, Column{"Status", "status"},
        Column{"Connection", "connectionState"}, Column{"Desired", "properties.desired.$version"},
        Column{"Reported", "properties.reported.$version"}, Column{"Version", "version"}}) {
    columns.push_back(column);
  }
  return columns;
}

Result<int> send_and_print(Invocation& invocation, const TwinOptions& options, Request request) {
  MUSTER_TRY(request.host, invocation.host(ServiceKind::hub, options.hub));
  const std::string module = options.module.empty() ? "" : "/modules/" + percent_encoded(options.module);
  request.target = fmt::format("/twins/{}{}?{}", percent_encoded(options.device), module, kApiVersion);
  MUSTER_TRY(const Json twin, invocation.call(request));
  invocation.print(twin, columns_of(options));
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

void add_update(Commands& commands, const TwinNoun& noun) {
  commands.verb<TwinOptions>(
      fmt::format("hub {} update", noun.word),
      {.line = fmt::format("Change tags and desired properties of a {}'s twin", noun.title),
       .about = fmt::format(
           "What is given is merged into the twin: members of objects one by one, null deletes, an array "
           "replaces. A connected {} is told of its new desired properties at once.",
           noun.title),
       .examples = fmt::format("$ muster hub {0} update {1} --desired '{{\"interval\": 5}}'\n"
                               "$ muster hub {0} update {1} --tags '{{\"room\": null}}'",
                               noun.word, noun.names),
       .request = fmt::format("PATCH {}   If-Match: \"*\" or the etag", noun.path)},
      [&noun](Flags& flags, TwinOptions& options) {
        add_names(flags, noun, options);
        flags.text("--desired", options.desired, "JSON", "Desired properties to merge: JSON or a file");
        flags.text("--tags", options.tags, "JSON", "Tags to merge: JSON or a file");
        flags.text("--etag,-e", options.etag, "ETAG", "Only if the twin is still this version");
      },
      update);
}

void add_replace(Commands& commands, const TwinNoun& noun) {
  commands.verb<TwinOptions>(
      fmt::format("hub {} replace", noun.word),
      {.line = fmt::format("Replace tags and desired properties of a {}'s twin", noun.title),
       .about = fmt::format(
           "Takes a whole twin, as show prints it: its tags and desired properties take the place of what "
           "is there, and what it does not have is gone. Reported properties are the {}'s and stay.",
           noun.title),
       .examples = fmt::format("$ muster hub {} replace {} --json twin.json", noun.word, noun.names),
       .request = fmt::format("PUT {}   If-Match: \"*\" or the etag", noun.path)},
      [&noun](Flags& flags, TwinOptions& options) {
        add_names(flags, noun, options);
        flags.text("--json,-j", options.json, "JSON", "The twin: JSON or a file").required();
        flags.text("--etag,-e", options.etag, "ETAG", "Only if the twin is still this version");
      },
      replace);
}

}  // namespace

void add_hub_device_twin(Commands& commands) {
  for (const TwinNoun& noun : kTwinNouns) {
    commands.verb<TwinOptions>(
        fmt::format("hub {} show", noun.word),
        {.line = fmt::format("Show a {}'s twin", noun.title),
         .about = "Prints tags, desired and reported properties with their versions and times. The table has "
                  "the versions alone.",
         .examples = fmt::format("$ muster hub {} show {}", noun.word, noun.names),
         .request = fmt::format("GET {}", noun.path)},
        [&noun](Flags& flags, TwinOptions& options) { add_names(flags, noun, options); }, show);
    add_update(commands, noun);
    add_replace(commands, noun);
  }
}

}  // namespace muster::cli
