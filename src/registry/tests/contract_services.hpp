#pragma once

#include "registry/tests/contract.hpp"

namespace muster::registry {

template <typename Engine>
class ServiceContract : public RegistryContract<Engine> {};
TYPED_TEST_SUITE_P(ServiceContract);

TYPED_TEST_P(ServiceContract, StartsEmpty) {
  EXPECT_TRUE(this->store().services().hubs().value().empty());
  EXPECT_TRUE(this->store().services().dps_instances().value().empty());
  EXPECT_GT(this->generation(), 0) << "0 is what a caller knows that has read nothing";
}

TYPED_TEST_P(ServiceContract, HubComesBackWhole) {
  using namespace testing_values;
  const Hub stored = this->store().services().put_hub(hub("Hub-A"), 0).value().value();
  Hub expected = hub("Hub-A");
  expected.version = 1;
  EXPECT_EQ(fields(stored), fields(expected));
  this->reopen();
  const auto hubs = this->store().services().hubs().value();
  ASSERT_EQ(hubs.size(), 1u);
  EXPECT_EQ(fields(hubs[0]), fields(expected));
}

TYPED_TEST_P(ServiceContract, HubPutIsConditionalAndKeepsWhatIsGivenOnce) {
  using namespace testing_values;
  auto& services = this->store().services();
  expect_conditional([&](std::int64_t expected) {
    const auto stored = services.put_hub(hub("hub-a"), expected).value();
    return stored ? std::optional{stored->version} : std::nullopt;
  });
  Hub other = hub("HUB-A");
  other.location = "eastus";
  other.number = 77;
  other.created = at(5);
  const Hub stored = services.put_hub(other, kAnyVersion).value().value();
  Hub expected = hub("hub-a");
  expected.location = "eastus";
  expected.version = 4;
  EXPECT_EQ(fields(stored), fields(expected)) << "number, created and spelling stay";
  EXPECT_EQ(fields(services.hubs().value().at(0)), fields(expected));
}

TYPED_TEST_P(ServiceContract, HubNumbersAreNeverGivenTwice) {
  using namespace testing_values;
  auto number_of_new = [this](std::string_view name) {
    return this->store().services().put_hub(hub(name), 0).value().value().number;
  };
  EXPECT_EQ(number_of_new("zeta"), 0u);
  EXPECT_EQ(number_of_new("alpha"), 1u);
  EXPECT_TRUE(this->store().services().remove(hub_ref("alpha")).value());
  this->reopen();
  EXPECT_EQ(number_of_new("alpha"), 2u) << "1 was the deleted hub's";
  const auto hubs = this->store().services().hubs().value();
  ASSERT_EQ(hubs.size(), 2u);
  EXPECT_EQ(hubs[0].name.str(), "zeta") << "by number, not by name";
}

TYPED_TEST_P(ServiceContract, DpsComesBackWholeWithItsLinksInOrder) {
  using namespace testing_values;
  DpsInstance expected = dps("Dps-1");
  expected.version = 1;
  EXPECT_EQ(fields(this->store().services().put_dps(dps("Dps-1"), 0).value().value()), fields(expected));
  this->reopen();
  EXPECT_EQ(fields(this->store().services().dps_instances().value().at(0)), fields(expected));
}

TYPED_TEST_P(ServiceContract, DpsPutIsConditionalAndReplacesLinks) {
  using namespace testing_values;
  auto& services = this->store().services();
  expect_conditional([&](std::int64_t expected) {
    const auto stored = services.put_dps(dps("dps-1"), expected).value();
    return stored ? std::optional{stored->version} : std::nullopt;
  });
  DpsInstance other = dps("DPS-1");
  other.linked_hubs = {{service("hub-z"), "x", 2, true}};
  other.created = at(9);
  ASSERT_TRUE(services.put_dps(other, 3).value());
  DpsInstance expected = other;
  expected.name = service("dps-1");
  expected.created = dps("dps-1").created;
  expected.version = 4;
  EXPECT_EQ(fields(services.dps_instances().value().at(0)), fields(expected));
}

TYPED_TEST_P(ServiceContract, HubAndDpsOfOneNameAreTwo) {
  using namespace testing_values;
  auto& services = this->store().services();
  ASSERT_TRUE(services.put_hub(hub("same"), 0).value());
  ASSERT_TRUE(services.put_dps(dps("same"), 0).value());
  EXPECT_TRUE(services.remove(hub_ref("same")).value());
  EXPECT_EQ(services.dps_instances().value().size(), 1u);
}

TYPED_TEST_P(ServiceContract, PoliciesBelongToOneService) {
  using namespace testing_values;
  this->make_services();
  auto& services = this->store().services();
  ASSERT_TRUE(services.put_policy(hub_ref("HUB-a"), {"service", "p", "s", {"ServiceConnect"}}));
  ASSERT_TRUE(
      services.put_policy(hub_ref("hub-a"), {"iothubowner", "p1", "s1", {"RegistryRead", "RegistryWrite"}}));
  ASSERT_TRUE(services.put_policy(hub_ref("hub-a"), {"service", "p2", "s2", {}}));
  this->reopen();
  const auto policies = this->store().services().policies(hub_ref("hub-A")).value();
  ASSERT_EQ(policies.size(), 2u);
  EXPECT_EQ(policies[0].name, "iothubowner");
  EXPECT_EQ(policies[0].primary_key, "p1");
  EXPECT_EQ(policies[0].secondary_key, "s1");
  EXPECT_EQ(policies[0].rights, (std::vector<std::string>{"RegistryRead", "RegistryWrite"}));
  EXPECT_EQ(policies[1].primary_key, "p2") << "replaced";
  EXPECT_TRUE(policies[1].rights.empty());
  EXPECT_TRUE(this->store().services().policies(hub_ref("hub-b")).value().empty());
  EXPECT_TRUE(this->store().services().policies(dps_ref("hub-a")).value().empty());
  const auto refused = this->store().services().put_policy(hub_ref("nowhere"), {"x", "", "", {}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::hub_unknown);
}

TYPED_TEST_P(ServiceContract, RemovingAHubTakesEverythingOfIt) {
  using namespace testing_values;
  this->make_services();
  Store& store = this->store();
  ASSERT_TRUE(store.services().put_policy(hub_ref("hub-a"), {"owner", "p", "s", {}}));
  ASSERT_TRUE(store.certificates().put(certificate(hub_ref("hub-a"), "root"), 0).value());
  ASSERT_TRUE(store.devices().put(identity("hub-a", "d1"), 0, nullptr).value());
  ASSERT_TRUE(store.devices().put(identity("hub-b", "d1"), 0, nullptr).value());
  EXPECT_TRUE(store.services().remove(hub_ref("HUB-A")).value());
  EXPECT_FALSE(store.services().remove(hub_ref("hub-a")).value()) << "gone already";
  this->reopen();
  Store& later = this->store();
  ASSERT_TRUE(later.services().put_hub(hub("hub-a"), 0).value());
  EXPECT_TRUE(later.services().policies(hub_ref("hub-a")).value().empty()) << "a later hub inherits nothing";
  EXPECT_TRUE(later.certificates().list(hub_ref("hub-a")).value().empty());
  EXPECT_FALSE(later.devices().find(service("hub-a"), device_id("d1")).value());
  EXPECT_FALSE(later.devices().find_twin(service("hub-a"), device_id("d1")).value());
  EXPECT_EQ(later.devices().count(service("hub-a")).value().total, 0u);
  EXPECT_TRUE(later.devices().find(service("hub-b"), device_id("d1")).value());
  const DpsInstance unlinked = later.services().dps_instances().value().at(0);
  ASSERT_EQ(unlinked.linked_hubs.size(), 1u) << "the link to hub-a is gone";
  EXPECT_EQ(unlinked.linked_hubs[0].hub.str(), "Hub-B");
  EXPECT_EQ(unlinked.version, 2) << "the instance was changed by that";
}

TYPED_TEST_P(ServiceContract, RemovingADpsTakesEverythingOfIt) {
  using namespace testing_values;
  this->make_services();
  Store& store = this->store();
  ASSERT_TRUE(store.certificates().put(certificate(dps_ref("dps-1"), "root"), 0).value());
  ASSERT_TRUE(store.enrollments().put(enrollment("dps-1", "one"), 0).value());
  ASSERT_TRUE(store.groups().put(group("dps-1", "one"), 0).value());
  ASSERT_TRUE(store.registrations().put(registration("dps-1", "one"), 0).value());
  EXPECT_TRUE(store.services().remove(dps_ref("dps-1")).value());
  ASSERT_TRUE(store.services().put_dps(dps("dps-1"), 0).value());
  EXPECT_TRUE(store.certificates().list(dps_ref("dps-1")).value().empty());
  EXPECT_FALSE(store.enrollments().find(service("dps-1"), registration_id("one")).value());
  EXPECT_FALSE(store.groups().find(service("dps-1"), group_id("one")).value());
  EXPECT_FALSE(store.registrations().find(service("dps-1"), registration_id("one")).value());
  EXPECT_FALSE(store.registrations().latest_of_device(device_id("one")).value());
  EXPECT_FALSE(store.registrations().find_by_operation(service("dps-1"), "5.op.one").value());
}

TYPED_TEST_P(ServiceContract, CertificateComesBackWholeAndFoldsCase) {
  using namespace testing_values;
  this->make_services();
  CaCertificate expected = certificate(dps_ref("Dps-1"), "Root-CA");
  const CaCertificate stored =
      this->store().certificates().put(certificate(dps_ref("dps-1"), "Root-CA"), 0).value().value();
  expected.id = stored.id;
  expected.version = 1;
  EXPECT_GT(stored.id, 0);
  EXPECT_EQ(fields(stored), fields(expected)) << "the owner is spelled as it was made";
  this->reopen();
  auto& certificates = this->store().certificates();
  EXPECT_EQ(fields(certificates.find(dps_ref("DPS-1"), certificate_name("root-ca")).value().value()),
            fields(expected));
  EXPECT_EQ(fields(certificates.find_by_id(stored.id).value().value()), fields(expected));
  EXPECT_EQ(fields(certificates.list(dps_ref("dps-1")).value().at(0)), fields(expected));
  EXPECT_FALSE(certificates.find(hub_ref("hub-a"), certificate_name("root-ca")).value());
  EXPECT_TRUE(certificates.list(dps_ref("dps-2")).value().empty());
}

TYPED_TEST_P(ServiceContract, CertificatePutAndRemoveAreConditional) {
  using namespace testing_values;
  this->make_services();
  auto& certificates = this->store().certificates();
  expect_conditional([&](std::int64_t expected) {
    const auto stored = certificates.put(certificate(hub_ref("hub-a"), "ca"), expected).value();
    return stored ? std::optional{stored->version} : std::nullopt;
  });
  expect_conditional_remove([&](std::int64_t expected) {
    return certificates.remove(hub_ref("hub-a"), certificate_name("CA"), expected).value();
  });
}

TYPED_TEST_P(ServiceContract, CertificateIdIsOfOneDerAndNeverReused) {
  using namespace testing_values;
  this->make_services();
  auto& certificates = this->store().certificates();
  const CaCertificate first = certificates.put(certificate(hub_ref("hub-a"), "ca"), 0).value().value();
  CaCertificate verified = first;
  verified.verification_code = "";
  verified.created = at(99);
  const CaCertificate same = certificates.put(verified, first.version).value().value();
  EXPECT_EQ(same.id, first.id);
  EXPECT_EQ(same.created, first.created);
  CaCertificate renewed = first;
  renewed.der = bytes("another");
  const CaCertificate other = certificates.put(renewed, kAnyVersion).value().value();
  EXPECT_GT(other.id, first.id) << "identities that remember the old CA must not follow its name";
  EXPECT_FALSE(certificates.find_by_id(first.id).value());
  ASSERT_EQ(certificates.remove(hub_ref("hub-a"), certificate_name("ca"), kAnyVersion).value(),
            std::optional{true});
  const CaCertificate again = certificates.put(certificate(hub_ref("hub-a"), "ca"), 0).value().value();
  EXPECT_GT(again.id, other.id);
  EXPECT_EQ(again.version, 1);
}

TYPED_TEST_P(ServiceContract, CertificateOfNoServiceIsRefused) {
  using namespace testing_values;
  const auto refused = this->store().certificates().put(certificate(dps_ref("dps-1"), "ca"), 0);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::resource_not_found);
}

REGISTER_TYPED_TEST_SUITE_P(ServiceContract, StartsEmpty, HubComesBackWhole,
                            HubPutIsConditionalAndKeepsWhatIsGivenOnce, HubNumbersAreNeverGivenTwice,
                            DpsComesBackWholeWithItsLinksInOrder, DpsPutIsConditionalAndReplacesLinks,
                            HubAndDpsOfOneNameAreTwo, PoliciesBelongToOneService,
                            RemovingAHubTakesEverythingOfIt, RemovingADpsTakesEverythingOfIt,
                            CertificateComesBackWholeAndFoldsCase, CertificatePutAndRemoveAreConditional,
                            CertificateIdIsOfOneDerAndNeverReused, CertificateOfNoServiceIsRefused);

}  // namespace muster::registry
