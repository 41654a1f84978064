#include "cli/commands.hpp"
#include "cli/service_flags.hpp"

#include <fmt/format.h>

#include <algorithm>

/// `muster hub|dps create|delete` and `muster dps update`: the ARM calls that `az` makes.
namespace muster::cli {
namespace {

struct CreateOptions {
  std::string name;
  std::string location = "eastus";
  std::string sku = "S1";
  int units = 1;
  int partitions = 0;  ///< 0: not said.
};

struct DeleteOptions {
  std::string name;
};

struct UpdateOptions {
  std::string name, policy;
  std::vector<std::string> assignments;
};

Request resource_request(const ServiceNoun& noun, std::string method, const std::string& path) {
  return {.method = std::move(method),
          .host = std::string{kManagementHost},
          .target = fmt::format("{}?api-version={}", path, noun.api_version)};
}

Result<int> create(Invocation& invocation, const ServiceNoun& noun, const CreateOptions& options) {
  MUSTER_TRY(const std::string path, invocation.resource_path(noun.kind, options.name));
  Json body{{"location", options.location},
            {"sku", {{"name", options.sku}, {"capacity", options.units}}},
            {"properties", Json::object()}};
  if (options.partitions > 0) {
    body["properties"]["eventHubEndpoints"]["events"] = {{"retentionTimeInDays", 1},
                                                         {"partitionCount", options.partitions}};
  }
  // A PUT makes and changes alike: who asks to create does not mean one that is there.
  const auto there = invocation.call(resource_request(noun, "GET", path));
  if (there) {
    return failure(
        Error{ErrorCode::resource_exists, fmt::format("there is a {} {} already", noun.title, options.name)}
            .with_remedy(fmt::format("Choose another name; `muster {} list` shows those taken.", noun.word)));
  }
  if (there.error().code() != ErrorCode::resource_not_found && there.error().code() != ErrorCode::hub_unknown)
    return failure(there.error());
  Request request = resource_request(noun, "PUT", path);
  request.body = dump(body);
  MUSTER_TRY(const Json answer, invocation.call(request));
  invocation.print(answer, service_columns(noun.kind));
  return 0;
}

Result<int> remove(Invocation& invocation, const ServiceNoun& noun, const DeleteOptions& options) {
  MUSTER_TRY(const std::string path, invocation.resource_path(noun.kind, options.name));
  MUSTER_CHECK(invocation.call(resource_request(noun, "DELETE", path)));
  return 0;
}

/// "properties.allocationPolicy=Static": sets that member of the whole resource, as az's --set does.
Result<void> assign(Json& resource, const std::string& assignment) {
  const auto equals = assignment.find('=');
  if (equals == 0 || equals == std::string::npos) {
    return failure(
        Error{ErrorCode::usage, fmt::format("--set {} has no `member=value`", assignment)}.with_remedy(
            "Write --set properties.allocationPolicy=Static."));
  }
  Json* at = &resource;
  for (std::string_view path{assignment.data(), equals}; !path.empty();) {
    const std::string name{path.substr(0, path.find('.'))};
    path.remove_prefix(std::min(path.size(), name.size() + 1));
    if (!at->is_object()) {
      return failure(ErrorCode::usage, fmt::format("--set {}: {} is inside no object", assignment, name));
    }
    at = &(*at)[name];
  }
  const std::string text = assignment.substr(equals + 1);
  Json value = Json::parse(text, nullptr, false);
  *at = value.is_discarded() ? Json(text) : value;
  return {};
}

Result<int> update(Invocation& invocation, const UpdateOptions& options) {
  const ServiceNoun& noun = kServiceNouns[0];
  MUSTER_TRY(const std::string path, invocation.resource_path(noun.kind, options.name));
  MUSTER_TRY(Json dps, invocation.call(resource_request(noun, "GET", path)));
  if (!options.policy.empty()) dps["properties"]["allocationPolicy"] = options.policy;
  for (const std::string& assignment : options.assignments) MUSTER_CHECK(assign(dps, assignment));
  Request request = resource_request(noun, "PUT", path);
  request.body = dump(dps);
  MUSTER_TRY(const Json answer, invocation.call(request));
  invocation.print(answer, service_columns(noun.kind));
  return 0;
}

std::string path_form(const ServiceNoun& noun) {
  return fmt::format("/subscriptions/{{s}}/resourceGroups/{{rg}}/providers/Microsoft.Devices/{}/{{name}}",
                     resource_type(noun.kind));
}

Help create_help(const ServiceNoun& noun) {
  if (noun.kind == ServiceKind::hub) {
    return {.line = "Create an IoT hub",
            .about =
                "It gets the next address of the world, shared access policies with new keys, and its "
                "own partitions of the event log. Devices get there once a DPS instance is linked to "
                "it: `muster dps linked-hub create`.",
            .examples = "$ muster hub create --name my-second-hub --partition-count 2 --location westeurope",
            .request = "PUT " + path_form(noun)};
  }
  return {.line = "Create a DPS instance",
          .about =
              "It gets an id scope of its own, by which devices name it, and a shared access policy with "
              "new keys. It assigns nobody until hubs are linked to it and devices enrolled.",
          .examples = "$ muster dps create --name my-second-dps",
          .request = "PUT " + path_form(noun)};
}

Help delete_help(const ServiceNoun& noun) {
  const bool hub = noun.kind == ServiceKind::hub;
  return {.line = hub ? "Delete an IoT hub" : "Delete a DPS instance",
          .about = hub ? "Its devices are disconnected, and their identities, twins and certificates go with "
                         "it; links of DPS instances to it too. Its events stay in the log until their time "
                         "is up, for a hub of the same name that is made later."
                       : "Its enrollments, registrations and certificates go with it. Devices that it "
                         "assigned stay at their hubs.",
          .examples = fmt::format("$ muster {} delete --name {}", noun.word, noun.example),
          .request = "DELETE " + path_form(noun)};
}

std::string name_flags(const ServiceNoun& noun) { return fmt::format("--name,-n,--{}-name", noun.word); }

void declare_create(Flags& flags, const ServiceNoun& noun, CreateOptions& options) {
  flags.text(name_flags(noun), options.name, "NAME", "Letters, digits and hyphens").required();
  flags.text("--location,-l", options.location, "LOCATION",
             "Where it counts as being, for allocation by latency; else eastus");
  if (noun.kind == ServiceKind::hub) {
    flags.number("--partition-count", options.partitions, {1, 128}, "N",
                 "Partitions of its events, for good; else 4");
  }
  flags.choice("--sku", options.sku, {"F1", "S1", "S2", "S3", "B1", "B2", "B3"},
               "Taken as az has it, and without effect");
  flags.number("--unit", options.units, {1, 200}, "N", "Taken as az has it, and without effect");
}

void add_update(Commands& commands) {
  commands.verb<UpdateOptions>(
      "dps update",
      {.line = "Change a DPS instance",
       .about = "Sets how it allocates devices whose enrollment does not say. --set reaches any member, as "
                "az's does.",
       .examples = "$ muster dps update --allocation-policy geoLatency\n"
                   "$ muster dps update --set properties.allocationPolicy=Static",
       .request = "PUT " + path_form(kServiceNouns[0])},
      [](Flags& flags, UpdateOptions& options) {
        add_service_name(flags, ServiceKind::dps, options.name);
        flags.choice("--allocation-policy", options.policy, {"hashed", "geoLatency", "static"},
                     "How a hub is chosen where the enrollment does not say");
        flags.repeated("--set", options.assignments, "MEMBER=VALUE", "Sets a member of the resource");
      },
      update);
}

}  // namespace

void add_service_create(Commands& commands) {
  for (const ServiceNoun& noun : kServiceNouns) {
    commands.verb<CreateOptions>(
        fmt::format("{} create", noun.word), create_help(noun),
        [&noun](Flags& flags, CreateOptions& options) { declare_create(flags, noun, options); },
        [&noun](Invocation& invocation, const CreateOptions& options) {
          return create(invocation, noun, options);
        });
    commands.verb<DeleteOptions>(
        fmt::format("{} delete", noun.word), delete_help(noun),
        [&noun](Flags& flags, DeleteOptions& options) {
          flags.text(name_flags(noun), options.name, "NAME", "Which one: it is never guessed").required();
        },
        [&noun](Invocation& invocation, const DeleteOptions& options) {
          return remove(invocation, noun, options);
        });
  }
  add_update(commands);
}

}  // namespace muster::cli
