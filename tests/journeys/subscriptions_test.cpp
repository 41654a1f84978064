// What SDKs subscribe to on their own is granted, anything else gets 0x80, and nobody is closed for asking
// (protocol/device/04 section 4).

#include "device.hpp"

namespace muster::journeys {
namespace {

using testing::ElementsAre;

struct Filter {
  const char* name;
  const char* filter;
  std::uint8_t asked;
  int granted;
  const char* source;

  friend void PrintTo(const Filter& row, std::ostream* out) {
    *out << row.filter << "  [" << row.source << ']';
  }
};

constexpr Filter kFilters[] = {
    {"c2d", "devices/my-device-001/messages/devicebound/#", 1, 1, "device/04 4; Java at open"},
    {"c2d_of_embedded_c", "devices/+/messages/devicebound/#", 1, 1, "device/04 4"},
    {"c2d_of_another", "devices/pump-07/messages/devicebound/#", 1, 0x80, "ours: identity"},
    {"twin_responses", "$iothub/twin/res/#", 0, 0, "device/04 4; Node asks for QoS 0"},
    {"twin_responses_at_1", "$iothub/twin/res/#", 1, 1, "C# at open"},
    {"desired", "$iothub/twin/PATCH/properties/desired/#", 1, 1, "device/04 4"},
    {"methods", "$iothub/methods/POST/#", 1, 1, "device/04 4"},
    {"one_method", "$iothub/methods/POST/reboot/#", 1, 1, "device/04 4: a specific name is allowed"},
    {"credentials", "$iothub/credentials/res/#", 1, 1, "device/04 4, device/03 2.1"},
    {"credentials_of_c", "$iothub/credentials/res/#", 0, 0, "device/03 2.1"},
    {"qos_2", "$iothub/twin/res/#", 2, 1, "device/04 4: granted as 1"},
    {"everything", "#", 1, 0x80, "device/04 4"},
    {"all_of_iothub", "$iothub/#", 1, 0x80, "device/04 4"},
    {"module_inputs", "devices/my-device-001/modules/m/inputs/#", 1, 0x80, "device/04 4: a module's own"},
    {"module_c2d", "devices/my-device-001/modules/m/messages/devicebound/#", 1, 0x80,
     "device/04 4: a module's own"},
    {"own_events", "devices/my-device-001/messages/events/#", 1, 0x80, "device/04 4"},
    {"dps_responses", "$dps/registrations/res/#", 1, 0x80, "another service's"},
    {"broken_wildcard", "a/#/b", 1, 0x80, "device/04 4: never a close"},
};

class SubscribeTo : public testing::TestWithParam<Filter> {};

TEST_P(SubscribeTo, IsGrantedOr0x80) {
  WholeService service;
  Device device{service, to_hub(provisioned(service))};
  device.connects_to_hub(kDevice);
  EXPECT_THAT(device.subscribes({{GetParam().filter, GetParam().asked}}).return_codes,
              ElementsAre(GetParam().granted));
  EXPECT_FALSE(device.is_closed());
}

INSTANTIATE_TEST_SUITE_P(Filters, SubscribeTo, testing::ValuesIn(kFilters),
                         [](const auto& row) { return std::string{row.param.name}; });

// Codes of device/03 section 2.2, silence without the subscription by section 2.3.
TEST(Subscriptions, ACertificateRequestIsAnsweredThatThereAreNone) {
  WholeService service;
  Device device{service, to_hub(provisioned(service))};
  device.connects_to_hub(kDevice);
  device.publishes("$iothub/credentials/POST/issueCertificate/?$rid=early", "{}");
  EXPECT_TRUE(device.hears_nothing());
  device.subscribes({{"$iothub/credentials/res/#", 1}});
  device.publishes("$iothub/credentials/POST/issueCertificate/?$rid=a-17", "{}", 3);
  EXPECT_EQ(device.hears<Puback>().packet_id, 3);
  const auto answer = device.hears<Publish>();
  EXPECT_EQ(answer.topic, "$iothub/credentials/res/403/?$rid=a-17");
  EXPECT_EQ(nlohmann::json::parse(as_text(answer.payload)).at("errorCode"), 403010);
  EXPECT_FALSE(device.is_closed());
}

TEST(Subscriptions, SeveralInOnePacketAreAnsweredInOrder) {
  WholeService service;
  Device device{service, to_hub(provisioned(service))};
  device.connects_to_hub(kDevice);
  const auto suback =
      device.subscribes({{"$iothub/methods/POST/#", 0}, {"nothing/#", 1}, {"$iothub/twin/res/#", 2}});
  EXPECT_EQ(suback.packet_id, 9);
  EXPECT_THAT(suback.return_codes, ElementsAre(0, 0x80, 1));  // C sends such packets (device/07 K7).
}

TEST(Subscriptions, LeavingIsAcknowledgedAlsoWhereNothingWas) {
  WholeService service;
  Device device{service, to_hub(provisioned(service))};
  device.connects_to_hub(kDevice);
  device.says(Unsubscribe{4, {"$iothub/twin/res/#", "nothing/#"}});
  EXPECT_EQ(device.hears<Unsuback>().packet_id, 4);
}

TEST(Subscriptions, AtDpsThereIsOne) {
  WholeService service;
  Device device{service, to_dps(certificate_of(kDevice))};
  device.connects_to_dps(kDevice);
  const auto suback =
      device.subscribes({{"$dps/registrations/res/#", 2}, {"#", 1}, {"$iothub/twin/res/#", 1}});
  EXPECT_THAT(suback.return_codes, ElementsAre(1, 0x80, 0x80));
  device.says(Unsubscribe{5, {"$dps/registrations/res/#"}});  // Node's goodbye (device/07 N4).
  EXPECT_EQ(device.hears<Unsuback>().packet_id, 5);
}

class StoredSession : public testing::Test {
 protected:
  /// Connects and says what CONNACK says of a stored session.
  bool connects(bool clean_session) {
    Device device{service, to_hub(chain)};
    const Connack connack = device.connects_to_hub(kDevice, {.clean_session = clean_session});
    EXPECT_EQ(connack.return_code, 0);
    device.says(Disconnect{});
    return connack.session_present;
  }
  /// Whether a twin GET is answered without a SUBSCRIBE on this connection.
  bool is_subscribed() {
    Device device{service, to_hub(chain)};
    device.connects_to_hub(kDevice, {.clean_session = false});
    device.publishes("$iothub/twin/GET/?$rid=1", " ");
    const bool answered = !device.hears_nothing();
    device.says(Disconnect{});
    return answered;
  }
  void subscribes() {
    Device device{service, to_hub(chain)};
    device.connects_to_hub(kDevice, {.clean_session = false});
    device.subscribes({{"$iothub/twin/res/#", 1}});
    device.says(Disconnect{});
  }

  WholeService service;
  pki::Chain chain = provisioned(service);
};

TEST_F(StoredSession, IsRestoredWithItsSubscriptions) {
  EXPECT_FALSE(connects(false)) << "the first time there is none";
  subscribes();
  EXPECT_TRUE(connects(false));
  EXPECT_TRUE(is_subscribed());
}

TEST_F(StoredSession, EndsWithACleanOne) {
  subscribes();
  EXPECT_FALSE(connects(true)) << "MQTT-3.2.2-1";
  EXPECT_FALSE(connects(false));
  EXPECT_FALSE(is_subscribed());
}

TEST_F(StoredSession, IsForgottenByARestartWhichIsSaid) {
  subscribes();
  service.restarts();
  EXPECT_FALSE(connects(false));
}

}  // namespace
}  // namespace muster::journeys
