#include "simulator/device_config.hpp"

#include "base/nearest.hpp"
#include "muster/ids.hpp"
#include "net/address.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>
#include <optional>
#include <vector>

namespace muster::simulator {
namespace {

using Json = nlohmann::ordered_json;

struct Key {
  std::string_view name;
  std::string_view variable;  ///< Empty: none.
};
// The variables are those of the official SDKs' X.509 samples.
constexpr std::array kKeys{Key{"provisioning_host", "PROVISIONING_HOST"},
                           Key{"id_scope", "PROVISIONING_IDSCOPE"},
                           Key{"registration_id", "DPS_X509_REGISTRATION_ID"},
                           Key{"cert_file", "X509_CERT_FILE"},
                           Key{"key_file", "X509_KEY_FILE"},
                           Key{"key_passphrase", "PASS_PHRASE"},
                           Key{"ca_file", {}},
                           Key{"connect_to", {}},
                           Key{"messages", {}},
                           Key{"interval_seconds", {}},
                           Key{"payload", {}}};

constexpr std::uint16_t kMqttPort = 8883;

/// One value, and who said it.
struct Said {
  Json value;
  std::string where;
  bool in_file = false;
};

class Reader {
 public:
  explicit Reader(const DeviceConfigSources& sources) : sources_{sources} { read_file(); }

  DeviceConfig read() {
    DeviceConfig config;
    config.provisioning_host = text("provisioning_host", true);
    config.id_scope = text("id_scope", true);
    config.registration_id = text("registration_id", true);
    check_registration_id(config.registration_id);
    config.cert_file = text("cert_file", true);
    config.cert_path = path_of("cert_file", config.cert_file);
    config.key_file = text("key_file", true);
    config.key_path = path_of("key_file", config.key_file);
    config.key_passphrase = text("key_passphrase", false);
    config.ca_path = path_of("ca_file", text("ca_file", false));
    config.connect_to = text("connect_to", false);
    check_address(config.connect_to);
    config.messages = messages();
    config.interval = interval();
    config.payload_json = payload();
    return config;
  }
  const std::vector<std::string>& problems() const noexcept { return problems_; }

 private:
  void read_file() {
    if (sources_.text.empty()) return;
    // The parser would stop at a NUL, and what follows would do nothing in silence.
    const bool has_nul = sources_.text.find('\0') != std::string::npos;
    file_ = Json::parse(sources_.text, nullptr, false, true);
    if (has_nul || file_.is_discarded() || !file_.is_object()) {
      problems_.push_back(fmt::format("{}: not a JSON object", sources_.path));
      file_ = Json::object();
      return;
    }
    std::vector<std::string> names;
    for (const Key& key : kKeys) names.emplace_back(key.name);
    for (const auto& [name, value] : file_.items()) {
      if (std::find(names.begin(), names.end(), name) != names.end()) continue;
      // Other programs may keep keys of their own in the file; what looks like a slip is one.
      if (const auto meant = nearest_word(name, names)) {
        problems_.push_back(fmt::format("{}: unknown key (did you mean {}?)", name, *meant));
      }
    }
  }

  /// Flags first, then the environment, then the file; an empty variable says nothing.
  std::optional<Said> find(std::string_view name) const {
    const std::string key{name};
    if (const auto flag = sources_.flags.find(key); flag != sources_.flags.end()) {
      std::string where = "--" + key;
      std::replace(where.begin(), where.end(), '_', '-');
      return Said{flag->second, std::move(where), false};
    }
    const auto* row =
        std::find_if(kKeys.begin(), kKeys.end(), [name](const Key& k) { return k.name == name; });
    const std::string variable{row->variable};
    const auto set = sources_.environment.find(variable);
    if (!variable.empty() && set != sources_.environment.end() && !set->second.empty()) {
      return Said{set->second, variable, false};
    }
    if (file_.is_object() && file_.contains(key) && !file_.at(key).is_null()) {
      return Said{file_.at(key), key, true};
    }
    return std::nullopt;
  }

