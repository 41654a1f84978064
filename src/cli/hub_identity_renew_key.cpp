#include "cli/commands.hpp"
#include "cli/hub_module_identity.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace muster::cli {
namespace {

/// Keys of one request, az's number and the hub's limit.
constexpr std::size_t kBatch = 100;
constexpr std::string_view kRenewApiVersion = "api-version=2024-03-31";

struct Options {
  std::string hub, etag, key_type;
  std::vector<std::string> devices;  ///< Or "*".
  std::vector<std::string> modules;  ///< Or "*"; empty: the devices' own keys.
  bool include_modules = false;
  bool of_modules = false;
};

bool is_all(const std::vector<std::string>& names) { return names.size() == 1 && names.front() == "*"; }

Json key_owner(const std::string& device, const std::string& module) {
  Json owner{{"id", device}};
  if (!module.empty()) owner["moduleId"] = module;
  return owner;
}

/// The modules of a device that have keys.
Result<void> add_modules(Invocation& invocation, const std::string& host, const std::string& device,
                         Json& owners) {
  const std::string target = fmt::format("/devices/{}/modules?{}", percent_encoded(device), kHubApiVersion);
  MUSTER_TRY(const Json modules, invocation.call({.host = host, .target = target}));
  for (const Json& module : modules) {
    if (text_at(module, "authentication.type") == "sas")
      owners.push_back(key_owner(device, text_at(module, "moduleId")));
  }
  return {};
}

/// All devices of the hub that have keys.
Result<std::vector<std::string>> devices_with_keys(Invocation& invocation, const std::string& host) {
  const Request request{.method = "POST",
                        .host = host,
                        .target = fmt::format("/devices/query?{}", kHubApiVersion),
                        .body = dump(Json{{"query", "select * from devices"}}),
                        .headers = {{"x-ms-max-item-count", "1000"}}};
  MUSTER_TRY(const Json twins, invocation.call_all_pages(request));
  std::vector<std::string> devices;
  for (const Json& twin : twins) {
    if (text_at(twin, "authenticationType") == "sas") devices.push_back(text_at(twin, "deviceId"));
  }
  return devices;
}

Result<Json> owners_of(Invocation& invocation, const std::string& host, const Options& options) {
  Json owners = Json::array();
  std::vector<std::string> devices = options.devices;
  if (is_all(devices)) {
    MUSTER_TRY(devices, devices_with_keys(invocation, host));
  }
  for (const std::string& device : devices) {
    if (!options.of_modules) owners.push_back(key_owner(device, ""));
    if (options.include_modules || (options.of_modules && is_all(options.modules))) {
      MUSTER_CHECK(add_modules(invocation, host, device, owners));
    } else {
      for (const std::string& module : options.modules) owners.push_back(key_owner(device, module));
    }
  }
  return owners;
}

/// In batches; their answers in one.
Result<int> renew(Invocation& invocation, const Options& options) {
  MUSTER_TRY(const std::string host, invocation.host(ServiceKind::hub, options.hub));
  MUSTER_TRY(const Json owners, owners_of(invocation, host, options));
  const std::string key = options.key_type == "both" ? "both" : options.key_type + "Key";
  Json all{{"policyKey", key}, {"rotatedKeys", Json::array()}, {"errors", Json::array()}};
  for (std::size_t begin = 0; begin < owners.size(); begin += kBatch) {
    const auto first = owners.begin() + static_cast<std::ptrdiff_t>(begin);
    const auto last = owners.begin() + static_cast<std::ptrdiff_t>(std::min(begin + kBatch, owners.size()));
    Json batch = Json::array();
    batch.insert(batch.end(), first, last);
    const Request request{.method = "POST",
                          .host = host,
                          .target = fmt::format("/devices/keys/regenerate?{}", kRenewApiVersion),
                          .body = dump(Json{{"policyKey", key}, {"devices", std::move(batch)}})};
    MUSTER_TRY(const Json answer, invocation.call(request));
    for (const char* list : {"rotatedKeys", "errors"}) {
      for (const Json& item : at_path(answer, list)) all[list].push_back(item);
    }
  }
  if (invocation.format() == Format::table) {
    invocation.print(all["rotatedKeys"], {{"DeviceID", "id"},
                                          {"ModuleID", "moduleId"},
                                          {"PrimaryKey", "primaryKey"},
                                          {"SecondaryKey", "secondaryKey"}});
  } else {
    invocation.print(all);
  }
  for (const Json& error : all["errors"]) {
    invocation.shell().err << fmt::format("{}: {}\n", text_at(error, "id"), text_at(error, "errorStatus"));
  }
  return all["errors"].empty() ? 0 : 1;
}

/// Both keys stay valid and change places: a read and a write.
Result<int> swap(Invocation& invocation, const Options& options) {
  if (options.devices.size() != 1 || is_all(options.devices) || options.modules.size() > 1 ||
      is_all(options.modules)) {
    return failure(ErrorCode::usage, "--key-type swap takes one device or one module");
  }
  const DeviceIdentityOptions device{.hub = options.hub, .device = options.devices.front()};
  const ModuleIdentityOptions module{.hub = options.hub,
                                     .device = options.devices.front(),
                                     .module = options.of_modules ? options.modules.front() : ""};
  const auto request = [&](std::string method) {
    return options.of_modules ? module_request(invocation, module, std::move(method))
                              : device_request(invocation, device, std::move(method));
  };
  MUSTER_TRY(const Request read, request("GET"));
  MUSTER_TRY(Json identity, invocation.call(read));
  const std::string primary = text_at(identity, "authentication.symmetricKey.primaryKey");
  if (primary.empty()) return failure(ErrorCode::usage, "it does not authenticate by keys");
  Json& keys = identity["authentication"]["symmetricKey"];
  keys["primaryKey"] = text_at(identity, "authentication.symmetricKey.secondaryKey");
  keys["secondaryKey"] = primary;
  MUSTER_TRY(Request write, request("PUT"));
  write.body = dump(identity);
  write.headers.emplace_back("If-Match", quoted_etag(options.etag));
  MUSTER_TRY(const Json answer, invocation.call(write));
  invocation.print(answer, {{"DeviceID", "deviceId"},
                            {"PrimaryKey", "authentication.symmetricKey.primaryKey"},
                            {"SecondaryKey", "authentication.symmetricKey.secondaryKey"}});
  return 0;
}

Result<int> run(Invocation& invocation, const Options& options) {
  return options.key_type == "swap" ? swap(invocation, options) : renew(invocation, options);
}

void add_common(Flags& flags, Options& options) {
  add_service_name(flags, ServiceKind::hub, options.hub);
  flags
      .choice("--key-type,--kt", options.key_type, {"primary", "secondary", "both", "swap"},
              "Which key to make anew; swap exchanges the two")
      .required();
  flags.text("--etag,-e", options.etag, "ETAG", "With swap: only if it is still this version");
}

}  // namespace

