#include "cli/commands.hpp"
#include "cli/service_flags.hpp"

#include <fmt/format.h>

namespace muster::cli {
namespace {

struct ShowOptions {
  std::string name;
};

std::string with_version(const std::string& path, const ServiceNoun& noun) {
  return fmt::format("{}?api-version={}", path, noun.api_version);
}

Result<int> list(Invocation& invocation, const ServiceNoun& noun) {
  MUSTER_TRY(const std::string path, invocation.collection_path(noun.kind));
  MUSTER_TRY(const Json answer,
             invocation.call({.host = std::string{kManagementHost}, .target = with_version(path, noun)}));
  // az prints the list itself, without ARM's wrapping.
  const Json value = at_path(answer, "value");
  invocation.print(value.is_array() ? value : answer, service_columns(noun.kind));
  return 0;
}

Result<int> show(Invocation& invocation, const ServiceNoun& noun, const std::string& name) {
  MUSTER_TRY(const std::string path, invocation.resource_path(noun.kind, name));
  MUSTER_TRY(const Json answer,
             invocation.call({.host = std::string{kManagementHost}, .target = with_version(path, noun)}));
  invocation.print(answer, service_columns(noun.kind));
  return 0;
}

Help list_help(const ServiceNoun& noun) {
  return {.line = fmt::format("List the {}s of the world", noun.title),
          .about = fmt::format("Shows every {} with the names that devices and SDKs reach it by. "
                               "A new world has the tutorial's one.",
                               noun.title),
          .examples =
              fmt::format("$ muster {0} list -o tsv --show-request\n$ muster {0} list -o table", noun.word),
          .request = fmt::format("GET /subscriptions/{{s}}/providers/Microsoft.Devices/{}",
                                 resource_type(noun.kind))};
}

Help show_help(const ServiceNoun& noun) {
  return {
      .line = fmt::format("Show one {}", noun.title),
      .about = fmt::format("Prints the {} as Azure's management API describes it. Keys are not part of it: "
                           "`muster {} connection-string show` prints those.",
                           noun.title, noun.word),
      .examples = fmt::format("$ muster {} show --{}-name {}", noun.word, noun.word, noun.example),
      .request = fmt::format(
          "GET /subscriptions/{{s}}/resourceGroups/{{rg}}/providers/Microsoft.Devices/{}/{{name}}",
          resource_type(noun.kind))};
}

}  // namespace

std::vector<Column> service_columns(ServiceKind kind) {
  if (kind == ServiceKind::dps) {
    return {{"Name", "name"},
            {"IdScope", "properties.idScope"},
            {"Host", "properties.serviceOperationsHostName"},
            {"Location", "location"},
            {"State", "properties.state"}};
  }
  return {{"Name", "name"},
          {"Host", "properties.hostName"},
          {"Partitions", "properties.eventHubEndpoints.events.partitionCount"},
          {"Location", "location"},
          {"State", "properties.state"}};
}

void add_service(Commands& commands) {
  for (const ServiceNoun& noun : kServiceNouns) {
    commands.verb(fmt::format("{} list", noun.word), list_help(noun),
                  [&noun](Invocation& invocation) { return list(invocation, noun); });
    commands.verb<ShowOptions>(
        fmt::format("{} show", noun.word), show_help(noun),
        [&noun](Flags& flags, ShowOptions& options) { add_service_name(flags, noun.kind, options.name); },
        [&noun](Invocation& invocation, const ShowOptions& options) {
          return show(invocation, noun, options.name);
        });
  }
}

}  // namespace muster::cli
