#pragma once

#include "cli/command.hpp"
#include "server/config.hpp"

#include <map>
#include <string>
#include <vector>

namespace muster::cli {

/// The configuration as flags: --set key=value, a flag for each key, and --name for `names`.
struct ConfigFlags {
  std::vector<std::string> set;
  std::vector<std::string> names;
  std::map<std::string, std::string> by_key;  ///< Filled with every key; empty where not given.
};

/// Keys without a section are listed in the help (--mqtt-port); the others exist and are not
/// (--event-log.segment-bytes): `muster config show` lists them all.
void add_config_flags(Flags& flags, ConfigFlags& values);

/// The world's muster.json, the environment and the flags, ready to be loaded. config_unreadable when the
/// file is there and cannot be read; usage for a --set without "=".
Result<server::ConfigSources> config_sources(Invocation& invocation, const ConfigFlags& flags);

/// All of it: config_invalid with every problem in the reason.
Result<server::LoadedConfig> load_world_config(Invocation& invocation, const ConfigFlags& flags);

}  // namespace muster::cli
