#include "server/config.hpp"

#include "server/config_keys.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace muster::server {
namespace {

using nlohmann::json;

/// Variables with our prefix that are no keys: the world's folder, what `muster run` sets inside, and what
/// the project's own checks tell each other. Any other is a slip, and would otherwise do nothing in silence.
constexpr std::array<std::string_view, 5> kOtherVariables{"MUSTER_DATA", "MUSTER_CA_BUNDLE", "MUSTER_CHECK",
                                                          "MUSTER_BINARY", "MUSTER_ADDRESS"};

constexpr std::size_t kFoundMax = 80;  // What is shown of a value that is wrong.

/// Whole characters of it: half of one would make the reason no UTF-8.
std::string cut(std::string found) {
  if (found.size() <= kFoundMax) return found;
  std::size_t end = kFoundMax;
  while (end > 0 && (static_cast<unsigned char>(found[end]) & 0xC0) == 0x80) --end;
  return found.substr(0, end) + "...";
}

/// Reads the sources one after the other into one configuration, and keeps what is wrong.
class Loader {
 public:
  void read_file(const std::string& text) {
    if (text.empty()) return;
    // The parser would stop there, and what follows would do nothing in silence.
    if (const auto nul = text.find('\0'); nul != std::string::npos) {
      problem("muster.json", fmt::format("a NUL at byte {}", nul + 1), "a JSON object; comments are allowed");
      return;
    }
    try {
      const json document = json::parse(text, nullptr, true, true);
      if (!document.is_object()) {
        problem("muster.json", document.dump(-1, ' ', false, json::error_handler_t::replace),
                "a JSON object");
        return;
      }
      read_object(document, "");
    } catch (const json::parse_error& error) {
      problem("muster.json", fmt::format("not JSON at byte {}", error.byte),
              "a JSON object; comments are allowed");
    }
  }

  void read_environment(const std::map<std::string, std::string>& environment) {
    std::map<std::string, std::string> key_of;
    for (const ConfigKey& key : config_keys()) key_of[environment_name(key.name)] = key.name;
    for (const auto& [name, text] : environment) {
      if (!name.starts_with("MUSTER_")) continue;
      const auto known = key_of.find(name);
      if (known != key_of.end()) {
        set(known->second, json(text), Origin::environment, name);
      } else if (std::ranges::find(kOtherVariables, name) == kOtherVariables.end()) {
        problem(name, text, known_variable_near(key_name(name)));
      }
    }
  }

  void read_flags(const std::vector<std::pair<std::string, std::string>>& flags) {
    for (const auto& [key, text] : flags) set(key, json(text), Origin::flag, "flag");
  }

  Result<LoadedConfig, std::vector<ConfigProblem>> finish() && {
    if (!problems_.empty()) return failure(std::move(problems_));
    return std::move(loaded_);
  }

 private:
  void read_object(const json& object, const std::string& prefix) {
    for (const auto& [name, value] : object.items()) {
      const std::string key = prefix.empty() ? name : prefix + '.' + name;
      // Some keys hold an object themselves.
      if (value.is_object() && find_config_key(key) == nullptr) {
        read_object(value, key);
      } else {
        set(key, value, Origin::file, "muster.json");
      }
    }
  }

  void set(const std::string& name, const json& value, Origin origin, std::string_view where) {
    const ConfigKey* key = find_config_key(name);
    if (key == nullptr) {
      problem(name, shown(value, where), known_key_near(name));
    } else if (!key->set(loaded_.config, value)) {
      problem(name, shown(value, where), key->wanted);
    } else {
      loaded_.origins[name] = origin;
    }
  }

  void problem(std::string key, std::string found, std::string wanted) {
    problems_.push_back({std::move(key), cut(std::move(found)), std::move(wanted)});
  }

  static std::string shown(const json& value, std::string_view where) {
    return fmt::format("{} ({})", value.dump(-1, ' ', false, json::error_handler_t::replace), where);
  }

  /// "MUSTER_EVENT_LOG__SEGMENT_BYTE" -> "event_log.segment_byte".
  static std::string key_name(std::string_view variable) {
    std::string key;
    for (std::size_t i = std::string_view{"MUSTER_"}.size(); i < variable.size(); ++i) {
      const bool section = variable.substr(i, 2) == "__";
      key += section                                    ? '.'
             : variable[i] >= 'A' && variable[i] <= 'Z' ? static_cast<char>(variable[i] + 32)
                                                        : variable[i];
      if (section) ++i;
    }
    return key;
  }

  LoadedConfig loaded_;
  std::vector<ConfigProblem> problems_;
};

}  // namespace

std::string_view origin_name(Origin origin) noexcept {
  switch (origin) {
    case Origin::default_value:
      return "default";
    case Origin::file:
      return "file";
    case Origin::environment:
      return "environment";
    case Origin::flag:
      return "flag";
  }
  return "default";
}

Origin LoadedConfig::origin_of(const std::string& key) const {
  const auto known = origins.find(key);
  return known == origins.end() ? Origin::default_value : known->second;
}

Result<LoadedConfig, std::vector<ConfigProblem>> load_config(const ConfigSources& sources) {
  Loader loader;
  loader.read_file(sources.file_text);
  loader.read_environment(sources.environment);
  loader.read_flags(sources.flags);
  return std::move(loader).finish();
}

Error config_error(const std::vector<ConfigProblem>& problems) {
  std::string reason = problems.size() == 1 ? "" : fmt::format("{} problems: ", problems.size());
  bool first = true;
  for (const ConfigProblem& problem : problems) {
    reason += fmt::format("{}{}: found {}, wanted {}", first ? "" : "; ", problem.key, problem.found,
                          problem.wanted);
    first = false;
  }
  return Error{ErrorCode::config_invalid, std::move(reason)};
}

}  // namespace muster::server
