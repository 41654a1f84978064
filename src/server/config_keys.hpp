#pragma once

#include "server/config.hpp"

#include <nlohmann/json.hpp>

#include <span>
#include <string>

namespace muster::server {

/// One key of the configuration: the row that reading, checking, `muster config show` and the reference page
/// share.
struct ConfigKey {
  std::string name;    ///< "event_log.segment_bytes".
  std::string help;    ///< One line.
  std::string wanted;  ///< The rule, as a phrase.
  bool needs_restart = true;
  /// Takes the value into the struct, and is false when it breaks the rule. Texts from the environment and
  /// from flags come as JSON strings and are read as what the key holds.
  bool (*set)(Config& config, const nlohmann::json& value);
  nlohmann::json (*get)(const Config& config);
};

/// All keys, in the order of the reference page.
std::span<const ConfigKey> config_keys();
/// nullptr when there is none of that name.
const ConfigKey* find_config_key(std::string_view name);
/// The nearest key's name, in words for `wanted`: "a known key; did you mean ...?".
std::string known_key_near(std::string_view name);
/// The same for an environment variable, given as the key that it would set: "a known key: did you mean
/// MUSTER_SHARDS?".
std::string known_variable_near(std::string_view key);
/// "event_log.segment_bytes" -> "MUSTER_EVENT_LOG__SEGMENT_BYTES".
std::string environment_name(std::string_view key);

/// docs/reference/configuration.md.
std::string configuration_reference();

}  // namespace muster::server
