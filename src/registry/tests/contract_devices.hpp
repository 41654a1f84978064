#pragma once

#include "registry/tests/contract.hpp"

namespace muster::registry {

template <typename Engine>
class DeviceContract : public RegistryContract<Engine> {};
TYPED_TEST_SUITE_P(DeviceContract);

TYPED_TEST_P(DeviceContract, DeviceAndTwinComeBackWhole) {
  using namespace testing_values;
  this->make_services();
  const Twin initial = twin("hub-a", "pump");
  ASSERT_TRUE(this->store().devices().put(identity("hub-a", "pump"), 0, &initial).value());
  this->reopen();
  auto& devices = this->store().devices();
  DeviceIdentity expected = identity("Hub-A", "pump");
  expected.version = 1;
  EXPECT_EQ(fields(devices.find(service("HUB-A"), device_id("pump")).value().value()), fields(expected));
  const DeviceRecord record = devices.find_record(service("hub-a"), device_id("pump")).value().value();
  EXPECT_EQ(fields(record.identity), fields(expected));
  const Twin expected_twin = twin("Hub-A", "pump");
  EXPECT_EQ(fields(record.twin), fields(expected_twin)) << "the initial twin, its versions as given";
  EXPECT_EQ(fields(devices.find_twin(service("hub-a"), device_id("pump")).value().value()),
            fields(expected_twin));
}

TYPED_TEST_P(DeviceContract, ATwinIsEmptyUnlessGiven) {
  using namespace testing_values;
  this->make_services();
  ASSERT_TRUE(this->store().devices().put(identity("hub-a", "pump"), 0, nullptr).value());
  const Twin expected{.hub = service("Hub-A"), .device = device_id("pump")};
  EXPECT_EQ(fields(this->store().devices().find_twin(service("hub-a"), device_id("pump")).value().value()),
            fields(expected));
}

TYPED_TEST_P(DeviceContract, DeviceIdsKeepCaseAndHubsAreApart) {
  using namespace testing_values;
  this->make_services();
  auto& devices = this->store().devices();
  ASSERT_TRUE(devices.put(identity("hub-a", "Pump"), 0, nullptr).value());
  ASSERT_TRUE(devices.put(identity("hub-a", "pump"), 0, nullptr).value());
  EXPECT_FALSE(devices.find(service("hub-a"), device_id("PUMP")).value());
  EXPECT_FALSE(devices.find(service("hub-b"), device_id("pump")).value());
  EXPECT_FALSE(devices.find_record(service("nowhere"), device_id("pump")).value());
  EXPECT_EQ(devices.count(service("HUB-a")).value().total, 2u);
  EXPECT_EQ(devices.count(service("hub-b")).value().total, 0u);
  EXPECT_EQ(devices.count(service("nowhere")).value().total, 0u);
}

TYPED_TEST_P(DeviceContract, CountsThoseThatAreEnabled) {
  using namespace testing_values;
  this->make_services();
  auto& devices = this->store().devices();
  DeviceIdentity on = identity("hub-a", "on");
  on.enabled = true;
  ASSERT_TRUE(devices.put(on, 0, nullptr).value());
  ASSERT_TRUE(devices.put(identity("hub-a", "off"), 0, nullptr).value());
  EXPECT_EQ(devices.count(service("hub-a")).value(), (DeviceCounts{2, 1}));
  on.enabled = false;
  ASSERT_TRUE(devices.put(on, kAnyVersion, nullptr).value());
  EXPECT_EQ(devices.count(service("hub-a")).value(), (DeviceCounts{2, 0}));
  on.enabled = true;
  ASSERT_TRUE(devices.put(on, kAnyVersion, nullptr).value());
  ASSERT_TRUE(devices.remove(service("hub-a"), device_id("on"), kAnyVersion).value());
  EXPECT_EQ(devices.count(service("hub-a")).value(), (DeviceCounts{1, 0}));
}

TYPED_TEST_P(DeviceContract, PutAndRemoveAreConditional) {
  using namespace testing_values;
  this->make_services();
  auto& devices = this->store().devices();
  expect_conditional([&](std::int64_t expected) {
    const auto stored = devices.put(identity("hub-a", "one"), expected, nullptr).value();
    return stored ? std::optional{stored->version} : std::nullopt;
  });
  EXPECT_EQ(devices.count(service("hub-a")).value().total, 1u);
  expect_conditional_remove([&](std::int64_t expected) {
    return devices.remove(service("hub-a"), device_id("one"), expected).value();
  });
  EXPECT_EQ(devices.count(service("hub-a")).value().total, 0u);
  EXPECT_FALSE(devices.find_twin(service("hub-a"), device_id("one")).value())
      << "the twin goes with its device";
}

TYPED_TEST_P(DeviceContract, AnUpdateKeepsGenerationCreatedAndTwin) {
  using namespace testing_values;
  this->make_services();
  auto& devices = this->store().devices();
  const Twin initial = twin("hub-a", "one");
  ASSERT_TRUE(devices.put(identity("hub-a", "one"), 0, &initial).value());
  DeviceIdentity changed = identity("hub-a", "one");
  changed.generation_id = "another";
  changed.created = at(1000);
  changed.enabled = true;
  changed.auth.primary_thumbprint = "T9";
  const Twin other{.hub = service("hub-a"), .device = device_id("one")};
  const DeviceIdentity stored = devices.put(changed, 1, &other).value().value();
  DeviceIdentity expected = identity("Hub-A", "one");
  expected.enabled = true;
  expected.auth.primary_thumbprint = "T9";
  expected.version = 2;
  EXPECT_EQ(fields(stored), fields(expected));
  const DeviceRecord record = devices.find_record(service("hub-a"), device_id("one")).value().value();
  EXPECT_EQ(fields(record.identity), fields(expected));
  EXPECT_EQ(fields(record.twin), fields(twin("Hub-A", "one")));
}

TYPED_TEST_P(DeviceContract, TwinPutIsConditionalAndNeverMakesOne) {
  using namespace testing_values;
  this->make_services();
  auto& devices = this->store().devices();
  EXPECT_FALSE(devices.put_twin(twin("hub-a", "one"), kAnyVersion).value()) << "no device, no twin";
  ASSERT_TRUE(devices.put(identity("hub-a", "one"), 0, nullptr).value());
  EXPECT_FALSE(devices.put_twin(twin("hub-a", "one"), 1).value()) << "a new twin is at 2";
  Twin expected = twin("Hub-A", "one");
  expected.version = 3;
  EXPECT_EQ(fields(devices.put_twin(twin("HUB-A", "one"), 2).value().value()), fields(expected));
  EXPECT_EQ(fields(devices.find_twin(service("hub-a"), device_id("one")).value().value()), fields(expected));
  EXPECT_FALSE(devices.put_twin(twin("hub-a", "one"), 2).value());
  EXPECT_EQ(devices.put_twin(twin("hub-a", "one"), kAnyVersion).value().value().version, 4);
  EXPECT_EQ(devices.find(service("hub-a"), device_id("one")).value().value().version, 1)
      << "the identity stands still";
}

TYPED_TEST_P(DeviceContract, ListingIsPagedInOrderOfBytes) {
  using namespace testing_values;
  this->make_services();
  auto& devices = this->store().devices();
  for (const char* id : {"b", "C", "a", "$z"})
    ASSERT_TRUE(devices.put(identity("hub-a", id), 0, nullptr).value());
  ASSERT_TRUE(devices.put(identity("hub-b", "aa"), 0, nullptr).value());
  std::string seen;
  std::string after;
  do {
    const auto page = devices.list(service("hub-a"), after, 2).value();
    for (const DeviceRecord& record : page.items) {
      EXPECT_EQ(record.twin.device, record.identity.id);
      seen += record.identity.id.str();
    }
    seen += '|';
    after = page.next;
  } while (!after.empty());
  EXPECT_EQ(seen, "$zC|ab|");
}

TYPED_TEST_P(DeviceContract, ADeviceOfNoHubIsRefused) {
  using namespace testing_values;
  const auto refused = this->store().devices().put(identity("hub-a", "one"), 0, nullptr);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::hub_unknown);
  EXPECT_EQ(refused.error().reason(), "there is no hub hub-a");
}

