#include "cli/commands.hpp"
#include "cli/service_flags.hpp"

#include <fmt/format.h>

namespace muster::cli {
namespace {

struct Options {
  std::string name, policy, key = "primary";
};

std::string owner_policy(ServiceKind kind) {
  return kind == ServiceKind::hub ? "iothubowner" : "provisioningserviceowner";
}

Result<Json> find_policy(const Json& policies, const std::string& name) {
  if (policies.is_array()) {
    for (const Json& policy : policies) {
      if (text_at(policy, "keyName") == name) return policy;
    }
  }
  return failure(ErrorCode::resource_not_found, fmt::format("there is no shared access policy {}", name));
}

Result<int> show(Invocation& invocation, const ServiceNoun& noun, const Options& options) {
  MUSTER_TRY(const std::string path, invocation.resource_path(noun.kind, options.name));
  MUSTER_TRY(const std::string host, invocation.host(noun.kind, options.name));
  MUSTER_TRY(const Json answer,
             invocation.call({.method = "POST",
                              .host = std::string{kManagementHost},
                              .target = fmt::format("{}/listkeys?api-version={}", path, noun.api_version)}));
  const std::string policy_name = options.policy.empty() ? owner_policy(noun.kind) : options.policy;
  MUSTER_TRY(const Json policy, find_policy(at_path(answer, "value"), policy_name));
  const std::string key = text_at(policy, options.key == "secondary" ? "secondaryKey" : "primaryKey");
  const std::string text =
      fmt::format("HostName={};SharedAccessKeyName={};SharedAccessKey={}", host, policy_name, key);
  if (invocation.format() == Format::tsv) {
    invocation.shell().out << text << '\n';
  } else {
    invocation.print(Json{{"connectionString", text}}, {{"ConnectionString", "connectionString"}});
  }
  return 0;
}

Help help_of(const ServiceNoun& noun) {
  return {
      .line = fmt::format("Print the connection string of a {}", noun.title),
      .about =
          "Azure's service SDKs and az take this text in place of a sign-in. It holds a key: whoever has it "
          "may "
          "do what the policy allows.",
      .examples = fmt::format("$ muster {} connection-string show -o tsv", noun.word),
      .request = fmt::format(
          "POST /subscriptions/{{s}}/resourceGroups/{{rg}}/providers/Microsoft.Devices/{}/{{name}}/listkeys",
          resource_type(noun.kind))};
}

}  // namespace

void add_service_connection_string(Commands& commands) {
  for (const ServiceNoun& noun : kServiceNouns) {
    commands.verb<Options>(
        fmt::format("{} connection-string show", noun.word), help_of(noun),
        [&noun](Flags& flags, Options& options) {
          add_service_name(flags, noun.kind, options.name);
          flags.text("--policy-name,--pn", options.policy, "NAME",
                     fmt::format("Shared access policy; else {}", owner_policy(noun.kind)));
          flags.choice("--key-type,--kt", options.key, {"primary", "secondary"},
                       "Which of the policy's two keys");
        },
        [&noun](Invocation& invocation, const Options& options) { return show(invocation, noun, options); });
  }
}

}  // namespace muster::cli
