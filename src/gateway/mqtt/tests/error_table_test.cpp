#include "gateway/mqtt/error_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <set>

namespace muster::mqtt {
namespace {

using enum ErrorCode;

bool is_wire_trust_or_hub(ErrorCode code) {
  const auto number = static_cast<std::uint16_t>(code);
  return number >= 1000 && number < 4000;
}

TEST(ErrorTable, EveryCodeThatADeviceCanMeetHasARowOfItsOwn) {
  for (const ErrorInfo& info : all_errors()) {
    if (is_wire_trust_or_hub(info.code)) {
      EXPECT_EQ(mqtt_error(info.code).code, info.code) << error_id(info.code);
    }
  }
}

TEST(ErrorTable, ErrorCodesBelongToTheirStatus) {
  for (const ErrorInfo& info : all_errors()) {
    const MqttErrorRow& row = mqtt_error(info.code);
    // Clients divide by 1000 to classify (protocol/device/01 section 6.5), and Python's user sees the status
    // alone.
    EXPECT_EQ(row.dps_error_code / 1000, row.dps_status) << error_id(info.code);
    EXPECT_GE(row.dps_status, 400) << error_id(info.code);
    EXPECT_LE(row.dps_status, 599) << error_id(info.code);
    EXPECT_TRUE(row.dps_message.ends_with('.')) << error_id(info.code);
  }
}

TEST(ErrorTable, Connack4IsForWhatIsMalformedOnly) {
  const std::set<ErrorCode> wanted{malformed_user_name, registration_id_invalid, device_id_invalid,
                                   token_malformed};  // "bad SAS format": device/01 section 2.
  for (const ErrorInfo& info : all_errors()) {
    EXPECT_EQ(mqtt_error(info.code).connack == ConnackCode::bad_user_name_or_password,
              wanted.contains(info.code))
        << error_id(info.code);
  }
}

TEST(ErrorTable, Connack5IsForGoodAnd3ForWhatCanBeTriedAgain) {
  for (const ErrorInfo& info : all_errors()) {
    const MqttErrorRow& row = mqtt_error(info.code);
    const bool later = row.dps_status == 429 || row.dps_status >= 500;
    // SDKs try again after 3, some of them for ever (protocol/device/10 section 5).
    if (later) {
      EXPECT_EQ(row.connack, ConnackCode::server_unavailable) << error_id(info.code);
    }
    if ((row.dps_status == 401 || row.dps_status == 403) && info.code != token_malformed) {
      EXPECT_EQ(row.connack, ConnackCode::not_authorized) << error_id(info.code);
    }
  }
}

struct Row {
  ErrorCode code;
  ConnackCode connack;
  int status;
  std::int32_t error_code;
  const char* source;
};

constexpr Row kRows[] = {
    {protocol_version_unsupported, ConnackCode::bad_protocol_version, 400, 400000, "MQTT-3.1.2-2"},
    {client_id_mismatch, ConnackCode::identifier_rejected, 400, 400000, "device/04 2"},
    {malformed_user_name, ConnackCode::bad_user_name_or_password, 400, 400000, "device/01 2"},
    {id_scope_unknown, ConnackCode::not_authorized, 401, 401002, "device/07 B.1 2"},
    {credential_missing, ConnackCode::not_authorized, 401, 401002, "device/01 2"},
    {unknown_topic, ConnackCode::not_authorized, 400, 400000, "a will's topic"},
    {qos_unsupported, ConnackCode::not_authorized, 400, 400000, "a will's QoS"},
    {ca_unknown, ConnackCode::not_authorized, 401, 401002, "device/01 6.5"},
    {ca_not_verified, ConnackCode::not_authorized, 401, 401002, "device/07 B.1 9"},
    {certificate_expired, ConnackCode::not_authorized, 401, 401002, "device/01 6.5"},
    {registration_id_mismatch, ConnackCode::not_authorized, 401, 401003, "device/07 B.1 2"},
    {no_enrollment_matches, ConnackCode::not_authorized, 404, 404201, "device/10 5 (f)"},
    {operation_unknown, ConnackCode::not_authorized, 404, 404202, "device/01 6.5"},
    {operations_limit, ConnackCode::server_unavailable, 429, 429001, "device/01 6.5"},
    {registration_conflict, ConnackCode::server_unavailable, 409, 409203, "device/01 6.5"},
    {no_hub_available, ConnackCode::not_authorized, 400, 400208, "device/01 6.5"},
    {device_not_found, ConnackCode::not_authorized, 404, 404001, "device/04 11"},
    {device_disabled, ConnackCode::not_authorized, 403, 403012, "device/04 11"},
    {thumbprint_mismatch, ConnackCode::not_authorized, 401, 401003, "device/04 11"},
    {message_too_large, ConnackCode::server_unavailable, 413, 413001, "device/04 11"},
    {registry_busy, ConnackCode::server_unavailable, 503, 503000, "ours"},
    {registry_damaged, ConnackCode::server_unavailable, 500, 500000, "ours"},
    {resource_exists, ConnackCode::server_unavailable, 500, 500000, "never met by a device: a fault of ours"},
};

TEST(ErrorTable, SaysWhatIsKnown) {
  for (const Row& row : kRows) {
    const MqttErrorRow& found = mqtt_error(row.code);
    EXPECT_EQ(found.connack, row.connack) << row.source;
    EXPECT_EQ(found.dps_status, row.status) << row.source;
    EXPECT_EQ(found.dps_error_code, row.error_code) << row.source;
  }
}

TEST(DpsAnswer, HoldsAzuresWordsTheCodeTheReasonAndTheRemedy) {
  const Error error = Error{certificate_expired, "it ended on 2026-05-01"}.with_remedy("Issue a new one.");
  const DpsAnswer answer = dps_answer(error, DisabledAnswer::unauthorized);
  EXPECT_EQ(answer.message, "Invalid certificate. MU-2102: it ended on 2026-05-01. Issue a new one.");
}

TEST(DpsAnswer, DisabledIsAnsweredInThreeWays) {
  const Error error{enrollment_disabled, "group g is disabled"};
  EXPECT_EQ(dps_answer(error, DisabledAnswer::unauthorized).error_code, 401002);
  EXPECT_EQ(dps_answer(error, DisabledAnswer::forbidden).status, 403);
  EXPECT_EQ(dps_answer(error, DisabledAnswer::forbidden).error_code, 403002);
  EXPECT_TRUE(dps_answer(error, DisabledAnswer::disabled).as_registration);
  // The choice is for disabled enrollments alone.
  const Error other{certificate_expired, "it ended"};
  EXPECT_EQ(dps_answer(other, DisabledAnswer::forbidden).status, 401);
  EXPECT_FALSE(dps_answer(other, DisabledAnswer::disabled).as_registration);
}

}  // namespace
}  // namespace muster::mqtt
