#include "gateway/rest/tests/world.hpp"

#include <nlohmann/json.hpp>

/// Hubs and DPS instances that are made, linked and deleted over ARM's paths, as `az` and core CLI send them.
namespace muster::rest {
namespace {

using nlohmann::json;

constexpr const char* kHubs = "/subscriptions/sub/resourceGroups/rg/providers/Microsoft.Devices/IotHubs";
constexpr const char* kServices =
    "/subscriptions/sub/resourceGroups/rg/providers/Microsoft.Devices/provisioningServices";

/// service/13: what core CLI puts with `az iot hub create --sku S1 --partition-count 2`.
constexpr const char* kAzHub = R"({"location":"West Europe","sku":{"name":"S1","capacity":1},"properties":{
  "eventHubEndpoints":{"events":{"retentionTimeInDays":1,"partitionCount":2}},
  "storageEndpoints":{"$default":{"sasTtlAsIso8601":"PT1H","connectionString":"","containerName":""}},
  "messagingEndpoints":{"fileNotifications":{"ttlAsIso8601":"PT1H","maxDeliveryCount":10}},
  "enableFileUploadNotifications":false,
  "cloudToDevice":{"maxDeliveryCount":10,"defaultTtlAsIso8601":"PT1H"}}})";

class ArmChanges : public testing::Test {
 protected:
  World world;

  std::string hub_path(std::string_view name) { return fmt::format("{}/{}", kHubs, name); }
  std::string dps_path(std::string_view name = "my-dps") { return fmt::format("{}/{}", kServices, name); }
  json read(const Answer& answer) {
    EXPECT_EQ(answer.status, 200) << answer.body;
    return json::parse(answer.body, nullptr, false);
  }
  json make_hub(std::string_view name) { return read(world.ask_arm("PUT", hub_path(name), kAzHub)); }
  std::string connection_string(std::string_view hub, std::string_view policy = "iothubowner") {
    const json key =
        read(world.ask_arm("POST", fmt::format("{}/IotHubKeys/{}/listkeys", hub_path(hub), policy)));
    return fmt::format("HostName={}.azure-devices.net;SharedAccessKeyName={};SharedAccessKey={}", hub, policy,
                       key["primaryKey"].get<std::string>());
  }
  /// As `az iot dps linked-hub create` does: the whole DPS instance back, with one more.
  Answer link(std::string_view connection, json more = json::object()) {
    json dps = read(world.ask_arm("GET", dps_path()));
    more["connectionString"] = connection;
    dps["properties"]["iotHubs"].push_back(more);
    return world.ask_arm("PUT", dps_path(), dps.dump());
  }
};

TEST_F(ArmChanges, AHubIsMadeWithPoliciesPartitionsAndTheNextNumber) {
  const json hub = make_hub("second");
  EXPECT_EQ(hub["location"], "westeurope");
  EXPECT_EQ(hub["properties"]["provisioningState"], "Succeeded") << "ends core CLI's polling at once";
  EXPECT_EQ(hub["properties"]["eventHubEndpoints"]["events"]["partitionCount"], 2);
  EXPECT_EQ(world.log->partition_count("second").value(), 2u);
  const json keys = read(world.ask_arm("POST", hub_path("second") + "/listkeys"));
  EXPECT_EQ(keys["value"].size(), 5u);
  EXPECT_NE(connection_string("second"), connection_string("second", "service")) << "keys are random";
  EXPECT_EQ(world.services_changes, 1);
  std::uint32_t number = 0;
  ASSERT_TRUE(world.write([&](registry::Store& store) -> Result<void> {
    number = store.services().hubs()->back().number;
    return {};
  }));
  EXPECT_EQ(number, 1u);
  make_hub("second");
  EXPECT_EQ(read(world.ask_arm("GET", hub_path("second")))["etag"], hub["etag"])
      << "the same again is no change";
}

struct Refused {
  const char* name;
  const char* path;
  const char* body;
  int status;
  const char* says;
};

class RefusedChange : public ArmChanges, public testing::WithParamInterface<Refused> {};

