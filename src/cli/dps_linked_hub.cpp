#include "cli/commands.hpp"
#include "cli/service_flags.hpp"

#include <fmt/format.h>

/// `muster dps linked-hub`: as az does it, the DPS instance is read, changed and written as a whole, with the
/// etag that was read.
namespace muster::cli {
namespace {

struct Options {
  std::string dps, linked_hub;
  std::string connection_string, hub, location;
  int weight = -1;  ///< Below 0: not said.
  Switch apply_policy;
};

constexpr const ServiceNoun& kDps = kServiceNouns[0];
constexpr const ServiceNoun& kHub = kServiceNouns[1];

std::string target_of(const std::string& path, const ServiceNoun& noun) {
  return fmt::format("{}?api-version={}", path, noun.api_version);
}

Result<Json> read_dps(Invocation& invocation, const Options& options) {
  MUSTER_TRY(const std::string path, invocation.resource_path(ServiceKind::dps, options.dps));
  return invocation.call({.host = std::string{kManagementHost}, .target = target_of(path, kDps)});
}

Result<Json> write_dps(Invocation& invocation, const Options& options, const Json& dps) {
  MUSTER_TRY(const std::string path, invocation.resource_path(ServiceKind::dps, options.dps));
  Request request{.method = "PUT", .host = std::string{kManagementHost}, .target = target_of(path, kDps)};
  request.body = dump(dps);
  return invocation.call(request);
}

Json links_of(const Json& dps) {
  const Json links = at_path(dps, "properties.iotHubs");
  return links.is_array() ? links : Json::array();
}

void print_links(Invocation& invocation, const Json& value) {
  invocation.print(value, {{"Name", "name"},
                           {"Location", "location"},
                           {"Weight", "allocationWeight"},
                           {"ApplyPolicy", "applyAllocationPolicy"}});
}

/// "my-hub" and "my-hub.azure-devices.net" are one.
bool is_link_to(const Json& link, const std::string& hub) {
  const std::string name = text_at(link, "name");
  return equals_ignoring_case(name, hub) || equals_ignoring_case(name, hub + ".azure-devices.net");
}

Error not_linked(const std::string& hub) {
  return Error{ErrorCode::resource_not_found, fmt::format("no hub {} is linked", hub)}.with_remedy(
      "`muster dps linked-hub list` shows those that are.");
}

/// The hub's own policy and key, asked for over the control socket.
Result<std::string> connection_string_of(Invocation& invocation, const std::string& hub) {
  MUSTER_TRY(const std::string path, invocation.resource_path(ServiceKind::hub, hub));
  MUSTER_TRY(const std::string host, invocation.host(ServiceKind::hub, hub));
  const std::string target = target_of(path + "/IotHubKeys/iothubowner/listkeys", kHub);
  MUSTER_TRY(const Json policy,
             invocation.call({.method = "POST", .host = std::string{kManagementHost}, .target = target}));
  return fmt::format("HostName={};SharedAccessKeyName=iothubowner;SharedAccessKey={}", host,
                     text_at(policy, "primaryKey"));
}

void apply_settings(const Options& options, Json& link) {
  if (!options.location.empty()) link["location"] = options.location;
  if (options.weight >= 0) link["allocationWeight"] = options.weight;
  if (options.apply_policy.is_set()) link["applyAllocationPolicy"] = options.apply_policy.value();
}

Result<int> create(Invocation& invocation, const Options& options) {
  if (options.connection_string.empty() == options.hub.empty()) {
    return failure(Error{ErrorCode::usage, "which hub is linked has to be said once"}.with_remedy(
        "Give --hub-name, or --connection-string."));
  }
  std::string text = options.connection_string;
  if (text.empty()) {
    MUSTER_TRY(text, connection_string_of(invocation, options.hub));
  }
  MUSTER_TRY(Json dps, read_dps(invocation, options));
  Json link{{"connectionString", text}};
  apply_settings(options, link);
  Json links = links_of(dps);
  links.push_back(std::move(link));
  dps["properties"]["iotHubs"] = std::move(links);
  MUSTER_TRY(const Json answer, write_dps(invocation, options, dps));
  print_links(invocation, links_of(answer));
  return 0;
}

Result<int> list(Invocation& invocation, const Options& options) {
  MUSTER_TRY(const Json dps, read_dps(invocation, options));
  print_links(invocation, links_of(dps));
  return 0;
}

Result<int> show(Invocation& invocation, const Options& options) {
  MUSTER_TRY(const Json dps, read_dps(invocation, options));
  for (const Json& link : links_of(dps)) {
    if (!is_link_to(link, options.linked_hub)) continue;
    print_links(invocation, link);
    return 0;
  }
  return failure(not_linked(options.linked_hub));
}

Result<int> update(Invocation& invocation, const Options& options) {
  MUSTER_TRY(Json dps, read_dps(invocation, options));
  Json links = links_of(dps);
  bool found = false;
  for (Json& link : links) {
    if (!is_link_to(link, options.linked_hub)) continue;
    apply_settings(options, link);
    found = true;
  }
  if (!found) return failure(not_linked(options.linked_hub));
  dps["properties"]["iotHubs"] = std::move(links);
  MUSTER_TRY(const Json answer, write_dps(invocation, options, dps));
  print_links(invocation, links_of(answer));
  return 0;
}

Result<int> remove(Invocation& invocation, const Options& options) {
  MUSTER_TRY(Json dps, read_dps(invocation, options));
  Json kept = Json::array();
  const Json links = links_of(dps);
  for (const Json& link : links) {
    if (!is_link_to(link, options.linked_hub)) kept.push_back(link);
  }
  if (kept.size() == links.size()) return failure(not_linked(options.linked_hub));
  dps["properties"]["iotHubs"] = std::move(kept);
  MUSTER_CHECK(write_dps(invocation, options, dps));
  return 0;
}

void add_dps(Flags& flags, Options& options) {
  flags.text("--dps-name", options.dps, "NAME", "Which DPS instance; may be left out when there is one");
}

void add_linked_hub(Flags& flags, Options& options) {
  add_dps(flags, options);
  flags.text("--linked-hub", options.linked_hub, "HUB", "The linked hub, by its name or host name")
      .required();
}

void add_settings(Flags& flags, Options& options) {
  flags.number("--allocation-weight,--aw", options.weight, {0, 1'000'000}, "N",
               "Share of the devices that are allocated by hash; else 1, and 0 gets none");
  flags.on_off("--apply-allocation-policy,--aap", options.apply_policy,
               "Whether devices get there whose enrollment names no hubs; else true");
}

constexpr const char* kGet = "GET   .../provisioningServices/{dps}";
constexpr const char* kGetPut = "GET, PUT   .../provisioningServices/{dps}   with the etag that was read";

void add_create(Commands& commands) {
  commands.verb<Options>(
      "dps linked-hub create",
      {.line = "Link a hub to a DPS instance",
       .about = "Devices may then be assigned to it. --connection-string is az's; with --hub-name the policy "
                "iothubowner of that hub is taken.",
       .examples = "$ muster dps linked-hub create --hub-name my-second-hub --allocation-weight 3\n"
                   "$ muster dps linked-hub create --dps-name my-dps-x509 --connection-string \"$(muster hub "
                   "connection-string show --hub-name my-second-hub -o tsv)\" --location westeurope",
       .request = kGetPut},
      [](Flags& flags, Options& options) {
        add_dps(flags, options);
        flags.text("--hub-name,--hn", options.hub, "NAME", "A hub of this world");
        flags.text("--connection-string,--cs", options.connection_string, "TEXT",
                   "Of a policy with RegistryWrite and ServiceConnect");
        flags.text("--location,-l", options.location, "LOCATION", "Where it counts as being; else the hub's");
        add_settings(flags, options);
      },
      create);
}

void add_reading(Commands& commands) {
  commands.verb<Options>("dps linked-hub list",
                         {.line = "List the hubs that a DPS instance may assign devices to",
                          .about = "In the order of linking, which is the order of static allocation. Keys "
                                   "are masked.",
                          .examples = "$ muster dps linked-hub list -o table",
                          .request = kGet},
                         add_dps, list);
  commands.verb<Options>("dps linked-hub show",
                         {.line = "Show one linked hub",
                          .about = "Prints its location, its weight and whether the allocation policy "
                                   "applies to it.",
                          .examples = "$ muster dps linked-hub show --linked-hub my-iot-hub-x509",
                          .request = kGet},
                         add_linked_hub, show);
}

}  // namespace

void add_dps_linked_hub(Commands& commands) {
  add_create(commands);
  add_reading(commands);
  commands.verb<Options>(
      "dps linked-hub update",
      {.line = "Change the weight of a linked hub, or whether the policy applies to it",
       .about = "Devices that are assigned stay where they are until they register again; "
                "`muster dps allocate --dry-run` shows who would move.",
       .examples = "$ muster dps linked-hub update --linked-hub my-second-hub --allocation-weight 3",
       .request = kGetPut},
      [](Flags& flags, Options& options) {
        add_linked_hub(flags, options);
        add_settings(flags, options);
      },
      update);
  commands.verb<Options>(
      "dps linked-hub delete",
      {.line = "Unlink a hub from a DPS instance",
       .about = "The hub and its devices stay as they are. A device that registers again is assigned to "
                "another hub.",
       .examples = "$ muster dps linked-hub delete --linked-hub my-second-hub",
       .request = kGetPut},
      add_linked_hub, remove);
}

}  // namespace muster::cli
