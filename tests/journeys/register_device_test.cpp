// The first of the two natural ways: from a certificate to an assignment. ARCHITECTURE.md follows it through
// the files.

#include "device.hpp"

namespace muster::journeys {
namespace {

using testing::ElementsAre;

TEST(RegisterDevice, FromACertificateToAHub) {
  WholeService service;
  Device device{service, to_dps(certificate_of("my-device-001"))};

  // CONNECT says which instance by its id scope. DPS keeps no sessions, whatever the device asks for.
  const std::string user_name =
      "0ne00123ABC/registrations/my-device-001/api-version=2019-03-31&ClientVersion=py%2F2.14";
  device.says(Connect{.clean_session = false, .client_id = "my-device-001", .user_name = user_name});
  const auto connack = device.hears<Connack>();
  EXPECT_EQ(connack.return_code, 0);
  EXPECT_FALSE(connack.session_present);

  device.says(Subscribe{1, {{"$dps/registrations/res/#", 1}}});
  EXPECT_THAT(device.hears<Suback>().return_codes, ElementsAre(1));

  // PUBACK comes before the answer, since C# insists on it; the answer 50 ms later, since Java must be
  // waiting by then.
  device.says(Publish{.topic = "$dps/registrations/PUT/iotdps-register/?$rid=7",
                      .payload = as_bytes(R"({"payload": null, "registrationId": "my-device-001"})"),
                      .packet_id = 2,
                      .qos = 1});
  EXPECT_EQ(device.hears<Puback>().packet_id, 2);
  EXPECT_TRUE(device.hears_nothing());
  service.passes(50ms);
  const Answer assigning = device.hears_answer();
  EXPECT_EQ(assigning.status, 202);
  EXPECT_EQ(assigning.rid, "7");
  EXPECT_EQ(assigning.retry_after, 3);
  EXPECT_EQ(assigning.body["status"], "assigning");

  // The operation is the service's, not the connection's: the device asks how it stands.
  const Answer assigned = device.polls(assigning.body["operationId"].get<std::string>());
  EXPECT_EQ(assigned.status, 200);
  EXPECT_EQ(assigned.body["status"], "assigned");
  EXPECT_EQ(assigned.body["registrationState"]["assignedHub"], "my-iot-hub-x509.azure-devices.net");
  EXPECT_EQ(assigned.body["registrationState"]["deviceId"], "my-device-001");

  // Registration and hub identity were stored together: the hub knows the device by its certificate from now
  // on.
  const auto identity = service.device("my-device-001");
  ASSERT_TRUE(identity);
  EXPECT_EQ(identity->auth.type, DeviceAuthType::self_signed);
  EXPECT_EQ(identity->auth.primary_thumbprint, identity->auth.secondary_thumbprint);

  device.says(Disconnect{});
  EXPECT_TRUE(device.is_closed());
}

}  // namespace
}  // namespace muster::journeys