TEST_P(RefusedChange, SaysWhyAndChangesNothing) {
  const std::string_view path = GetParam().path;
  const Answer answer = world.ask_arm(
      "PUT", fmt::format("{}/{}", path.starts_with("dps") ? kServices : kHubs, path), GetParam().body);
  EXPECT_EQ(answer.status, GetParam().status) << answer.body;
  EXPECT_NE(answer.body.find(GetParam().says), std::string::npos) << answer.body;
  EXPECT_EQ(world.services_changes, 0);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, RefusedChange,
    testing::Values(
        Refused{"no_location", "new", "{}", 400, "location: is missing"},
        Refused{"name", "a_b", R"({"location":"eastus"})", 400, "name: "},
        Refused{"not_json", "new", "{", 400, "MU-4001"},
        Refused{"tags", "new", R"({"location":"eastus","tags":{"a":"b"}})", 400, "tags: "},
        Refused{"no_partitions", "new",
                R"({"location":"e","properties":{"eventHubEndpoints":{"events":{"partitionCount":0}}}})", 400,
                "properties.eventHubEndpoints.events.partitionCount: 0 found"},
        Refused{"partitions_of_a_hub_that_is_there", "my-hub",
                R"({"properties":{"eventHubEndpoints":{"events":{"partitionCount":8}}}})", 400, "it is 2"},
        Refused{"moved", "my-hub", R"({"location":"westus"})", 400, "it is eastus for good"},
        Refused{"stale", "my-hub", R"({"location":"eastus","etag":"x"})", 412, "the request wanted x"},
        Refused{"dps_policy", "dps-new", R"({"location":"e","properties":{"allocationPolicy":"best"}})", 400,
                "Hashed, GeoLatency or Static wanted"},
        Refused{"dps_custom", "dps-new", R"({"location":"e","properties":{"allocationPolicy":"Custom"}})",
                400, "policy of enrollments"},
        Refused{
            "dps_link_without_key", "dps-new",
            R"({"location":"e","properties":{"iotHubs":[{"connectionString":"HostName=my-hub.azure-devices.net"}]}})",
            400, "properties.iotHubs[0].connectionString: SharedAccessKeyName"},
        Refused{
            "dps_link_to_nowhere", "dps-new",
            R"({"location":"e","properties":{"iotHubs":[{"connectionString":)"
            R"("HostName=far.azure-devices.net;SharedAccessKeyName=iothubowner;SharedAccessKey=a2V5"}]}})",
            400, "there is no hub far"},
        Refused{
            "dps_link_by_a_wrong_key", "dps-new",
            R"({"location":"e","properties":{"iotHubs":[{"connectionString":)"
            R"("HostName=my-hub.azure-devices.net;SharedAccessKeyName=iothubowner;SharedAccessKey=bm8="}]}})",
            400, "no key of policy iothubowner"},
        Refused{
            "dps_link_without_the_right", "dps-new",
            R"({"location":"e","properties":{"iotHubs":[{"connectionString":)"
            R"("HostName=my-hub.azure-devices.net;SharedAccessKeyName=iothubowner;SharedAccessKey=a2V5"}]}})",
            400, "lacks the right ServiceConnect"},
        Refused{
            "dps_masked_key_of_a_hub_that_is_not_linked", "dps-new",
            R"({"location":"e","properties":{"iotHubs":[{"connectionString":)"
            R"("HostName=my-hub.azure-devices.net;SharedAccessKeyName=iothubowner;SharedAccessKey=****"}]}})",
            400, "the key is masked"}),
    [](const auto& row) { return std::string{row.param.name}; });

TEST_F(ArmChanges, ADpsInstanceIsMadeWithItsOwnScope) {
  const json dps = read(world.ask_arm("PUT", dps_path("other"), R"({"location":"eastus","properties":{}})"));
  const std::string scope = dps["properties"]["idScope"];
  EXPECT_EQ(scope.size(), 11u) << scope;
  EXPECT_EQ(scope.substr(0, 3), "0ne");
  EXPECT_NE(scope, "0ne00123ABC");
  EXPECT_EQ(read(world.ask_arm("POST", dps_path("other") + "/listkeys"))["value"].size(), 1u);
  const json again = read(world.ask_arm("PUT", dps_path("other"), dps.dump()));
  EXPECT_EQ(again["properties"]["idScope"], scope) << "read-only, and for good";
  EXPECT_EQ(world.ask_arm("DELETE", dps_path("other")).status, 204);
  EXPECT_EQ(world.ask_arm("GET", dps_path("other")).status, 404);
  EXPECT_EQ(world.ask_arm("DELETE", dps_path("other")).status, 404);
}

