#pragma once

#include <chrono>
#include <cstdint>

namespace muster::mqtt {

/// What one MQTT connection may cost. Each is a key of the configuration (limits.*), shown by `muster
/// status`.
struct MqttLimits {
  /// Whole packets, telemetry's 262,144 bytes with room for topic and header.
  std::uint32_t packet_bytes_max = 262'144 + 65'535 + 16;
  /// Before CONNECT was accepted. A will may be large, so this is not a few hundred bytes; it is held only as
  /// it arrives.
  std::uint32_t connect_bytes_max = 64 * 1024;
  std::chrono::seconds handshake_timeout{30};  ///< From accept; a turn that is waited for counts.
  std::chrono::seconds connect_timeout{30};    ///< From accept, too, until CONNECT is accepted.
  std::uint32_t inflight_max =
      256;  ///< Messages of one connection that wait for the disk; then reading pauses.
  std::uint32_t outbox_bytes_max =
      1u << 20;  ///< Bytes that wait for a peer to read them; then the connection is closed.
  std::uint32_t requests_max = 8;  ///< Twin and registration requests of one connection under way at once.
  /// Changes of a device's desired properties that wait to be sent to it; then the connection is closed.
  std::uint32_t desired_waiting_max = 256;
  std::uint32_t desired_inflight_max = 16;  ///< Of those sent at QoS 1, so many wait for their PUBACK.
  std::uint32_t subscriptions_max =
      50;  ///< Filters of one connection. Azure documents 5; its SDKs use up to 5 kinds.
  std::chrono::seconds keep_alive_max{
      1767};  ///< Longer ones, and 0, are treated as this (device/04 section 10).
};

/// How a device of a disabled enrollment is answered: nobody has published what Azure sends
/// (protocol/device/09 row 1).
enum class DisabledAnswer : std::uint8_t {
  unauthorized,  ///< 401 with errorCode 401002, which ends cleanly in every SDK.
  forbidden,     ///< 403, so that a user of the Python SDK, who sees the status only, can tell it from a bad
                 ///< certificate.
  disabled,      ///< 200 with status "disabled".
};

/// How DPS answers.
struct DpsAnswers {
  int retry_after_s = 3;
  /// Java loses its wake-up when an answer arrives before it waits (device/07 J3).
  std::chrono::milliseconds response_delay{50};
  DisabledAnswer disabled = DisabledAnswer::unauthorized;
};

}  // namespace muster::mqtt
