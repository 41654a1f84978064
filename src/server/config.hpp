#pragma once

#include "base/log.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace muster::server {

struct EventLogConfig {
  std::uint64_t segment_bytes = 64u << 20;
  std::uint32_t flush_interval_us = 1'000;
  std::uint32_t retention_hours = 24;
  std::uint64_t queue_bytes_max = 64u << 20;
  std::uint64_t reserve_bytes = 64u << 20;
};

/// What kind of identity DPS makes at the hub for an enrollment group's device.
enum class IdentityType : std::uint8_t { self_signed, certificate_authority };
/// How a device of a disabled enrollment is answered (protocol/device/01 section 6.4).
enum class DisabledStatus : std::uint8_t { unauthorized, forbidden, disabled };

struct DpsConfig {
  std::uint32_t retry_after_s = 3;
  std::uint32_t response_delay_ms = 50;
  IdentityType identity_type = IdentityType::self_signed;
  DisabledStatus disabled_status = DisabledStatus::unauthorized;
  // Allocation by latency: milliseconds by place and location, address ranges by place, and what is left.
  std::map<std::string, std::map<std::string, std::uint32_t>> latency;
  std::map<std::string, std::vector<std::string>> places;
  std::string place_default;
  std::string place_member = "place";
};

/// Custom allocation's calls to webhooks.
struct WebhookConfig {
  std::string ca_file;  ///< Trusted beside the system's roots; empty: none.
  std::uint32_t connect_timeout_ms = 5'000;
  std::uint32_t answer_timeout_ms = 10'000;
  std::uint32_t attempts_max = 3;
  std::uint32_t retry_delay_ms = 500;
  std::uint32_t calls_max = 32;
  std::uint64_t answer_bytes_max = 64u << 10;
};

struct SasConfig {
  std::uint32_t clock_skew_s = 300;  ///< For so long an expired token is taken still.
};

enum class LimitsProfile : std::uint8_t { none, azure_s1 };

struct LimitsConfig {
  LimitsProfile profile = LimitsProfile::none;
  std::uint32_t packet_bytes_max =
      (256u << 10) + (68u << 10);  ///< A 256 KiB message, its topic and properties.
  std::uint32_t connections_max = 20'000;
  std::uint32_t connections_per_address_max = 20'000;
  std::uint32_t openings_max = 1'000;
  std::uint32_t openings_per_address_max = 500;
  std::uint32_t handshake_seconds = 30;
  std::uint32_t connect_seconds = 30;
  std::uint64_t connect_bytes_max = 64u << 10;
  std::uint32_t inflight_max = 64;
  std::uint64_t outbox_bytes_max = 1u << 20;
  std::uint32_t requests_max = 8;
  std::uint32_t desired_waiting_max = 256;
  std::uint32_t desired_inflight_max = 16;
  std::uint32_t subscriptions_max = 16;
  std::uint32_t keep_alive_max_s = 1'767;
  std::uint32_t operations_max = 100'000;
  std::uint32_t http_connections_max = 2'000;
  std::uint64_t http_head_bytes_max = 16u << 10;
  std::uint64_t http_body_bytes_max = 1u << 20;
  std::uint32_t http_request_seconds = 15;
  std::uint32_t http_idle_seconds = 75;
  std::uint32_t http_write_seconds = 30;
  std::uint32_t event_streams_max = 64;
};

/// Everything that `muster.json`, the environment and flags can set, with the defaults in place. Units are in
/// the names. The keys, their rules and their help are one table in config_keys.cpp.
struct Config {
  std::vector<std::string> listen{"127.0.0.1", "::1"};
  std::vector<std::string> names;  ///< Further names that the service answers as.
  std::uint16_t mqtt_port = 8883;
  std::uint16_t https_port = 443;  ///< 8443 where the user may not bind it and nobody set it.
  std::uint16_t amqp_port = 5671;
  std::uint16_t admin_port = 9464;
  std::uint32_t shards = 0;  ///< 0: one a core, at most 2.
  EventLogConfig event_log;
  DpsConfig dps;
  WebhookConfig webhook;
  SasConfig sas;
  LimitsConfig limits;
  log::Level log_level = log::Level::info;
};

/// One thing wrong with a configuration, said so that a person can fix it without the source.
struct ConfigProblem {
  std::string key;     ///< As written in the file: "event_log.segment_bytes".
  std::string found;   ///< The value, as the reader would see it, and where it was set.
  std::string wanted;  ///< The rule, as a phrase: "a power of two, 1 MiB to 1 GiB".
};

/// Who had the last word on a key. Later ones win.
enum class Origin : std::uint8_t { default_value, file, environment, flag };
std::string_view origin_name(Origin origin) noexcept;

/// What a configuration is read from.
struct ConfigSources {
  std::string file_text;                           ///< JSON with comments; empty when there is no file.
  std::map<std::string, std::string> environment;  ///< MUSTER_EVENT_LOG__SEGMENT_BYTES=... among others.
  std::vector<std::pair<std::string, std::string>> flags;  ///< "event_log.segment_bytes" and its text.
};

/// A configuration that later layers may rely on, and where each key that is not the default was set.
struct LoadedConfig {
  Config config;
  std::map<std::string, Origin> origins;  ///< Keys that somebody set.

  Origin origin_of(const std::string& key) const;
};

/// Defaults, then the file, the environment, the flags. All problems at once, in that order; unknown keys are
/// problems with the nearest known one offered. Opens nothing.
Result<LoadedConfig, std::vector<ConfigProblem>> load_config(const ConfigSources& sources);

/// config_invalid with every problem in its reason.
Error config_error(const std::vector<ConfigProblem>& problems);

}  // namespace muster::server
