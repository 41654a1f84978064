#include "cli/commands.hpp"
#include "cli/hub_module_identity.hpp"

#include <fmt/format.h>

namespace muster::cli {
namespace {

struct Options {
  ModuleIdentityOptions owner;  ///< Without a module: the device's.
  std::string key = "primary";
};

/// What an SDK takes in place of host, names and key. x509=true says that the certificate is given apart.
Result<std::string> connection_string(const Json& identity, const std::string& host, const Options& options) {
  std::string text = fmt::format("HostName={};DeviceId={}", host, options.owner.device);
  if (!options.owner.module.empty()) text += fmt::format(";ModuleId={}", options.owner.module);
  const std::string type = text_at(identity, "authentication.type");
  if (type == "selfSigned" || type == "certificateAuthority") return text + ";x509=true";
  const std::string key = text_at(identity, fmt::format("authentication.symmetricKey.{}Key", options.key));
  if (key.empty()) {
    return failure(Error{ErrorCode::resource_not_found,
                         fmt::format("it authenticates by \"{}\" and has no {} key", type, options.key)}
                       .with_remedy("Nothing connects as it by a connection string."));
  }
  return fmt::format("{};SharedAccessKey={}", text, key);
}

Result<int> show(Invocation& invocation, const Options& options) {
  const DeviceIdentityOptions device{.hub = options.owner.hub, .device = options.owner.device};
  MUSTER_TRY(const Request request, options.owner.module.empty()
                                        ? device_request(invocation, device, "GET")
                                        : module_request(invocation, options.owner, "GET"));
  MUSTER_TRY(const Json identity, invocation.call(request));
  MUSTER_TRY(const std::string text, connection_string(identity, request.host, options));
  if (invocation.format() == Format::tsv) {
    invocation.shell().out << text << '\n';
  } else {
    invocation.print(Json{{"connectionString", text}}, {{"ConnectionString", "connectionString"}});
  }
  return 0;
}

void add_key_type(Flags& flags, Options& options) {
  flags.choice("--key-type,--kt", options.key, {"primary", "secondary"}, "Which of its two keys");
}

}  // namespace

void add_hub_identity_connection_string(Commands& commands) {
  commands.verb<Options>(
      "hub device-identity connection-string show",
      {.line = "Print the connection string of a device",
       .about = "Device SDKs take this text. It holds a key, unless the device has a certificate.",
       .examples = "$ muster hub device-identity connection-string show --device-id pump-07 -o tsv",
       .request = "GET /devices/{id}"},
      [](Flags& flags, Options& options) {
        flags.text("--device-id,-d", options.owner.device, "ID", "Id of the device").required();
        add_service_name(flags, ServiceKind::hub, options.owner.hub);
        add_key_type(flags, options);
      },
      show);
  commands.verb<Options>(
      "hub module-identity connection-string show",
      {.line = "Print the connection string of a module",
       .about = "Module clients of the SDKs take this text. It holds a key, unless the module has a "
                "certificate.",
       .examples = "$ muster hub module-identity connection-string show -d pump-07 -m filter -o tsv",
       .request = "GET /devices/{id}/modules/{mid}"},
      [](Flags& flags, Options& options) {
        add_module_id(flags, options.owner);
        add_key_type(flags, options);
      },
      show);
}

}  // namespace muster::cli
