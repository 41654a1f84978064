#include "cli/commands.hpp"
#include "cli/hub_device_identity.hpp"

#include <fmt/format.h>

namespace muster::cli {
namespace {

struct Options {
  std::string hub, device, parent;
  std::vector<std::string> children;
  bool remove_all = false, force = false;
};

DeviceIdentityOptions named(const Options& options, const std::string& device) {
  return {.hub = options.hub, .device = device};
}

Result<Json> read_device(Invocation& invocation, const Options& options, const std::string& device) {
  MUSTER_TRY(const Request request, device_request(invocation, named(options, device), "GET"));
  return invocation.call(request);
}

bool is_edge(const Json& device) { return at_path(device, "capabilities.iotEdge") == true; }

/// The scope by which others name it as their parent.
Result<std::string> scope_of_parent(Invocation& invocation, const Options& options, const std::string& name) {
  MUSTER_TRY(const Json parent, read_device(invocation, options, name));
  if (is_edge(parent)) return text_at(parent, "deviceScope");
  return failure(
      Error{ErrorCode::usage, fmt::format("device {} is not an IoT Edge device", name)}.with_remedy(
          fmt::format("Make it one: `muster hub device-identity update --device-id {} --edge-enabled`.",
                      name)));
}

/// Empty for none.
std::string parent_scope_of(const Json& device) {
  const Json parents = at_path(device, "parentScopes");
  if (parents.is_array() && !parents.empty() && parents.front().is_string())
    return parents.front().get<std::string>();
  return is_edge(device) ? std::string{} : text_at(device, "deviceScope");
}

/// Writes a device back under another parent, or under none where `scope` is empty.
Result<Json> move_device(Invocation& invocation, const Options& options, Json device,
                         const std::string& scope) {
  device["parentScopes"] = scope.empty() ? Json::array() : Json::array({scope});
  if (!is_edge(device)) device["deviceScope"] = scope;
  MUSTER_TRY(Request write, device_request(invocation, named(options, text_at(device, "deviceId")), "PUT"));
  write.headers.emplace_back("If-Match", quoted_etag(text_at(device, "etag")));
  write.body = dump(device);
  return invocation.call(write);
}

/// az leaves a device that has another parent alone unless it is forced.
Result<void> check_free(const Json& device, const std::string& scope, const Options& options) {
  const std::string held = parent_scope_of(device);
  if (held.empty() || held == scope || options.force) return {};
  return failure(
      Error{ErrorCode::usage, fmt::format("device {} has the parent {}", text_at(device, "deviceId"), held)}
          .with_remedy("Give --force to move it."));
}

Result<std::vector<std::string>> children_of(Invocation& invocation, const Options& options,
                                             const std::string& scope) {
  MUSTER_TRY(const std::string host, invocation.host(ServiceKind::hub, options.hub));
  const std::string query =
      fmt::format("select deviceId from devices where array_contains(parentScopes, '{}')", scope);
  const Request request{.method = "POST",
                        .host = host,
                        .target = fmt::format("/devices/query?{}", kHubApiVersion),
                        .body = dump(Json{{"query", query}})};
  MUSTER_TRY(const Json rows, invocation.call_all_pages(request));
  std::vector<std::string> names;
  for (const Json& row : rows) names.push_back(text_at(row, "deviceId"));
  return names;
}

Result<int> add_children(Invocation& invocation, const Options& options) {
  MUSTER_TRY(const std::string scope, scope_of_parent(invocation, options, options.device));
  std::vector<Json> found;  // All are looked at before the first is moved.
  for (const std::string& name : options.children) {
    MUSTER_TRY(Json child, read_device(invocation, options, name));
    MUSTER_CHECK(check_free(child, scope, options));
    found.push_back(std::move(child));
  }
  for (Json& child : found) {
    MUSTER_CHECK(move_device(invocation, options, std::move(child), scope));
  }
  return 0;
}

Result<int> list_children(Invocation& invocation, const Options& options) {
  MUSTER_TRY(const std::string scope, scope_of_parent(invocation, options, options.device));
  MUSTER_TRY(const auto names, children_of(invocation, options, scope));
  if (invocation.format() == Format::table) {
    Json rows = Json::array();
    for (const std::string& name : names) rows.push_back(Json{{"deviceId", name}});
    invocation.print(rows, {{"DeviceID", "deviceId"}});
  } else {
    invocation.print(Json(names));
  }
  return 0;
}

Result<int> remove_children(Invocation& invocation, const Options& options) {
  if (options.remove_all != options.children.empty()) {
    return failure(ErrorCode::usage, "either --child-list or --remove-all is wanted");
  }
  MUSTER_TRY(const std::string scope, scope_of_parent(invocation, options, options.device));
  std::vector<std::string> names = options.children;
  if (options.remove_all) {
    MUSTER_TRY(names, children_of(invocation, options, scope));
  }
  for (const std::string& name : names) {
    MUSTER_TRY(Json child, read_device(invocation, options, name));
    if (parent_scope_of(child) != scope) {
      return failure(ErrorCode::usage, fmt::format("device {} is no child of {}", name, options.device));
    }
    MUSTER_CHECK(move_device(invocation, options, std::move(child), ""));
  }
  return 0;
}

Result<int> set_parent(Invocation& invocation, const Options& options) {
  MUSTER_TRY(const std::string scope, scope_of_parent(invocation, options, options.parent));
  MUSTER_TRY(Json child, read_device(invocation, options, options.device));
  MUSTER_CHECK(check_free(child, scope, options));
  MUSTER_CHECK(move_device(invocation, options, std::move(child), scope));
  return 0;
}

Result<int> show_parent(Invocation& invocation, const Options& options) {
  MUSTER_TRY(const Json child, read_device(invocation, options, options.device));
  const std::string scope = parent_scope_of(child);
  // "ms-azure-iot-edge://{id}-{ticks}": the id itself may hold dashes.
  constexpr std::string_view kScheme = "ms-azure-iot-edge://";
  if (!scope.starts_with(kScheme)) {
    return failure(ErrorCode::resource_not_found, fmt::format("device {} has no parent", options.device));
  }
  const std::string parent = scope.substr(kScheme.size(), scope.rfind('-') - kScheme.size());
  MUSTER_TRY(const Json device, read_device(invocation, options, parent));
  print_device_identity(invocation, device);
  return 0;
}

void add_device(Flags& flags, Options& options, const std::string& help) {
  flags.text("--device-id,-d", options.device, "ID", help).required();
  add_service_name(flags, ServiceKind::hub, options.hub);
}

void add_children_verbs(Commands& commands) {
  commands.verb<Options>(
      "hub device-identity children add",
      {.line = "Put devices under an IoT Edge device",
       .about = "The children may be IoT Edge devices themselves. One that has another parent is moved only "
                "with --force.",
       .examples = "$ muster hub device-identity children add -d gateway-1 --child-list pump-07 pump-08",
       .request = "GET /devices/{id}\nPUT /devices/{child}   If-Match: the etag"},
      [](Flags& flags, Options& options) {
        add_device(flags, options, "Id of the parent");
        flags.list("--child-list,--cl", options.children, "ID", "Ids of the children").required();
        flags.toggle("--force,-f", options.force, "Also those that have another parent");
      },
      add_children);
  commands.verb<Options>(
      "hub device-identity children list",
      {.line = "List the devices under an IoT Edge device",
       .about = "Prints their ids.",
       .examples = "$ muster hub device-identity children list --device-id gateway-1",
       .request = "POST /devices/query   array_contains(parentScopes, ...)"},
      [](Flags& flags, Options& options) { add_device(flags, options, "Id of the parent"); }, list_children);
  commands.verb<Options>(
      "hub device-identity children remove",
      {.line = "Take devices from under an IoT Edge device",
       .about = "They stay devices of the hub.",
       .examples = "$ muster hub device-identity children remove -d gateway-1 --child-list pump-07\n"
                   "$ muster hub device-identity children remove -d gateway-1 --remove-all",
       .request = "GET /devices/{child}\nPUT /devices/{child}   If-Match: the etag"},
      [](Flags& flags, Options& options) {
        add_device(flags, options, "Id of the parent");
        flags.list("--child-list,--cl", options.children, "ID", "Ids of the children");
        flags.toggle("--remove-all,-a", options.remove_all, "All of them");
      },
      remove_children);
}

}  // namespace

void add_hub_device_identity_family(Commands& commands) {
  add_children_verbs(commands);
  commands.verb<Options>(
      "hub device-identity parent set",
      {.line = "Put a device under an IoT Edge device",
       .about = "One that has another parent is moved only with --force.",
       .examples = "$ muster hub device-identity parent set --device-id pump-07 --parent-device-id gateway-1",
       .request = "GET /devices/{parent}\nPUT /devices/{id}   If-Match: the etag"},
      [](Flags& flags, Options& options) {
        add_device(flags, options, "Id of the device");
        flags.text("--parent-device-id,--pd", options.parent, "ID", "Id of the parent").required();
        flags.toggle("--force,-f", options.force, "Also if it has another parent");
      },
      set_parent);
  commands.verb<Options>(
      "hub device-identity parent show",
      {.line = "Show the IoT Edge device that a device is under",
       .about = "Prints the parent's identity.",
       .examples = "$ muster hub device-identity parent show --device-id pump-07 -o table",
       .request = "GET /devices/{id}\nGET /devices/{parent}"},
      [](Flags& flags, Options& options) { add_device(flags, options, "Id of the device"); }, show_parent);
}

}  // namespace muster::cli