/// The ids that a search finds, a page of two after the other.
inline std::string found(DeviceRepository& devices, const DeviceFilter& filter) {
  std::string ids;
  std::string after;
  do {
    const auto page = devices.search(testing_values::service("hub-a"), filter, after, 2).value();
    for (const DeviceRecord& record : page.items) ids += std::string{record.identity.id.str()} + ' ';
    ids += '|';
    after = page.next;
  } while (!after.empty());
  return ids;
}

template <typename Store>
void make_fleet(Store& store) {
  using namespace testing_values;
  struct Row {
    const char *id, *tags;
    bool enabled;
    DeviceAuthType type;
  };
  for (const Row& row : std::vector<Row>{
           {"a", R"({"site":"oslo","n":3,"deep":{"er":true}})", true, DeviceAuthType::sas},
           {"b", R"({"site":"oslo","n":3.0,"deep":{"er":false}})", false, DeviceAuthType::self_signed},
           {"b1", R"({"site":"bergen","list":["oslo"],"n":"3"})", true, DeviceAuthType::sas},
           {"b2", R"({"site":"oslo","open":true})", false, DeviceAuthType::sas},
           {"c", "{}", true, DeviceAuthType::certificate_authority},
       }) {
    DeviceIdentity made = identity("hub-a", row.id);
    made.enabled = row.enabled;
    made.auth.type = row.type;
    Twin tagged{.hub = service("hub-a"), .device = device_id(row.id)};
    tagged.tags_json = row.tags;
    ASSERT_TRUE(store.devices().put(made, 0, &tagged).value());
    made.hub = tagged.hub = service("hub-b");
    ASSERT_TRUE(store.devices().put(made, 0, &tagged).value());
  }
}

