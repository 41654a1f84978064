#include "cli/config_flags.hpp"

#include "base/bytes.hpp"
#include "server/config_keys.hpp"

#include <fmt/format.h>

namespace muster::cli {
namespace {

constexpr std::uint64_t kFileBytesMax = 1u << 20;

std::string flag_name(std::string key) {
  for (char& c : key) c = c == '_' ? '-' : c;
  return "--" + key;
}

}  // namespace

void add_config_flags(Flags& flags, ConfigFlags& values) {
  for (const server::ConfigKey& key : server::config_keys()) {
    Flag option = flags.text(flag_name(key.name), values.by_key[key.name], "VALUE", key.help);
    if (key.name.find('.') != std::string::npos) option.group("");
  }
  flags.repeated("--name", values.names, "HOST",
                 "A host name that the service answers as; may be given again");
  flags.repeated("--set", values.set, "KEY=VALUE", "Sets a key of the configuration; may be given again");
}

Result<server::ConfigSources> config_sources(Invocation& invocation, const ConfigFlags& flags) {
  server::ConfigSources sources;
  disk::Disk& disk = invocation.shell().disk;
  const std::string path = invocation.folder() + "/muster.json";
  const auto exists = disk.exists(path);
  if (!exists) return failure(ErrorCode::config_unreadable, exists.error().reason());
  if (*exists) {
    const auto bytes = disk::read_all(disk, path, kFileBytesMax);
    if (!bytes) return failure(ErrorCode::config_unreadable, bytes.error().reason());
    sources.file_text = as_text(*bytes);
  }
  sources.environment = invocation.shell().environment;
  for (const std::string& pair : flags.set) {
    const std::size_t equals = pair.find('=');
    if (equals == std::string::npos) {
      return failure(ErrorCode::usage, fmt::format("--set wants KEY=VALUE and got {}", pair));
    }
    sources.flags.emplace_back(pair.substr(0, equals), pair.substr(equals + 1));
  }
  for (const auto& [key, text] : flags.by_key) {
    if (!text.empty()) sources.flags.emplace_back(key, text);
  }
  if (!flags.names.empty())
    sources.flags.emplace_back("names", fmt::format("{}", fmt::join(flags.names, ",")));
  return sources;
}

Result<server::LoadedConfig> load_world_config(Invocation& invocation, const ConfigFlags& flags) {
  MUSTER_TRY(const server::ConfigSources sources, config_sources(invocation, flags));
  auto loaded = server::load_config(sources);
  if (!loaded) return failure(server::config_error(loaded.error()));
  return std::move(*loaded);
}

}  // namespace muster::cli