  std::string text(std::string_view name, bool required) {
    const std::optional<Said> said = find(name);
    if (!said) {
      if (required) problems_.push_back(fmt::format("{}: missing", name));
      return {};
    }
    if (!said->value.is_string()) {
      wants(*said, "a string");
      return {};
    }
    auto value = said->value.get<std::string>();
    if (value.empty() && required) wants(*said, "a string that is not empty");
    return value;
  }

  /// Paths in the file are relative to it, others to the process.
  std::string path_of(std::string_view name, const std::string& value) const {
    const std::optional<Said> said = find(name);
    if (value.empty() || value.front() == '/' || !said || !said->in_file) return value;
    const std::size_t slash = sources_.path.rfind('/');
    return slash == std::string::npos ? value : sources_.path.substr(0, slash + 1) + value;
  }

  void check_registration_id(const std::string& id) {
    if (id.empty()) return;  // Said already.
    if (const auto parsed = RegistrationId::parse(id); !parsed) {
      problems_.push_back(fmt::format("registration_id: \"{}\" {}", id, parsed.error()));
    }
  }

  void check_address(const std::string& address) {
    if (address.empty() || net::parse_endpoint(address, kMqttPort)) return;
    problems_.push_back(
        fmt::format("connect_to: wants an address like 127.0.0.1:8883, found \"{}\"", address));
  }

  /// The number that a flag or the file holds; nullopt when it was not said, or is none (which is a problem).
  std::optional<double> number(std::string_view name, std::string_view wanted) {
    const std::optional<Said> said = find(name);
    if (!said) return std::nullopt;
    const Json value = said->in_file ? said->value : parsed(said->value);
    if (value.is_number() && value.get<double>() >= 0) return value.get<double>();
    wants(*said, wanted);
    return std::nullopt;
  }

  std::uint64_t messages() {
    constexpr std::string_view kWanted = "a whole number, 0 for no end";
    constexpr double kMessagesMax = 1e15;
    const auto value = number("messages", kWanted);
    if (!value) return DeviceConfig{}.messages;
    if (*value > kMessagesMax || *value != static_cast<double>(static_cast<std::uint64_t>(*value))) {
      wants(*find("messages"), kWanted);
      return 0;
    }
    return static_cast<std::uint64_t>(*value);
  }

  std::chrono::milliseconds interval() {
    constexpr std::string_view kWanted = "a number of seconds from 0 to 86400";
    constexpr double kIntervalMax_s = 86'400;
    const auto value = number("interval_seconds", kWanted);
    if (!value) return DeviceConfig{}.interval;
    if (*value > kIntervalMax_s) {
      wants(*find("interval_seconds"), kWanted);
      return {};
    }
    return std::chrono::milliseconds{static_cast<std::int64_t>(*value * 1000)};
  }

  std::string payload() {
    const std::optional<Said> said = find("payload");
    if (!said) return {};
    const Json value = said->in_file ? said->value : parsed(said->value);
    if (!value.is_discarded()) return value.dump(-1, ' ', false, Json::error_handler_t::replace);
    wants(*said, "a JSON value");
    return {};
  }

  static Json parsed(const Json& flag) { return Json::parse(flag.get<std::string>(), nullptr, false); }

  void wants(const Said& said, std::string_view wanted) {
    problems_.push_back(fmt::format("{}: wants {}, found {}", said.where, wanted,
                                    said.value.dump(-1, ' ', false, Json::error_handler_t::replace)));
  }

  const DeviceConfigSources& sources_;
  Json file_ = Json::object();
  std::vector<std::string> problems_;
};

}  // namespace

Result<DeviceConfig> load_device_config(const DeviceConfigSources& sources) {
  Reader reader{sources};
  DeviceConfig config = reader.read();
  if (!reader.problems().empty()) {
    return failure(ErrorCode::device_config_invalid,
                   fmt::format("{}: {}", sources.path, fmt::join(reader.problems(), "; ")));
  }
  if (config.key_file.starts_with("pkcs11:")) {
    return failure(ErrorCode::key_uri_unsupported, fmt::format("key_file is {}", config.key_file));
  }
  return config;
}

}  // namespace muster::simulator