TYPED_TEST_P(DeviceContract, SearchingByOneConditionFindsWhatMeetsIt) {
  using namespace testing_values;
  this->make_services();
  make_fleet(this->store());
  struct Row {
    const char* name;
    DeviceFilter filter;
    const char* ids;
  };
  const auto ids = [](std::vector<std::string_view> texts) {
    std::vector<DeviceId> parsed;
    for (const auto text : texts) parsed.push_back(device_id(text));
    return parsed;
  };
  for (const Row& row : std::vector<Row>{
           {"nothing asked", {}, "a b |b1 b2 |c |"},
           {"ids", {.ids = ids({"a", "b2", "c", "z"})}, "a b2 |c |"},
           {"no id", {.ids = ids({})}, "|"},
           {"ids within a prefix", {.ids = ids({"a", "b1", "b2"}), .id_prefix = "b"}, "b1 b2 |"},
           {"a prefix that is an id", {.id_prefix = "b"}, "b b1 |b2 |"},
           {"a prefix of none", {.id_prefix = "bb"}, "|"},
           {"no prefix of an id", {.id_prefix = "\xC3\xA4"}, "|"},
           {"a string", {.tag = TagIs{{"site"}, "oslo"}}, "a b |b2 |"},
           {"a string within a prefix", {.id_prefix = "b", .tag = TagIs{{"site"}, "oslo"}}, "b b2 |"},
           {"a number, however written", {.tag = TagIs{{"n"}, 3.0}}, "a b |"},
           {"a number as text", {.tag = TagIs{{"n"}, "3"}}, "b1 |"},
           {"a boolean below", {.tag = TagIs{{"deep", "er"}, true}}, "a |"},
           {"an object is no value", {.tag = TagIs{{"deep"}, "er"}}, "|"},
           {"an element of a list is no tag", {.tag = TagIs{{"list"}, "oslo"}}, "|"},
           {"names keep their case", {.tag = TagIs{{"Site"}, "oslo"}}, "|"},
           {"authentication", {.auth_type = DeviceAuthType::sas}, "a b1 |b2 |"},
           {"disabled", {.enabled = false}, "b b2 |"},
           {"disabled within a prefix", {.id_prefix = "b2", .enabled = false}, "b2 |"},
       }) {
    EXPECT_EQ(found(this->store().devices(), row.filter), row.ids) << row.name;
  }
  EXPECT_TRUE(this->store().devices().search(service("nowhere"), {}, "", 2).value().items.empty());
}

TYPED_TEST_P(DeviceContract, TheIndexOfTagsFollowsTheTwin) {
  using namespace testing_values;
  this->make_services();
  make_fleet(this->store());
  auto& devices = this->store().devices();
  const DeviceFilter oslo{.tag = TagIs{{"site"}, "oslo"}};
  Twin moved{.hub = service("hub-a"), .device = device_id("a")};
  moved.tags_json = R"({"site":"bergen"})";
  const auto failed = this->store().transaction([&]() -> Result<void> {
    MUSTER_CHECK(devices.put_twin(moved, kAnyVersion));
    EXPECT_EQ(found(devices, oslo), "b b2 |");
    return failure(ErrorCode::throttled, "undone");
  });
  EXPECT_FALSE(failed);
  EXPECT_EQ(found(devices, oslo), "a b |b2 |") << "undone with the transaction";
  ASSERT_TRUE(devices.put_twin(moved, kAnyVersion).value());
  EXPECT_EQ(found(devices, {.tag = TagIs{{"site"}, "bergen"}}), "a b1 |");
  ASSERT_TRUE(devices.remove(service("hub-a"), device_id("b"), kAnyVersion).value());
  EXPECT_EQ(found(devices, oslo), "b2 |");
  ASSERT_TRUE(devices.put(identity("hub-a", "b"), 0, nullptr).value());
  EXPECT_EQ(found(devices, oslo), "b2 |") << "one made anew has no tags of the old one";
  const std::string longer(300, 'x');
  moved.tags_json = R"({"site":")" + longer + R"("})";
  ASSERT_TRUE(devices.put_twin(moved, kAnyVersion).value());
  EXPECT_EQ(found(devices, {.tag = TagIs{{"site"}, longer}}), "a |");
  ASSERT_TRUE(this->store().services().remove({ServiceKind::hub, service("hub-a")}).value());
  ASSERT_TRUE(this->store().services().put_hub(hub("hub-a"), 0).value());
  ASSERT_TRUE(devices.put(identity("hub-a", "b2"), 0, nullptr).value());
  EXPECT_EQ(found(devices, oslo), "|") << "nor has a hub of the same name";
}

REGISTER_TYPED_TEST_SUITE_P(DeviceContract, SearchingByOneConditionFindsWhatMeetsIt,
                            TheIndexOfTagsFollowsTheTwin, DeviceAndTwinComeBackWhole, ATwinIsEmptyUnlessGiven,
                            DeviceIdsKeepCaseAndHubsAreApart, CountsThoseThatAreEnabled,
                            PutAndRemoveAreConditional, AnUpdateKeepsGenerationCreatedAndTwin,
                            TwinPutIsConditionalAndNeverMakesOne, ListingIsPagedInOrderOfBytes,
                            ADeviceOfNoHubIsRefused);

}  // namespace muster::registry
