// A device registers at every start: it stays the same device, whatever happened to the service meanwhile
// (issue A, DPS).

#include "device.hpp"
#include "provisioning/operations.hpp"

namespace muster::journeys {
namespace {

std::string operation_id() { return provisioning::operation_id_of(kDps, *RegistrationId::parse(kDevice)); }

Answer provision_again(WholeService& service, const pki::Chain& chain, std::string_view id = kDevice) {
  Device device{service, to_dps(chain)};
  return device.provisions(id);
}

TEST(RegisterAgain, GivesTheSameDevice) {
  WholeService service;
  const pki::Chain chain = provisioned(service);
  const DeviceIdentity before = service.device(kDevice).value();
  const Registration first = service.registration(kDevice).value();
  service.passes(1h);

  const Answer answer = provision_again(service, chain);
  EXPECT_EQ(answer.body["registrationState"]["deviceId"], kDevice);
  const DeviceIdentity after = service.device(kDevice).value();
  EXPECT_EQ(after.generation_id, before.generation_id);
  EXPECT_EQ(after.version, before.version) << "its etag does not move for nothing";
  EXPECT_EQ(service.registration(kDevice)->created, first.created);
  EXPECT_GT(service.registration(kDevice)->updated, first.updated);
}

TEST(RegisterAgain, WithARenewedCertificateReplacesTheThumbprint) {
  WholeService service;
  provisioned(service);
  const DeviceIdentity before = service.device(kDevice).value();
  const pki::Chain renewed = certificate_of(kDevice);
  provision_again(service, renewed);
  const DeviceIdentity after = service.device(kDevice).value();
  EXPECT_EQ(after.generation_id, before.generation_id);
  EXPECT_EQ(after.auth.primary_thumbprint, renewed.leaf().sha256_thumbprint());
  Device device{service, to_hub(renewed)};
  EXPECT_EQ(device.connects_to_hub(kDevice).return_code, 0);
}

TEST(RegisterAgain, InOtherLettersIsTheSameDevice) {
  WholeService service;
  const pki::Chain chain = provisioned(service);
  const Answer answer = provision_again(service, chain, "MY-Device-001");
  EXPECT_EQ(answer.body["registrationState"]["deviceId"], kDevice)
      << "a hub tells letters' case apart, DPS does not";
  EXPECT_FALSE(service.device("MY-Device-001")) << "or one device would have two identities";
}

TEST(RegisterAgain, AfterARestartGivesTheSameDevice) {
  WholeService service;
  const pki::Chain chain = provisioned(service);
  const DeviceIdentity before = service.device(kDevice).value();
  service.restarts();
  const Answer answer = provision_again(service, chain);
  EXPECT_EQ(answer.body["status"], "assigned");
  EXPECT_EQ(service.device(kDevice)->generation_id, before.generation_id);
}

TEST(RegisterAgain, MakesAHubIdentityThatWasDeletedAnew) {
  WholeService service;
  const pki::Chain chain = provisioned(service);
  const std::string generation = service.device(kDevice)->generation_id;
  service.deletes_device(kDevice);
  service.passes(1s);
  const Answer answer = provision_again(service, chain);
  EXPECT_EQ(answer.body["status"], "assigned");
  ASSERT_TRUE(service.device(kDevice));
  EXPECT_NE(service.device(kDevice)->generation_id, generation) << "it is another device of the same name";
}

TEST(RegisterAgain, LeavesADisabledDeviceDisabled) {
  WholeService service;
  const pki::Chain chain = provisioned(service);
  service.disables_device(kDevice);
  provision_again(service, chain);
  EXPECT_FALSE(service.device(kDevice)->enabled);
}

TEST(Poll, AfterARestartStillAnswers) {
  WholeService service;
  const pki::Chain chain = provisioned(service);
  service.restarts();
  Device device{service, to_dps(chain)};
  device.connects_to_dps(kDevice);
  device.subscribes_to_responses();
  const Answer answer = device.polls(operation_id());
  EXPECT_EQ(answer.status, 200);
  EXPECT_EQ(answer.body["status"], "assigned");
}

TEST(Poll, OfARegistrationThatARestartCutOffStartsItAgain) {
  WholeService service;
  Device device{service, to_dps(certificate_of(kDevice))};
  device.connects_to_dps(kDevice);
  device.subscribes_to_responses();
  const Answer started = device.polls(operation_id());
  EXPECT_EQ(started.status, 202);
  EXPECT_EQ(started.retry_after, 3);
  EXPECT_EQ(started.body["registrationState"]["status"], "assigning");
  EXPECT_EQ(device.polls(operation_id()).body["status"], "assigned");
}

TEST(Poll, OfAForeignOperationIsUnknown) {
  WholeService service;
  provisioned(service, "pump-07");
  Device device{service, to_dps(certificate_of(kDevice))};
  device.connects_to_dps(kDevice);
  device.subscribes_to_responses();
  const Answer answer = device.polls(provisioning::operation_id_of(kDps, *RegistrationId::parse("pump-07")));
  EXPECT_EQ(answer.status, 404);
  EXPECT_EQ(answer.body["errorCode"], 404202);
  EXPECT_FALSE(device.is_closed());
}

TEST(Operation, OutlivesItsConnection) {
  WholeService service;
  service.registry().before_assign = [&](registry::Store&) { EXPECT_EQ(service.operations_running(), 1u); };
  {
    Device device{service, to_dps(certificate_of(kDevice))};
    device.connects_to_dps(kDevice);
    device.subscribes_to_responses();
    device.says(
        Publish{.topic = "$dps/registrations/PUT/iotdps-register/?$rid=1", .payload = as_bytes("{}")});
    service.registry().hold();
    service.passes(50ms);  // The request waits for the registry,
    device.wire().push_end();
    service.settles();  // its connection ends,
    EXPECT_TRUE(device.is_closed());
  }
  service.registry().go_on();
  service.settles();  // and the registration is carried out.
  EXPECT_TRUE(service.registration(kDevice));
  EXPECT_TRUE(service.device(kDevice));
  EXPECT_EQ(service.operations_running(), 0u);
}

struct Body {
  const char* name;
  const char* body;
  int status;
  const char* source;
};

class RegisterBody : public testing::TestWithParam<Body> {};

TEST_P(RegisterBody, IsAcceptedOrRefusedByName) {
  WholeService service;
  Device device{service, to_dps(certificate_of(kDevice))};
  device.connects_to_dps(kDevice);
  device.subscribes_to_responses();
  device.says(Publish{.topic = "$dps/registrations/PUT/iotdps-register/?$rid=1",
                      .payload = as_bytes(GetParam().body)});
  service.passes(50ms);
  EXPECT_EQ(device.hears_answer().status, GetParam().status) << GetParam().source;
}

INSTANTIATE_TEST_SUITE_P(
    Bodies, RegisterBody,
    testing::Values(Body{"empty", "", 202, "C#, device/01 5"},
                    Body{"null_payload", R"({"payload": null, "registrationId": "my-device-001"})", 202,
                         "Python"},
                    Body{"id_only", R"({"registrationId":"my-device-001"})", 202, "Node, Java, C"},
                    Body{"id_in_other_letters", R"({"registrationId":"MY-DEVICE-001"})", 202, "device/01 2"},
                    Body{"payload", R"({"payload":{"a":1}})", 202, "C#"},
                    Body{"another_id", R"({"registrationId":"pump-07"})", 400, "device/01 5"},
                    Body{"csr", R"({"csr":"MIIB"})", 400, "unified SDK; refused by name until it exists"},
                    Body{"tpm", R"({"tpm":{"endorsementKey":"a"}})", 400, "refused by name until it exists"},
                    Body{"not_json", "{", 400, "device/01 6.5"}),
    [](const auto& row) { return std::string{row.param.name}; });

}  // namespace
}  // namespace muster::journeys
