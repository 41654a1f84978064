#include "cli/hub_module_identity.hpp"

#include "cli/commands.hpp"

#include <fmt/format.h>

#include <array>

namespace muster::cli {
namespace {

constexpr std::array<Column, 4> kColumns{{{"DeviceID", "deviceId"},
                                          {"ModuleID", "moduleId"},
                                          {"Auth", "authentication.type"},
                                          {"Connection", "connectionState"}}};

Result<int> list(Invocation& invocation, const ModuleIdentityOptions& options) {
  MUSTER_TRY(const std::string host, invocation.host(ServiceKind::hub, options.hub));
  const std::string target =
      fmt::format("/devices/{}/modules?{}", percent_encoded(options.device), kHubApiVersion);
  MUSTER_TRY(const Json modules, invocation.call({.host = host, .target = target}));
  invocation.print(modules, kColumns);
  return 0;
}

Result<int> show(Invocation& invocation, const ModuleIdentityOptions& options) {
  MUSTER_TRY(const Request request, module_request(invocation, options, "GET"));
  MUSTER_TRY(Json module, invocation.call(request));
  if (module.is_object()) module["hub"] = request.host;  // az adds it.
  invocation.print(module, kColumns);
  return 0;
}

Result<int> create(Invocation& invocation, const ModuleIdentityOptions& options) {
  AuthOptions auth = options.auth;
  MUSTER_CHECK(make_own_certificate(invocation, options.module, auth));
  Json module{{"deviceId", options.device},
              {"moduleId", options.module},
              {"authentication", {{"type", "sas"}, {"symmetricKey", Json::object()}}}};
  MUSTER_CHECK(apply_auth(auth, module));
  MUSTER_TRY(Request request, module_request(invocation, options, "PUT"));
  request.body = dump(module);
  MUSTER_TRY(const Json answer, invocation.call(request));
  invocation.print(answer, kColumns);
  return 0;
}

Result<int> update(Invocation& invocation, const ModuleIdentityOptions& options) {
  MUSTER_TRY(const Request read, module_request(invocation, options, "GET"));
  MUSTER_TRY(Json module, invocation.call(read));
  MUSTER_CHECK(apply_auth(options.auth, module));
  MUSTER_TRY(Request write, module_request(invocation, options, "PUT"));
  write.body = dump(module);
  write.headers.emplace_back("If-Match", quoted_etag(options.etag));
  MUSTER_TRY(const Json answer, invocation.call(write));
  invocation.print(answer, kColumns);
  return 0;
}

Result<int> remove(Invocation& invocation, const ModuleIdentityOptions& options) {
  MUSTER_TRY(Request request, module_request(invocation, options, "DELETE"));
  request.headers.emplace_back("If-Match", quoted_etag(options.etag));
  MUSTER_CHECK(invocation.call(request));
  return 0;
}

void add_etag(Flags& flags, ModuleIdentityOptions& options) {
  flags.text("--etag,-e", options.etag, "ETAG", "Only if it is still this version");
}

void add_writing(Commands& commands) {
  commands.verb<ModuleIdentityOptions>(
      "hub module-identity create",
      {.line = "Create a module of a device",
       .about = "A module connects for itself and has a twin of its own. Its keys are made by the hub unless "
                "the flags say otherwise. A device has at most 20.",
       .examples = "$ muster hub module-identity create --device-id pump-07 --module-id filter -o table",
       .request = "PUT /devices/{id}/modules/{mid}"},
      [](Flags& flags, ModuleIdentityOptions& options) {
        add_module_id(flags, options);
        add_auth(flags, options.auth);
        add_own_certificate(flags, options.auth);
      },
      create);
  commands.verb<ModuleIdentityOptions>(
      "hub module-identity update",
      {.line = "Change how a module proves itself",
       .about = "Reads the identity, changes what the flags name, and writes it back. A module whose key or "
                "thumbprint is replaced is disconnected at once.",
       .examples = "$ muster hub module-identity update -d pump-07 -m filter --am x509_ca",
       .request = "GET /devices/{id}/modules/{mid}\n"
                  "PUT /devices/{id}/modules/{mid}   If-Match: \"*\" or the etag"},
      [](Flags& flags, ModuleIdentityOptions& options) {
        add_module_id(flags, options);
        add_etag(flags, options);
        add_auth(flags, options.auth);
      },
      update);
  commands.verb<ModuleIdentityOptions>(
      "hub module-identity delete",
      {.line = "Delete a module and its twin",
       .about = "The module is disconnected; its device stays as it is.",
       .examples = "$ muster hub module-identity delete --device-id pump-07 --module-id filter",
       .request = "DELETE /devices/{id}/modules/{mid}   If-Match: \"*\" or the etag"},
      [](Flags& flags, ModuleIdentityOptions& options) {
        add_module_id(flags, options);
        add_etag(flags, options);
      },
      remove);
}

}  // namespace

void add_module_id(Flags& flags, ModuleIdentityOptions& options) {
  flags.text("--device-id,-d", options.device, "ID", "Id of the device").required();
  flags.text("--module-id,-m", options.module, "ID", "Id of the module").required();
  add_service_name(flags, ServiceKind::hub, options.hub);
}

Result<Request> module_request(Invocation& invocation, const ModuleIdentityOptions& options,
                               std::string method) {
  MUSTER_TRY(const std::string host, invocation.host(ServiceKind::hub, options.hub));
  return Request{.method = std::move(method),
                 .host = host,
                 .target = fmt::format("/devices/{}/modules/{}?{}", percent_encoded(options.device),
                                       percent_encoded(options.module), kHubApiVersion)};
}

void add_hub_module_identity(Commands& commands) {
  commands.verb<ModuleIdentityOptions>(
      "hub module-identity list",
      {.line = "List the modules of a device",
       .about = "An IoT Edge device has $edgeAgent and $edgeHub without anybody making them.",
       .examples = "$ muster hub module-identity list --device-id pump-07 -o table",
       .request = "GET /devices/{id}/modules"},
      [](Flags& flags, ModuleIdentityOptions& options) {
        flags.text("--device-id,-d", options.device, "ID", "Id of the device").required();
        add_service_name(flags, ServiceKind::hub, options.hub);
      },
      list);
  commands.verb<ModuleIdentityOptions>(
      "hub module-identity show",
      {.line = "Show one module",
       .about =
           "Prints the identity as the hub's registry has it. Its keys, where it has any, are part of it.",
       .examples = "$ muster hub module-identity show --device-id pump-07 --module-id filter",
       .request = "GET /devices/{id}/modules/{mid}"},
      add_module_id, show);
  add_writing(commands);
}

}  // namespace muster::cli
