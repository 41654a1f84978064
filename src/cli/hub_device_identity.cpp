#include "cli/hub_device_identity.hpp"

#include "cli/commands.hpp"

#include <fmt/format.h>

namespace muster::cli {
namespace {

struct ListOptions {
  std::string hub;
  int top = 0;
  Switch edge_enabled;
};

constexpr int kPageSize = 1000;
constexpr int kTopMax = 1'000'000'000;

Result<int> list(Invocation& invocation, const ListOptions& options) {
  MUSTER_TRY(const std::string host, invocation.host(ServiceKind::hub, options.hub));
  std::string query = "select * from devices";
  if (options.edge_enabled.is_set()) {
    query += fmt::format(" where capabilities.iotEdge = {}", options.edge_enabled.value());
  }
  const bool all = options.top == 0 || options.top > kPageSize;
  Request request{.method = "POST",
                  .host = host,
                  .target = fmt::format("/devices/query?{}", kHubApiVersion),
                  .body = dump(Json{{"query", query}}),
                  .headers = {{"x-ms-max-item-count", std::to_string(all ? kPageSize : options.top)}}};
  MUSTER_TRY(Json devices, all ? invocation.call_all_pages(std::move(request)) : invocation.call(request));
  if (options.top > 0 && devices.size() > static_cast<std::size_t>(options.top)) {
    devices.erase(devices.begin() + options.top, devices.end());
  }
  invocation.print(devices, {{"DeviceID", "deviceId"},
                             {"Auth", "authenticationType"},
                             {"Status", "status"},
                             {"Connection", "connectionState"},
                             {"LastActivity", "lastActivityTime"}});
  return 0;
}

Result<int> show(Invocation& invocation, const DeviceIdentityOptions& options) {
  MUSTER_TRY(const Request request, device_request(invocation, options, "GET"));
  MUSTER_TRY(Json device, invocation.call(request));
  if (device.is_object()) device["hub"] = request.host;  // az adds it.
  print_device_identity(invocation, device);
  return 0;
}

Result<int> remove(Invocation& invocation, const DeviceIdentityOptions& options) {
  MUSTER_TRY(Request request, device_request(invocation, options, "DELETE"));
  request.headers.emplace_back("If-Match", quoted_etag(options.etag));
  MUSTER_CHECK(invocation.call(request));
  return 0;
}

void add_list(Commands& commands) {
  commands.verb<ListOptions>(
      "hub device-identity list",
      {.line = "List the devices of a hub",
       .about = "Shows each device with how it proves itself, whether it is enabled and whether it is "
                "connected. The JSON "
                "holds the twins, as az's does.",
       .examples = "$ muster hub device-identity list --hub-name my-iot-hub-x509 -o table",
       .request = "POST /devices/query   {\"query\": \"select * from devices\"}"},
      [](Flags& flags, ListOptions& options) {
        add_service_name(flags, ServiceKind::hub, options.hub);
        flags.number("--top", options.top, {1, kTopMax}, "COUNT", "At most so many; else all");
        flags.on_off("--edge-enabled,--ee", options.edge_enabled, "Only IoT Edge devices, or only others");
      },
      list);
}

}  // namespace

void add_device_id(Flags& flags, DeviceIdentityOptions& options) {
  flags.text("--device-id,-d", options.device, "ID", "Id of the device").required();
  add_service_name(flags, ServiceKind::hub, options.hub);
}

Result<Request> device_request(Invocation& invocation, const DeviceIdentityOptions& options,
                               std::string method) {
  MUSTER_TRY(const std::string host, invocation.host(ServiceKind::hub, options.hub));
  return Request{.method = std::move(method),
                 .host = host,
                 .target = fmt::format("/devices/{}?{}", percent_encoded(options.device), kHubApiVersion)};
}

void print_device_identity(Invocation& invocation, const Json& device) {
  invocation.print(device, {{"DeviceID", "deviceId"},
                            {"Auth", "authentication.type"},
                            {"Status", "status"},
                            {"Connection", "connectionState"},
                            {"LastActivity", "lastActivityTime"}});
}

void add_hub_device_identity(Commands& commands) {
  add_list(commands);
  commands.verb<DeviceIdentityOptions>(
      "hub device-identity show",
      {.line = "Show one device",
       .about =
           "Prints the identity as the hub's registry has it. Its keys, where it has any, are part of it.",
       .examples = "$ muster hub device-identity show --device-id my-device-001 -o table",
       .request = "GET /devices/{id}"},
      add_device_id, show);
  commands.verb<DeviceIdentityOptions>(
      "hub device-identity delete",
      {.line = "Delete a device and its twin",
       .about = "The device is disconnected and may not come back. If an enrollment still lets it register, "
                "registering "
                "makes it anew.",
       .examples = "$ muster hub device-identity delete --device-id my-device-001",
       .request = "DELETE /devices/{id}   If-Match: \"*\" or the etag"},
      [](Flags& flags, DeviceIdentityOptions& options) {
        add_device_id(flags, options);
        flags.text("--etag,-e", options.etag, "ETAG", "Only if it is still this version");
      },
      remove);
}

}  // namespace muster::cli
