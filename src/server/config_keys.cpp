#include "server/config_keys.hpp"

#include "base/nearest.hpp"
#include "muster/ids.hpp"
#include "provisioning/geography.hpp"

#include <fmt/format.h>

#include <charconv>
#include <limits>
#include <optional>

namespace muster::server {
namespace {

using nlohmann::json;

/// A whole number: a JSON number, or text that is nothing else.
std::optional<std::uint64_t> read_number(const json& value) {
  if (value.is_number_unsigned()) return value.get<std::uint64_t>();
  if (!value.is_string()) return std::nullopt;
  const auto& text = value.get_ref<const std::string&>();
  std::uint64_t number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (code != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

/// A size: a number, or text with KiB, MiB or GiB after it.
std::optional<std::uint64_t> read_bytes(const json& value) {
  if (!value.is_string()) return read_number(value);
  std::string text = value.get<std::string>();
  unsigned shift = 0;
  constexpr std::pair<std::string_view, unsigned> kUnits[] = {{"KiB", 10}, {"MiB", 20}, {"GiB", 30}};
  for (const auto& [unit, bits] : kUnits) {
    if (!text.ends_with(unit)) continue;
    text.resize(text.size() - unit.size());
    shift = bits;
  }
  while (text.ends_with(' ')) text.pop_back();
  const auto number = read_number(text);
  if (!number || *number > (std::numeric_limits<std::uint64_t>::max() >> shift)) return std::nullopt;
  return *number << shift;
}

template <typename T>
bool set_within(T& target, std::optional<std::uint64_t> number, std::uint64_t least, std::uint64_t most) {
  if (!number || *number < least || *number > most) return false;
  target = static_cast<T>(*number);
  return true;
}

/// A list: a JSON array of texts, or one text with commas.
bool set_texts(std::vector<std::string>& target, const json& value) {
  std::vector<std::string> texts;
  if (value.is_array()) {
    for (const json& item : value) {
      if (!item.is_string() || item.get_ref<const std::string&>().empty()) return false;
      texts.push_back(item.get<std::string>());
    }
  } else if (value.is_string()) {
    std::string_view rest = value.get_ref<const std::string&>();
    while (!rest.empty()) {
      const std::size_t comma = rest.find(',');
      if (comma == 0) return false;
      texts.emplace_back(rest.substr(0, comma));
      rest = comma == std::string_view::npos ? std::string_view{} : rest.substr(comma + 1);
    }
  } else {
    return false;
  }
  target = std::move(texts);
  return true;
}

/// What an address may be made of; whether it can be bound is found when it is.
bool looks_like_address(const std::string& text) {
  const bool is_v6 = text.find(':') != std::string::npos;
  const std::string_view allowed = is_v6 ? "0123456789abcdefABCDEF:.%" : "0123456789.";
  return text.find_first_not_of(allowed) == std::string::npos &&
         (is_v6 || text.find('.') != std::string::npos);
}

bool looks_like_host(const std::string& text) {
  constexpr std::size_t kHostMax = 253;  // RFC 1035 section 2.3.4.
  if (text.size() > kHostMax || text.front() == '.' || text.front() == '-') return false;
  return std::ranges::all_of(text, [](char c) { return is_ascii_alnum(c) || c == '-' || c == '.'; });
}

template <typename T>
struct Word {
  std::string_view text;
  T value;
};

template <typename T, std::size_t N>
bool set_word(T& target, const json& value, const Word<T> (&words)[N]) {
  if (!value.is_string()) return false;
  for (const Word<T>& word : words) {
    if (word.text != value.get_ref<const std::string&>()) continue;
    target = word.value;
    return true;
  }
  return false;
}

template <typename T, std::size_t N>
json get_word(T value, const Word<T> (&words)[N]) {
  for (const Word<T>& word : words) {
    if (word.value == value) return word.text;
  }
  return nullptr;
}

constexpr Word<IdentityType> kIdentityTypes[] = {
    {"selfSigned", IdentityType::self_signed}, {"certificateAuthority", IdentityType::certificate_authority}};
constexpr Word<DisabledStatus> kDisabledStatuses[] = {{"unauthorized", DisabledStatus::unauthorized},
                                                      {"forbidden", DisabledStatus::forbidden},
                                                      {"disabled", DisabledStatus::disabled}};
constexpr Word<LimitsProfile> kProfiles[] = {{"none", LimitsProfile::none},
                                             {"azure-s1", LimitsProfile::azure_s1}};
constexpr Word<log::Level> kLevels[] = {{"trace", log::Level::trace}, {"debug", log::Level::debug},
                                        {"info", log::Level::info},   {"warning", log::Level::warning},
                                        {"error", log::Level::error}, {"off", log::Level::off}};

constexpr std::uint64_t kMiB = 1u << 20;
constexpr std::uint64_t kGiB = 1u << 30;

// One row a key. MEMBER is where it lives in Config; the macros spare thirty pairs of lambdas that differ in
// nothing else.
#define MUSTER_NUMBER_KEY(NAME, MEMBER, LEAST, MOST, HELP)                                          \
  ConfigKey {                                                                                       \
    NAME, HELP, fmt::format("a whole number, {} to {}", LEAST, MOST), true,                         \
        [](Config& c, const json& v) { return set_within(c.MEMBER, read_number(v), LEAST, MOST); }, \
        [](const Config& c) { return json(c.MEMBER); }                                              \
  }
#define MUSTER_BYTES_KEY(NAME, MEMBER, LEAST, MOST, RANGE, HELP)                                   \
  ConfigKey {                                                                                      \
    NAME, HELP, "bytes, " RANGE ", as a number or like \"64MiB\"", true,                           \
        [](Config& c, const json& v) { return set_within(c.MEMBER, read_bytes(v), LEAST, MOST); }, \
        [](const Config& c) { return json(c.MEMBER); }                                             \
  }
#define MUSTER_WORD_KEY(NAME, MEMBER, WORDS, RULE, HELP)                                           \
  ConfigKey {                                                                                      \
    NAME, HELP, RULE, true, [](Config& c, const json& v) { return set_word(c.MEMBER, v, WORDS); }, \
        [](const Config& c) { return get_word(c.MEMBER, WORDS); }                                  \
  }

bool set_listen(Config& config, const json& value) {
  std::vector<std::string> addresses;
  if (!set_texts(addresses, value) || addresses.empty()) return false;
  if (!std::ranges::all_of(addresses, looks_like_address)) return false;
  config.listen = std::move(addresses);
  return true;
}

bool set_names(Config& config, const json& value) {
  std::vector<std::string> names;
  if (!set_texts(names, value) || !std::ranges::all_of(names, looks_like_host)) return false;
  config.names = std::move(names);
  return true;
}

std::vector<ConfigKey> service_keys() {
  return {
      {"listen", "Addresses that the service listens on",
       "IPv4 or IPv6 addresses: a list, or separated by commas", true, set_listen,
       [](const Config& c) { return json(c.listen); }},
      {"names", "Further host names that the service answers as, beside Azure's, localhost and the addresses",
       "host names: a list, or separated by commas", true, set_names,
       [](const Config& c) { return json(c.names); }},
      MUSTER_NUMBER_KEY("mqtt_port", mqtt_port, 1, 65535, "Port of MQTT over TLS"),
      MUSTER_NUMBER_KEY("https_port", https_port, 1, 65535,
                        "Port of HTTPS; 8443 is taken where 443 may not be bound and this was not set"),
      MUSTER_NUMBER_KEY("amqp_port", amqp_port, 1, 65535, "Port of AMQP over TLS"),
      MUSTER_NUMBER_KEY("admin_port", admin_port, 1, 65535,
                        "Port of health, readiness and metrics, loopback only"),
      MUSTER_NUMBER_KEY("shards", shards, 0, 64,
                        "Threads that serve connections; 0 is one a core, at most 2"),
      MUSTER_WORD_KEY("log.level", log_level, kLevels, "trace, debug, info, warning, error or off",
                      "The least that is logged to standard error"),
  };
}

bool set_segment_bytes(Config& config, const json& value) {
  const auto bytes = read_bytes(value);
  if (!bytes || (*bytes & (*bytes - 1)) != 0) return false;
  return set_within(config.event_log.segment_bytes, bytes, kMiB, kGiB);
}

std::vector<ConfigKey> storage_keys() {
  return {
      {"event_log.segment_bytes", "Size at which a segment of the event log is closed and the next one begun",
       "bytes, a power of two, 1 MiB to 1 GiB, as a number or like \"64MiB\"", true, set_segment_bytes,
       [](const Config& c) { return json(c.event_log.segment_bytes); }},
      MUSTER_NUMBER_KEY(
          "event_log.flush_interval_us", event_log.flush_interval_us, 0, 100'000,
          "Longest that an event waits for company before it is written to disk, in microseconds"),
      MUSTER_NUMBER_KEY("event_log.retention_hours", event_log.retention_hours, 1, 168,
                        "How long events are kept; whole segments are deleted"),
      MUSTER_BYTES_KEY("event_log.queue_bytes_max", event_log.queue_bytes_max, kMiB, 4 * kGiB,
                       "1 MiB to 4 GiB", "Events that may wait for the disk before devices are made to wait"),
      MUSTER_BYTES_KEY("event_log.reserve_bytes", event_log.reserve_bytes, 0, 64 * kGiB, "0 to 64 GiB",
                       "Free space on the disk below which no event is accepted"),
  };
}

std::vector<ConfigKey> provisioning_keys() {
  return {
      MUSTER_NUMBER_KEY("dps.retry_after_s", dps.retry_after_s, 1, 60,
                        "Seconds after which a device that registers is told to ask again"),
      MUSTER_NUMBER_KEY(
          "dps.response_delay_ms", dps.response_delay_ms, 0, 5'000,
          "Milliseconds between the acknowledgement of a request and its answer; the Java SDK loses an "
          "answer that comes with it"),
      MUSTER_WORD_KEY(
          "dps.identity_type", dps.identity_type, kIdentityTypes, "selfSigned or certificateAuthority",
          "Identity made at the hub for a group's device: its thumbprint, as Azure does, or its CA"),
      MUSTER_WORD_KEY("dps.disabled_status", dps.disabled_status, kDisabledStatuses,
                      "unauthorized, forbidden or disabled",
                      "Answer to a device whose enrollment is disabled: error 401, or status disabled"),
  };
}

/// An object, or the text of one.
std::optional<json> read_object(const json& value) {
  json object = value.is_string() ? json::parse(value.get_ref<const std::string&>(), nullptr, false) : value;
  if (!object.is_object()) return std::nullopt;
  return object;
}

bool set_latency(Config& config, const json& value) {
  constexpr std::uint64_t kLatencyMax = 60'000;
  const auto table = read_object(value);
  if (!table) return false;
  std::map<std::string, std::map<std::string, std::uint32_t>> latency;
  for (const auto& [place, row] : table->items()) {
    if (place.empty() || !row.is_object()) return false;
    for (const auto& [location, cell] : row.items()) {
      const bool fits = cell.is_number_unsigned() && cell.get<std::uint64_t>() <= kLatencyMax;
      if (!fits || location.empty()) return false;
      latency[provisioning::short_place(place)][provisioning::short_place(location)] =
          cell.get<std::uint32_t>();
    }
  }
  config.dps.latency = std::move(latency);
  return true;
}

bool set_places(Config& config, const json& value) {
  const auto table = read_object(value);
  if (!table) return false;
  std::map<std::string, std::vector<std::string>> places;
  for (const auto& [place, ranges] : table->items()) {
    if (place.empty() || !set_texts(places[provisioning::short_place(place)], ranges)) return false;
  }
  for (const auto& [place, ranges] : places) {
    for (const std::string& range : ranges) {
      if (!provisioning::parse_place_range(range, place)) return false;
    }
  }
  config.dps.places = std::move(places);
  return true;
}

bool set_place(std::string& target, const json& value) {
  if (!value.is_string()) return false;
  target = provisioning::short_place(value.get_ref<const std::string&>());
  return true;
}

bool set_text(std::string& target, const json& value) {
  if (!value.is_string()) return false;
  target = value.get<std::string>();
  return true;
}

std::vector<ConfigKey> allocation_keys() {
  return {
      {"dps.latency", "Allocation by latency: milliseconds from each place to each location of hubs",
       "an object of places, each an object of locations and 0 to 60000", true, set_latency,
       [](const Config& c) { return json(c.dps.latency); }},
      {"dps.places", "Allocation by latency: the address ranges of devices that are at a place",
       "an object of places, each a list of ranges like \"10.1.0.0/16\"", true, set_places,
       [](const Config& c) { return json(c.dps.places); }},
      {"dps.place_default", "Allocation by latency: the place of devices whose place nothing tells",
       "a place, or empty: such devices are hashed", true,
       [](Config& c, const json& v) { return set_place(c.dps.place_default, v); },
       [](const Config& c) { return json(c.dps.place_default); }},
      {"dps.place_member",
       "Allocation by latency: member of the register payload in which a device names its place",
       "a member's name, or empty: devices are not asked", true,
       [](Config& c, const json& v) { return set_text(c.dps.place_member, v); },
       [](const Config& c) { return json(c.dps.place_member); }},
  };
}

std::vector<ConfigKey> webhook_keys() {
  return {
      {"webhook.ca_file", "Roots, as PEM, that custom allocation trusts beside the system's",
       "a file's path, or empty", true,
       [](Config& c, const json& v) { return set_text(c.webhook.ca_file, v); },
       [](const Config& c) { return json(c.webhook.ca_file); }},
      MUSTER_NUMBER_KEY("webhook.connect_timeout_ms", webhook.connect_timeout_ms, 10, 60'000,
                        "Longest that connecting to a webhook may take"),
      MUSTER_NUMBER_KEY("webhook.answer_timeout_ms", webhook.answer_timeout_ms, 10, 300'000,
                        "Longest from the connection to the webhook's whole answer"),
      MUSTER_NUMBER_KEY("webhook.attempts_max", webhook.attempts_max, 1, 10,
                        "Times that a webhook is asked for one registration while it is out of order"),
      MUSTER_NUMBER_KEY("webhook.retry_delay_ms", webhook.retry_delay_ms, 10, 60'000,
                        "Pause before the second time, doubled before each further one"),
      MUSTER_NUMBER_KEY("webhook.calls_max", webhook.calls_max, 1, 1'024,
                        "Calls to webhooks under way at a time; further registrations wait"),
      MUSTER_BYTES_KEY("webhook.answer_bytes_max", webhook.answer_bytes_max, 1'024, kMiB, "1 KiB to 1 MiB",
                       "Largest answer of a webhook"),
  };
}

std::vector<ConfigKey> sas_keys() {
  return {
      MUSTER_NUMBER_KEY("sas.clock_skew_s", sas.clock_skew_s, 0, 3'600,
                        "Seconds for which an expired shared access signature is taken still: clocks differ"),
  };
}

std::vector<ConfigKey> limit_keys() {
  return {
      MUSTER_WORD_KEY("limits.profile", limits.profile, kProfiles, "none or azure-s1",
                      "azure-s1: Azure's rates for one S1 unit, refused with 429 (device/06); the control "
                      "socket is not counted"),
      MUSTER_BYTES_KEY("limits.packet_bytes_max", limits.packet_bytes_max, 4096, 16 * kMiB, "4 KiB to 16 MiB",
                       "Largest MQTT packet; a larger one closes its connection"),
      MUSTER_NUMBER_KEY("limits.inflight_max", limits.inflight_max, 1, 4'096,
                        "Messages of one connection that wait for the disk before it is no longer read"),
      MUSTER_BYTES_KEY("limits.outbox_bytes_max", limits.outbox_bytes_max, 64 * 1024, kGiB, "64 KiB to 1 GiB",
                       "Bytes that wait for a device to take them before its connection is closed"),
      MUSTER_NUMBER_KEY("limits.requests_max", limits.requests_max, 1, 1'024,
                        "Registration and twin requests of one connection that are under way at a time"),
      MUSTER_NUMBER_KEY("limits.desired_waiting_max", limits.desired_waiting_max, 1, 65'536,
                        "Changes of desired properties that wait for a device before it is disconnected"),
      MUSTER_NUMBER_KEY("limits.desired_inflight_max", limits.desired_inflight_max, 1, 4'096,
                        "Changes sent at QoS 1 that a device has not acknowledged; further ones wait"),
      MUSTER_NUMBER_KEY("limits.subscriptions_max", limits.subscriptions_max, 1, 256,
                        "Subscriptions of one connection; Azure documents 5"),
      MUSTER_NUMBER_KEY("limits.keep_alive_max_s", limits.keep_alive_max_s, 1, 65'535,
                        "Longest keep-alive in seconds; a longer one, or none, counts as this"),
      MUSTER_NUMBER_KEY("limits.operations_max", limits.operations_max, 1, 10'000'000,
                        "Registrations that may be under way at a time"),
  };
}

/// What a peer may cost before it is known who it is.
std::vector<ConfigKey> stranger_keys() {
  return {
      MUSTER_NUMBER_KEY("limits.connections_max", limits.connections_max, 1, 1'000'000,
                        "MQTT connections at a time; never more than the process has descriptors for"),
      MUSTER_NUMBER_KEY("limits.connections_per_address_max", limits.connections_per_address_max, 1,
                        1'000'000, "Connections at a time from one address, or from one /64 of IPv6"),
      MUSTER_NUMBER_KEY("limits.openings_max", limits.openings_max, 1, 1'000'000,
                        "Connections between their first byte and an accepted CONNECT (HTTPS: the end of the "
                        "handshake) at a time; further ones wait for their turn"),
      MUSTER_NUMBER_KEY("limits.openings_per_address_max", limits.openings_per_address_max, 1, 1'000'000,
                        "Of those, from one address, or from one /64 of IPv6"),
      MUSTER_NUMBER_KEY("limits.handshake_seconds", limits.handshake_seconds, 1, 300,
                        "Longest from accepting a connection to the end of its TLS handshake"),
      MUSTER_NUMBER_KEY("limits.connect_seconds", limits.connect_seconds, 1, 300,
                        "Longest from accepting a connection to a complete CONNECT"),
      MUSTER_BYTES_KEY("limits.connect_bytes_max", limits.connect_bytes_max, 4096, kMiB, "4 KiB to 1 MiB",
                       "Largest CONNECT, its will included"),
      MUSTER_NUMBER_KEY("limits.http_connections_max", limits.http_connections_max, 1, 1'000'000,
                        "HTTPS connections at a time; at most an eighth of the process's descriptors"),
      MUSTER_BYTES_KEY("limits.http_head_bytes_max", limits.http_head_bytes_max, 4096, kMiB, "4 KiB to 1 MiB",
                       "Largest request line and headers; beyond it 431"),
      MUSTER_BYTES_KEY("limits.http_body_bytes_max", limits.http_body_bytes_max, 64 * 1024, 64 * kMiB,
                       "64 KiB to 64 MiB", "Largest body of a request; beyond it 413"),
      MUSTER_NUMBER_KEY("limits.http_request_seconds", limits.http_request_seconds, 1, 300,
                        "Longest from the first byte of a request to its last; then 408"),
      MUSTER_NUMBER_KEY("limits.http_idle_seconds", limits.http_idle_seconds, 1, 3'600,
                        "Longest between two requests of a connection; then it is closed"),
      MUSTER_NUMBER_KEY("limits.http_write_seconds", limits.http_write_seconds, 1, 300,
                        "Longest that a client may take no byte of an answer; then it is closed"),
      MUSTER_NUMBER_KEY("limits.event_streams_max", limits.event_streams_max, 1, 10'000,
                        "Event streams that are open at a time; beyond it 429"),
  };
}

#undef MUSTER_NUMBER_KEY
#undef MUSTER_BYTES_KEY
#undef MUSTER_WORD_KEY

std::vector<ConfigKey> make_keys() {
  std::vector<ConfigKey> keys;
  for (auto part : {service_keys(), storage_keys(), provisioning_keys(), allocation_keys(), webhook_keys(),
                    sas_keys(), limit_keys(), stranger_keys()}) {
    std::ranges::move(part, std::back_inserter(keys));
  }
  return keys;
}

std::optional<std::string> key_near(std::string_view name) {
  std::vector<std::string> names;
  for (const ConfigKey& key : config_keys()) names.push_back(key.name);
  return nearest_word(name, names);
}

}  // namespace

std::span<const ConfigKey> config_keys() {
  static const std::vector<ConfigKey> keys = make_keys();
  return keys;
}

const ConfigKey* find_config_key(std::string_view name) {
  for (const ConfigKey& key : config_keys()) {
    if (key.name == name) return &key;
  }
  return nullptr;
}

std::string known_variable_near(std::string_view key) {
  const auto near = key_near(key);
  return near ? fmt::format("a known key: did you mean {}?", environment_name(*near))
              : "a variable that names a key: `muster config show` lists the keys";
}

std::string known_key_near(std::string_view name) {
  const auto near = key_near(name);
  return near ? fmt::format("a known key: did you mean {}?", *near)
              : "a known key: `muster config show` lists them";
}

std::string environment_name(std::string_view key) {
  std::string name = "MUSTER_";
  for (const char c : key) {
    if (c == '.') {
      name += "__";
    } else {
      name += c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c;
    }
  }
  return name;
}

std::string configuration_reference() {
  std::string text =
      "# Configuration\n\n"
      "Made by `muster reference configuration` from the table in `src/server/config_keys.cpp`: change that, "
      "not this "
      "page.\n\n"
      "A world's `muster.json` holds what was said and nothing else; comments are allowed. Each key has one "
      "name and "
      "three spellings:\n`event_log.segment_bytes` is `{\"event_log\": {\"segment_bytes\": ...}}` in the "
      "file, "
      "`MUSTER_EVENT_LOG__SEGMENT_BYTES` in the\nenvironment, and `--set event_log.segment_bytes=...` or "
      "`--event-log.segment-bytes ...` on the command line. The later wins:\ndefault, file, environment, "
      "flag. "
      "`muster config show --origin` says which it was.\n\n"
      "| key | default | wanted | what it does | restart |\n|---|---|---|---|---|\n";
  const Config defaults;
  for (const ConfigKey& key : config_keys()) {
    text += fmt::format("| `{}` | `{}` | {} | {} | {} |\n", key.name, key.get(defaults).dump(), key.wanted,
                        key.help, key.needs_restart ? "yes" : "no");
  }
  return text;
}

}  // namespace muster::server
