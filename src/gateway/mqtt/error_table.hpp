#pragma once

#include "base/result.hpp"
#include "gateway/mqtt/limits.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace muster::mqtt {

/// CONNACK return codes (MQTT 3.1.1 section 3.2.2.3).
enum class ConnackCode : std::uint8_t {
  accepted = 0,
  bad_protocol_version = 1,
  identifier_rejected = 2,
  server_unavailable = 3,
  bad_user_name_or_password = 4,
  not_authorized = 5,
};

/// What MQTT clients are told for a code: the CONNACK that refuses a connection, DPS's answer on the register
/// topic, and a hub's on the twin response topic.
struct MqttErrorRow {
  ErrorCode code;
  ConnackCode connack;
  std::uint16_t dps_status;      ///< In the response topic, the twins' too.
  std::int32_t dps_error_code;   ///< In the body: status x 1000 + detail.
  std::string_view dps_message;  ///< Azure's words, where they are known.
};

/// The row of `code`. Codes of blocks 1 to 3 each have their own (tested); others are "internal error".
const MqttErrorRow& mqtt_error(ErrorCode code) noexcept;

/// What DPS answers on the register topic to a refusal.
struct DpsAnswer {
  int status = 0;
  std::int32_t error_code = 0;
  std::string
      message;  ///< Azure's, then why and what to do: the only words that reach the user of a refused device.
  bool as_registration = false;  ///< Not an error body but a registration whose status is "disabled".
};
DpsAnswer dps_answer(const Error& error, DisabledAnswer disabled);

/// What a hub answers on the twin response topic to a refused request; the body holds the code and the
/// message.
struct TwinRefusal {
  int status = 0;
  std::int32_t error_code = 0;
  std::string message;
};
TwinRefusal twin_refusal(const Error& error);

}  // namespace muster::mqtt
