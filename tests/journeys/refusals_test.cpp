// Who is refused is told why where its words reach the user: at DPS on the register topic (protocol/device/10
// section 5), at the hub by CONNACK alone. The same tracking id is in the journal, and nobody is refused by
// closing after CONNACK 0.

#include "device.hpp"

namespace muster::journeys {
namespace {

using pki::forge::day;
using pki::forge::forge;
using pki::forge::Shape;
using pki::forge::tutorial;
using testing::HasSubstr;

pki::Chain leaf(const Shape& shape, const pki::Issued& issuer = tutorial().intermediate) {
  return {{forge(shape, &issuer).certificate}};
}

struct Refused {
  const char* name;
  std::function<pki::Chain()> certificate;
  std::function<void(WholeService&)> before;
  int status;
  int error_code;
  const char* message;  ///< In the message that the user sees: Azure's words.
  ErrorCode code;       ///< In the message, too, and in the journal.
  const char* source;

  friend void PrintTo(const Refused& row, std::ostream* out) {
    *out << row.name << "  [" << row.source << ']';
  }
};

void nothing(WholeService&) {}

const Refused kRegistrations[] = {
    {"expired", [] { return leaf({.common_name = "my-device-001", .until = day(2026, 5, 1)}); }, nothing, 401,
     401002, "Invalid certificate.", ErrorCode::certificate_expired, "device/01 6.5"},
    {"not_yet_valid", [] { return leaf({.common_name = "my-device-001", .from = day(2026, 7, 1)}); }, nothing,
     401, 401002, "Invalid certificate.", ErrorCode::certificate_not_yet_valid, "device/01 6.5"},
    {"unknown_ca",
     [] {
       const pki::Issued stranger = forge(pki::forge::root_shape("Stranger-CA"));
       return leaf({.common_name = "my-device-001"}, stranger);
     },
     nothing, 401, 401002, "CA certificate not found.", ErrorCode::ca_unknown, "device/01 6.5"},
    {"unverified_ca", [] { return certificate_of(kDevice); },
     [](WholeService& service) {
       service.uploads_ca("my-intermediate-ca", tutorial().intermediate.certificate, false);
       service.uploads_ca("my-root-ca", tutorial().root.certificate, false);
     },
     401, 401002, "CA certificate not found.", ErrorCode::ca_not_verified, "device/01 8.2"},
    {"another_common_name", [] { return certificate_of("pump-07"); }, nothing, 401, 401003,
     "does not match certificate CN", ErrorCode::registration_id_mismatch, "device/01 2"},
    {"no_enrollment", [] { return certificate_of(kDevice); },
     [](WholeService& service) { service.drops_enrollment(kGroup); }, 404, 404201, "Enrollment not found.",
     ErrorCode::no_enrollment_matches, "device/01 6.5"},
    {"enrollment_of_another_ca",
     [] { return pki::Chain{{forge({.common_name = "my-device-001"}, &tutorial().root).certificate}}; },
     nothing, 404, 404201, "Enrollment not found.", ErrorCode::no_enrollment_matches, "issue A"},
    {"enrollment_disabled", [] { return certificate_of(kDevice); },
     [](WholeService& service) { service.enrolls(kGroup, "my-intermediate-ca", false); }, 401, 401002,
     "Unauthorized.", ErrorCode::enrollment_disabled, "device/01 6.4"},
};

class RegistrationRefused : public testing::TestWithParam<Refused> {};

TEST_P(RegistrationRefused, OnTheRegisterTopicWithTheSameTrackingIdInTheJournal) {
  const Refused& row = GetParam();
  WholeService service;
  row.before(service);
  Device device{service, to_dps(row.certificate())};
  ASSERT_EQ(device.connects_to_dps(kDevice).return_code, 0) << "a certificate is never refused by CONNACK";
  device.subscribes_to_responses();

  const Answer answer = device.registers(kDevice, "17");
  EXPECT_EQ(answer.status, row.status);
  EXPECT_EQ(answer.rid, "17");
  EXPECT_EQ(answer.retry_after, std::nullopt) << "it is final";
  EXPECT_EQ(answer.body.value("errorCode", 0), row.error_code);
  EXPECT_THAT(answer.body.value("message", ""), HasSubstr(row.message));
  EXPECT_THAT(answer.body.value("message", ""), HasSubstr(error_id(row.code)));
  EXPECT_FALSE(answer.body.contains("operationId")) << "Java would take it for a success (device/01 6.5)";

  const auto entries = service.journal(kDevice);
  ASSERT_FALSE(entries.empty());
  EXPECT_EQ(entries[0].entry.kind, journal::EntryKind::refused);
  EXPECT_EQ(entries[0].entry.code, row.code);
  EXPECT_EQ(entries[0].entry.tracking_id, answer.body.value("trackingId", "none"));
  EXPECT_EQ(entries[0].entry.answered, std::to_string(row.status) + " " + std::to_string(row.error_code));
  EXPECT_FALSE(entries[0].entry.remedy.empty());

  EXPECT_FALSE(device.is_closed()) << "never by closing (device/10 section 5)";
  EXPECT_FALSE(service.device(kDevice)) << "nothing is stored for a device that was refused";
  EXPECT_EQ(service.operations_running(), 0u);
}

TEST_P(RegistrationRefused, ThePollIsToo) {
  const Refused& row = GetParam();
  WholeService service;
  // The device had registered before, or someone else has under its name: the operation id is known to all.
  provisioned(service, kDevice);
  row.before(service);
  Device device{service, to_dps(row.certificate())};
  ASSERT_EQ(device.connects_to_dps(kDevice).return_code, 0);
  device.subscribes_to_responses();
  const Answer answer = device.polls(provisioning::operation_id_of(kDps, *RegistrationId::parse(kDevice)));
  EXPECT_EQ(answer.status, row.status);
  EXPECT_FALSE(answer.body.contains("registrationState")) << "it would tell a stranger where the device is";
}

INSTANTIATE_TEST_SUITE_P(Rows, RegistrationRefused, testing::ValuesIn(kRegistrations),
                         [](const auto& row) { return std::string{row.param.name}; });

struct Disabled {
  const char* name;
  mqtt::DisabledAnswer configured;
  int status;
  const char* body;  ///< A member and its value, as they stand in the body.
};

class EnrollmentDisabled : public testing::TestWithParam<Disabled> {};

TEST_P(EnrollmentDisabled, IsAnsweredAsConfigured) {
  Terms terms;
  terms.dps.disabled = GetParam().configured;
  WholeService service{terms};
  service.enrolls(kGroup, "my-intermediate-ca", false);
  Device device{service, to_dps(certificate_of(kDevice))};
  device.connects_to_dps(kDevice);
  device.subscribes_to_responses();
  const Answer answer = device.registers(kDevice);
  EXPECT_EQ(answer.status, GetParam().status);
  EXPECT_THAT(answer.body.dump(), HasSubstr(GetParam().body));
  EXPECT_EQ(service.journal(kDevice).at(0).entry.code, ErrorCode::enrollment_disabled);
}

INSTANTIATE_TEST_SUITE_P(
    Answers, EnrollmentDisabled,
    testing::Values(Disabled{"unauthorized", mqtt::DisabledAnswer::unauthorized, 401, "401002"},
                    Disabled{"forbidden", mqtt::DisabledAnswer::forbidden, 403, "403002"},
                    Disabled{"registration", mqtt::DisabledAnswer::disabled, 200, R"("status":"disabled")"}),
    [](const auto& row) { return std::string{row.param.name}; });

struct Connecting {
  const char* name;
  const char* client_id;
  const char* user_name;
  bool with_certificate;
  std::uint8_t level;
  int connack;
  ErrorCode code;
  const char* server_name = "localhost";
  const char* names = "";  ///< What the reason has to name, too.
};

constexpr const char* kDpsUser = "0ne00123ABC/registrations/my-device-001/api-version=2019-03-31";
constexpr const char* kHubUser = "my-iot-hub-x509.azure-devices.net/my-device-001/?api-version=2021-04-12";

const Connecting kConnects[] = {
    {"unknown_scope", "my-device-001", "0ne0000FFFF/registrations/my-device-001/api-version=2019-03-31", true,
     4, 5, ErrorCode::id_scope_unknown},
    {"malformed_user_name", "my-device-001", "my-device-001", true, 4, 4, ErrorCode::malformed_user_name},
    {"no_registration_id", "my-device-001", "0ne00123ABC/registrations/", true, 4, 4,
     ErrorCode::malformed_user_name},
    {"client_id_at_dps", "pump-07", kDpsUser, true, 4, 2, ErrorCode::client_id_mismatch},
    {"protocol_level_3", "my-device-001", kDpsUser, true, 3, 1, ErrorCode::protocol_version_unsupported},
    {"protocol_level_5", "my-device-001", kHubUser, true, 5, 1, ErrorCode::protocol_version_unsupported},
    {"no_credential_at_dps", "my-device-001", kDpsUser, false, 4, 5, ErrorCode::credential_missing},
    {"client_id_at_hub", "pump-07", kHubUser, true, 4, 2, ErrorCode::client_id_mismatch},
    {"no_such_device", "my-device-001", kHubUser, true, 4, 5, ErrorCode::device_not_found},
    {"unknown_hub", "d", "no-hub.azure-devices.net/d/?api-version=2021-04-12", true, 4, 5,
     ErrorCode::hub_unknown},
    {"dps_user_at_a_hub", "my-device-001", kDpsUser, true, 4, 5, ErrorCode::service_mismatch,
     "my-iot-hub-x509.azure-devices.net", kDpsUser},
    {"hub_user_at_dps", "my-device-001", kHubUser, true, 4, 5, ErrorCode::service_mismatch,
     "global.azure-devices-provisioning.net", kHubUser},
    {"hub_user_at_the_instance", "my-device-001", kHubUser, true, 4, 5, ErrorCode::service_mismatch,
     "my-dps-x509.azure-devices-provisioning.net", kHubUser},
    {"dps_user_at_an_unknown_hub", "my-device-001", kDpsUser, true, 4, 5, ErrorCode::hub_unknown,
     "no-hub.azure-devices.net"},
    {"dps_user_at_an_unknown_instance", "my-device-001", kDpsUser, true, 4, 5, ErrorCode::unknown_service,
     "no-dps.azure-devices-provisioning.net"},
    {"malformed_at_a_hub", "my-device-001", "my-device-001", true, 4, 4, ErrorCode::malformed_user_name,
     "my-iot-hub-x509.azure-devices.net"},
};

class ConnectRefused : public testing::TestWithParam<Connecting> {};

TEST_P(ConnectRefused, ByConnackThenClosed) {
  const Connecting& row = GetParam();
  WholeService service;
  Dialled dialled{.server_name = row.server_name};
  if (row.with_certificate) dialled.chain = certificate_of(kDevice);
  Device device{service, dialled};
  device.says(Connect{.protocol_level = row.level, .client_id = row.client_id, .user_name = row.user_name});
  EXPECT_EQ(device.hears<Connack>().return_code, row.connack);
  EXPECT_TRUE(device.hears_nothing());
  EXPECT_TRUE(device.is_closed());
  const auto entries = service.newest_entries();
  ASSERT_EQ(entries.size(), 1u);
  EXPECT_EQ(entries[0].entry.code, row.code);
  EXPECT_EQ(entries[0].entry.answered, "CONNACK " + std::to_string(row.connack));
  if (row.code != ErrorCode::service_mismatch) return;
  EXPECT_THAT(entries[0].entry.reason, HasSubstr(row.server_name));
  EXPECT_THAT(entries[0].entry.reason, HasSubstr(row.names));
}

INSTANTIATE_TEST_SUITE_P(Rows, ConnectRefused, testing::ValuesIn(kConnects),
                         [](const auto& row) { return std::string{row.param.name}; });

// A close over unread bytes resets the connection, and the reset takes the CONNACK with it.
TEST(ConnectRefused, IsReadOnForALittleSoThatTheConnackArrives) {
  WholeService service;
  Device device{service, {.server_name = "localhost"}};
  device.says(Connect{.client_id = "my-device-001", .user_name = "my-device-001"});
  EXPECT_EQ(device.hears<Connack>().return_code, 4);
  EXPECT_TRUE(device.is_closed()) << "for writing";
  EXPECT_FALSE(device.wire().gone());
  device.says(Subscribe{1, {{"$dps/registrations/res/#", 1}}});
  EXPECT_TRUE(device.wire().drained());
  EXPECT_FALSE(device.wire().gone());
  device.wire().push_end();
  service.settles();
  EXPECT_TRUE(device.wire().gone()) << "as soon as the client has closed";
  EXPECT_EQ(service.newest_entries().size(), 1u);
}

TEST(ConnectRefused, IsReadOnForASecondAndNoLonger) {
  WholeService service;
  Device device{service, {.server_name = "localhost"}};
  device.says(Connect{.client_id = "my-device-001", .user_name = "my-device-001"});
  service.passes(999ms);
  EXPECT_FALSE(device.wire().gone());
  service.passes(1ms);
  EXPECT_TRUE(device.wire().gone());
}

TEST(ConnectRefused, IsReadOnForSoManyBytesAndNoMore) {
  WholeService service;
  Device device{service, {.server_name = "localhost"}};
  device.says(Connect{.client_id = "my-device-001", .user_name = "my-device-001"});
  device.sends(Bytes(64 * 1024));
  EXPECT_TRUE(device.wire().gone());
}

TEST(NotSubscribed, TheJournalSaysThatTheDeviceWasToldNothing) {
  WholeService service;
  Device device{service, to_dps(certificate_of("pump-07"))};
  device.connects_to_dps(kDevice);
  device.publishes("$dps/registrations/PUT/iotdps-register/?$rid=1", "{}");
  service.passes(1s);
  EXPECT_TRUE(device.hears_nothing());
  const auto entries = service.journal(kDevice);
  ASSERT_FALSE(entries.empty());
  EXPECT_EQ(entries[0].entry.code, ErrorCode::registration_id_mismatch);
  EXPECT_EQ(entries[0].entry.answered,
            "nothing (401 401003): the client has not subscribed to $dps/registrations/res/#");
}

TEST(NotSubscribed, TheJournalSaysSoOfAnAcceptedRegistrationToo) {
  WholeService service;
  Device device{service, to_dps(certificate_of(kDevice))};
  device.connects_to_dps(kDevice);
  device.publishes("$dps/registrations/PUT/iotdps-register/?$rid=1", "{}");
  service.passes(1s);
  EXPECT_TRUE(device.hears_nothing());
  device.says(Disconnect{});
  EXPECT_EQ(service.journal(kDevice).at(0).entry.answered,
            "nothing (202): the client has not subscribed to $dps/registrations/res/#");
}

TEST(HubRefused, ADisabledDeviceByConnack5) {
  WholeService service;
  const pki::Chain chain = provisioned(service);
  service.disables_device(kDevice);
  Device device{service, to_hub(chain)};
  EXPECT_EQ(device.connects_to_hub(kDevice).return_code, 5);
  EXPECT_TRUE(device.is_closed());
  EXPECT_EQ(service.journal(kDevice).at(0).entry.code, ErrorCode::device_disabled);
}

TEST(HubRefused, AnotherCertificateOfTheSameNameByConnack5) {
  WholeService service;
  provisioned(service);
  Device device{service, to_hub(certificate_of(kDevice))};
  EXPECT_EQ(device.connects_to_hub(kDevice).return_code, 5);
  EXPECT_EQ(service.journal(kDevice).at(0).entry.code, ErrorCode::thumbprint_mismatch);
}

// Changed between the look at the registry and the claim of the session.
TEST(HubRefused, ADeviceThatIsDisabledWhileItConnects) {
  WholeService service;
  const pki::Chain chain = provisioned(service);
  service.registry().after_connect_snapshot = [&](registry::Store&) {
    service.registry().after_connect_snapshot = nullptr;
    service.disables_device(kDevice);
    service.ends_sessions(kDevice, {ErrorCode::device_disabled, "it was disabled"});
  };
  Device device{service, to_hub(chain)};
  EXPECT_EQ(device.connects_to_hub(kDevice).return_code, 5);
  EXPECT_EQ(service.connected(), 0u);
  EXPECT_EQ(service.journal(kDevice).at(0).entry.code, ErrorCode::device_disabled);
}

TEST(HubRefused, NotADeviceThatWasEnabledAgainMeanwhile) {
  WholeService service;
  const pki::Chain chain = provisioned(service);
  service.registry().after_connect_snapshot = [&](registry::Store&) {
    service.registry().after_connect_snapshot = nullptr;
    service.ends_sessions(kDevice, {ErrorCode::device_disabled, "it was disabled"});
  };
  Device device{service, to_hub(chain)};
  EXPECT_EQ(device.connects_to_hub(kDevice).return_code, 0);
  EXPECT_EQ(service.connected(), 1u);
}

TEST(HubRefused, ADeviceThatKeepsChangingIsToldToComeAgain) {
  WholeService service;
  const pki::Chain chain = provisioned(service);
  service.registry().after_connect_snapshot = [&](registry::Store&) {
    service.ends_sessions(kDevice, {ErrorCode::device_disabled, "it was disabled"});
  };
  Device device{service, to_hub(chain)};
  EXPECT_EQ(device.connects_to_hub(kDevice).return_code, 3);
  EXPECT_EQ(service.journal(kDevice).at(0).entry.code, ErrorCode::registry_busy);
}

}  // namespace
}  // namespace muster::journeys
