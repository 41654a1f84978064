#include "cli/commands.hpp"
#include "cli/config_flags.hpp"
#include "cli/exit_status.hpp"
#include "server/config_keys.hpp"

#include <fmt/format.h>

namespace muster::cli {
namespace {

struct ShowOptions {
  ConfigFlags config;
  bool origin = false;
};

Json as_json(const nlohmann::json& value) { return Json::parse(value.dump()); }

/// Puts a dotted key where it would be in muster.json.
void place(Json& document, std::string_view key, Json value) {
  const std::size_t dot = key.find('.');
  const std::string name{key.substr(0, dot)};
  if (dot == std::string_view::npos) {
    document[name] = std::move(value);
  } else {
    place(document[name], key.substr(dot + 1), std::move(value));
  }
}

Result<int> check(Invocation& invocation, const ConfigFlags& flags) {
  MUSTER_TRY(const server::ConfigSources sources, config_sources(invocation, flags));
  const auto loaded = server::load_config(sources);
  if (loaded) {
    if (invocation.wants_data()) {
      invocation.print(Json::array());
    } else {
      invocation.shell().out << fmt::format("{}/muster.json: no problems\n", invocation.folder());
    }
    return 0;
  }
  Json problems = Json::array();
  for (const server::ConfigProblem& problem : loaded.error()) {
    problems.push_back({{"key", problem.key}, {"found", problem.found}, {"wanted", problem.wanted}});
  }
  const std::array columns{Column{"Key", "key"}, Column{"Found", "found"}, Column{"Wanted", "wanted"}};
  write_output(invocation.shell().out, problems,
               invocation.wants_data() ? invocation.format() : Format::table, columns);
  return failure(ErrorCode::config_invalid,
                 fmt::format("{} in {}/muster.json, the environment and the flags",
                             problems.size() == 1 ? std::string{"1 problem"}
                                                  : fmt::format("{} problems", problems.size()),
                             invocation.folder()));
}

Result<int> show(Invocation& invocation, const ShowOptions& options) {
  MUSTER_TRY(const server::LoadedConfig loaded, load_world_config(invocation, options.config));
  const bool nested =
      !options.origin && (invocation.format() == Format::json || invocation.format() == Format::jsonc);
  Json rows = Json::array();
  Json document = Json::object();
  for (const server::ConfigKey& key : server::config_keys()) {
    const Json value = as_json(key.get(loaded.config));
    place(document, key.name, value);
    rows.push_back({{"key", key.name},
                    {"value", value},
                    {"origin", std::string{server::origin_name(loaded.origin_of(key.name))}}});
  }
  if (nested) {
    invocation.print(document);
  } else if (options.origin) {
    invocation.print(rows, {{"Key", "key"}, {"Value", "value"}, {"Origin", "origin"}});
  } else {
    invocation.print(rows, {{"Key", "key"}, {"Value", "value"}});
  }
  return 0;
}

}  // namespace

void add_config(Commands& commands) {
  commands.verb<ConfigFlags>(
      "config check",
      {.line = "Judge the configuration without starting anything",
       .about = "Reads muster.json, the environment and the flags as `muster up` does, and lists every "
                "problem with what "
                "was found and what is wanted. Opens no socket and writes no file.",
       .examples =
           "$ muster config check --set event_log.retention_hours=0 --set event_log.segmnt_bytes=1\n"
           "Key                        Found       Wanted\n"
           "-------------------------  ----------  ------------------------------------------------------\n"
           "event_log.retention_hours  \"0\" (flag)  a whole number, 1 to 168\n"
           "event_log.segmnt_bytes     \"1\" (flag)  a known key: did you mean event_log.segment_bytes?",
       .request = ""},
      add_config_flags, check);
  commands.verb<ShowOptions>(
      "config show",
      {.line = "Print the whole configuration",
       .about = "Shows every key with the value that `muster up` would use, defaults included. --origin says "
                "who set it: "
                "default, file, environment or flag.",
       .examples = "$ muster config show --set mqtt_port=18883 --origin -o tsv | grep mqtt_port\n"
                   "mqtt_port\tflag\t18883",
       .request = ""},
      [](Flags& flags, ShowOptions& options) {
        add_config_flags(flags, options.config);
        flags.toggle("--origin", options.origin, "Say who set each key");
      },
      show);
}

}  // namespace muster::cli