TEST_F(ArmChanges, LinksArePutWithTheWholeInstance) {
  make_hub("second");
  const json linked = read(link(connection_string("second"),
                                {{"location", "West US"}, {"allocationWeight", 3}}))["properties"]["iotHubs"];
  ASSERT_EQ(linked.size(), 2u);
  EXPECT_EQ(linked[0]["name"], "my-hub.azure-devices.net") << "by its masked key it stays";
  EXPECT_EQ(linked[1]["location"], "westus");
  EXPECT_EQ(linked[1]["allocationWeight"], 3);
  EXPECT_EQ(linked[1]["applyAllocationPolicy"], true);
  EXPECT_EQ(linked[1]["connectionString"],
            "HostName=second.azure-devices.net;SharedAccessKeyName=iothubowner;SharedAccessKey=****");
  EXPECT_EQ(link(connection_string("second")).status, 400) << "once is enough";

  const json tagged =
      read(world.ask_arm("PUT", dps_path(), R"({"properties":{"allocationPolicy":"static"}})"));
  EXPECT_EQ(tagged["properties"]["allocationPolicy"], "Static");
  EXPECT_EQ(tagged["properties"]["iotHubs"].size(), 2u) << "what a body does not speak of stays";
  const json none = read(world.ask_arm("PUT", dps_path(), R"({"properties":{"iotHubs":[]}})"));
  EXPECT_TRUE(none["properties"]["iotHubs"].empty());
}

TEST_F(ArmChanges, AStaleInstanceIsNotPut) {
  make_hub("second");
  json seen = read(world.ask_arm("GET", dps_path()));
  read(link(connection_string("second")));
  seen["properties"]["iotHubs"] = json::array();
  EXPECT_EQ(world.ask_arm("PUT", dps_path(), seen.dump()).status, 412);
  seen.erase("etag");
  EXPECT_EQ(world.ask_arm("PUT", dps_path(), seen.dump(), "If-Match: \"x\"\r\n").status, 412);
}

TEST_F(ArmChanges, ADeletedHubIsGoneAndItsLinksWithIt) {
  make_hub("second");
  read(link(connection_string("second")));
  EXPECT_EQ(world.ask_arm("DELETE", hub_path("second"), "", "If-Match: x\r\n").status, 412);
  EXPECT_EQ(world.ask_arm("DELETE", hub_path("second")).status, 204);
  EXPECT_EQ(world.ask_arm("GET", hub_path("second")).status, 404);
  EXPECT_EQ(world.ask("GET", "second.azure-devices.net", "/devices").status, 404);
  EXPECT_EQ(read(world.ask_arm("GET", dps_path()))["properties"]["iotHubs"].size(), 1u);
}

TEST_F(ArmChanges, AHubThatWasHereBeforeGoesOnWithItsEvents) {
  make_hub("second");
  world.ask_arm("DELETE", hub_path("second"));
  const Answer other =
      world.ask_arm("PUT", hub_path("second"),
                    R"({"location":"e","properties":{"eventHubEndpoints":{"events":{"partitionCount":8}}}})");
  EXPECT_EQ(other.status, 409);
  EXPECT_NE(other.body.find("its events are in 2 partitions"), std::string::npos) << other.body;
  EXPECT_EQ(world.ask_arm("PUT", hub_path("second"), R"({"location":"e"})").status, 200);
}

TEST_F(ArmChanges, TagsAreRefusedAndNothingElseIsPatched) {
  EXPECT_EQ(world.ask_arm("PATCH", hub_path("my-hub"), R"({"tags":{}})").status, 200);
  EXPECT_EQ(world.ask_arm("PATCH", dps_path(), R"({"tags":{"a":"b"}})").status, 400);
}

TEST_F(ArmChanges, NamesAreAsked) {
  const auto ask = [this](std::string_view call, std::string_view name) {
    return read(world.ask_arm("POST", fmt::format("/subscriptions/sub/providers/Microsoft.Devices/{}", call),
                              fmt::format(R"({{"name":"{}"}})", name)));
  };
  EXPECT_EQ(ask("checkNameAvailability", "my-hub")["reason"], "AlreadyExists");
  EXPECT_EQ(ask("checkNameAvailability", "my-dps")["nameAvailable"], true);
  EXPECT_EQ(ask("checkProvisioningServiceNameAvailability", "MY-DPS")["nameAvailable"], false);
  EXPECT_EQ(ask("checkProvisioningServiceNameAvailability", "a_b")["reason"], "Invalid");
}

}  // namespace
}  // namespace muster::rest