void add_hub_identity_renew_key(Commands& commands) {
  commands.verb<Options>(
      "hub device-identity renew-key",
      {.line = "Give devices new keys",
       .about = "The hub makes the key that is named anew. A connected device whose key is replaced is "
                "disconnected; with swap both keys stay valid.",
       .examples = "$ muster hub device-identity renew-key --device-id pump-07 --key-type primary\n"
                   "$ muster hub device-identity renew-key -d pump-07 pump-08 --kt both --include-modules\n"
                   "$ muster hub device-identity renew-key -d '*' --kt secondary",
       .request = "POST /devices/keys/regenerate\nGET, PUT /devices/{id} with swap"},
      [](Flags& flags, Options& options) {
        flags.list("--device-id,-d", options.devices, "ID", "Ids of the devices, or '*' for all").required();
        add_common(flags, options);
        flags.toggle("--include-modules,--im", options.include_modules, "Their modules' keys too");
      },
      run);
  commands.verb<Options>(
      "hub module-identity renew-key",
      {.line = "Give modules new keys",
       .about = "As `muster hub device-identity renew-key`, for modules of one device.",
       .examples = "$ muster hub module-identity renew-key -d pump-07 -m filter --kt primary\n"
                   "$ muster hub module-identity renew-key -d pump-07 -m '*' --kt both",
       .request = "POST /devices/keys/regenerate\nGET, PUT /devices/{id}/modules/{mid} with swap"},
      [](Flags& flags, Options& options) {
        options.of_modules = true;
        options.devices.resize(1);
        flags.text("--device-id,-d", options.devices.front(), "ID", "Id of the device").required();
        flags.list("--module-id,-m", options.modules, "ID", "Ids of the modules, or '*' for all").required();
        add_common(flags, options);
      },
      run);
}

}  // namespace muster::cli
