#include "client/registration.hpp"
#include "client/tests/rig.hpp"

#include <gmock/gmock.h>

namespace muster::client {
namespace {

using std::chrono::milliseconds;
using std::chrono::seconds;
using testing::ElementsAre;
using testing::HasSubstr;

ProvisioningOptions options() {
  ProvisioningOptions options;
  options.host = "dps.test";
  options.id_scope = "0ne00123ABC";
  options.registration_id = "dev1";
  return options;
}

class ProvisionTest : public testing::Test {
 protected:
  auto start(ProvisioningOptions with) {
    return rig_.start(provision(*rig_.runtime, credentials_, std::move(with)));
  }
  Rig rig_;
  std::shared_ptr<CountingCredentials> credentials_ = std::make_shared<CountingCredentials>();
};

// The packet order of protocol/device/01 section 7; user name of section 2; bodies of section 5.
TEST_F(ProvisionTest, MakesTheWholeExchange) {
  rig_.answer = assign_on_poll;
  const auto outcome = start(options());
  EXPECT_FALSE(outcome->result);
  rig_.advance(milliseconds{2'999});
  EXPECT_FALSE(outcome->result) << "polled before retry-after was over";
  rig_.advance(milliseconds{1});
  ASSERT_TRUE(outcome->result);
  ASSERT_TRUE(*outcome->result) << outcome->result->error().reason();
  const Assignment& assignment = **outcome->result;
  EXPECT_EQ(assignment.assigned_hub, "hub1.azure-devices.net");
  EXPECT_EQ(assignment.device_id, "dev1");
  EXPECT_EQ(assignment.status, "assigned");
  EXPECT_EQ(assignment.substatus, "initialAssignment");
  EXPECT_EQ(assignment.operation_id, "5.op");
  EXPECT_THAT(
      rig_.connection(0).said,
      ElementsAre("CONNECT dev1 0ne00123ABC/registrations/dev1/api-version=2019-03-31&ClientVersion="
                  "muster-device-client clean=true keep_alive=230",
                  "SUBSCRIBE $dps/registrations/res/# 1",
                  "PUBLISH 2 1 $dps/registrations/PUT/iotdps-register/?$rid=1 {\"registrationId\":\"dev1\"}",
                  "PUBACK 1",
                  "PUBLISH 3 1 $dps/registrations/GET/iotdps-get-operationstatus/?$rid=2&operationId=5.op ",
                  "PUBACK 1", "DISCONNECT"));
  EXPECT_TRUE(rig_.connection(0).peer->closed());
  EXPECT_EQ(credentials_->loads, 1);
}

TEST_F(ProvisionTest, SaysInTheServicesWordsWhyItWasRefused) {
  rig_.answer = [](Connection& from, const mqtt::Packet& packet) {
    if (!std::holds_alternative<mqtt::Publish>(packet)) return assign_on_poll(from, packet);
    send_response(from, "$dps/registrations/res/401/?$rid=1",
                  R"({"errorCode":401002,"trackingId":"track-1","message":"Unauthorized. MU-2002: off.",)"
                  R"("timestampUtc":"2026-03-01T00:00:00.0000000Z"})");
  };
  const auto outcome = start(options());
  ASSERT_TRUE(outcome->result);
  ASSERT_FALSE(*outcome->result);
  const Error& error = outcome->result->error();
  EXPECT_EQ(error.code(), ErrorCode::provisioning_failed);
  EXPECT_THAT(error.reason(), HasSubstr("status 401, error code 401002: Unauthorized. MU-2002: off."));
  EXPECT_THAT(error.reason(), HasSubstr("tracking id track-1"));
  EXPECT_EQ(error.remedy(), error_info(ErrorCode::enrollment_disabled).remedy);
  rig_.advance_slowly(seconds{70});
  EXPECT_EQ(rig_.dialer->dials, 1) << "a refusal is final";
  EXPECT_EQ(rig_.connection(0).said.back(), "DISCONNECT");
}

TEST_F(ProvisionTest, SendsTheSameRequestAgainWhenDpsIsBusy) {
  int asked = 0;
  rig_.answer = [&asked](Connection& from, const mqtt::Packet& packet) {
    if (!std::holds_alternative<mqtt::Publish>(packet)) return assign_on_poll(from, packet);
    if (++asked == 1) {
      return send_response(from, "$dps/registrations/res/429/?$rid=1&retry-after=4",
                           R"({"errorCode":429001,"message":"slow down"})");
    }
    send_response(from, "$dps/registrations/res/400/?$rid=2", R"({"errorCode":400000})");
  };
  std::vector<milliseconds> pauses;
  auto with = options();
  with.on_retry = [&pauses](const Error&, milliseconds pause) { pauses.push_back(pause); };
  const auto outcome = start(std::move(with));
  rig_.advance(seconds{4});
  ASSERT_TRUE(outcome->result);
  EXPECT_THAT(pauses, ElementsAre(milliseconds{4'000}));
  ASSERT_EQ(rig_.connection(0).said.size(), 7U) << "DISCONNECT is the last";
  EXPECT_THAT(rig_.connection(0).said[4], HasSubstr("iotdps-register/?$rid=2"));
}

TEST_F(ProvisionTest, EndsWithTheLastBusyAnswerWhenTimeIsUp) {
  rig_.answer = [](Connection& from, const mqtt::Packet& packet) {
    if (!std::holds_alternative<mqtt::Publish>(packet)) return assign_on_poll(from, packet);
    send_response(from, "$dps/registrations/res/503/?$rid=1", R"({"errorCode":503000,"message":"later"})");
  };
  auto with = options();
  with.timeout = seconds{1};
  const auto outcome = start(std::move(with));
  ASSERT_TRUE(outcome->result);
  EXPECT_EQ(outcome->result->error().code(), ErrorCode::provisioning_failed);
  EXPECT_THAT(outcome->result->error().reason(), HasSubstr("503000: later"));
}

struct ConnackRow {
  const char* name;
  std::uint8_t code;
  bool is_final;
};
// protocol/device/01 section 2: 3 is overload, the others concern this device.
class ProvisionConnackTest : public testing::TestWithParam<ConnackRow> {};
TEST_P(ProvisionConnackTest, IsFinalOrTriedAgain) {
  Rig rig;
  rig.answer = [](Connection& from, const mqtt::Packet&) {
    from.send(mqtt::Connack{false, GetParam().code});
  };
  auto with = options();
  with.timeout = seconds{20};
  const auto outcome = rig.start(provision(*rig.runtime, std::make_shared<CountingCredentials>(), with));
  rig.advance_slowly(seconds{25});
  ASSERT_TRUE(outcome->result);
  EXPECT_EQ(outcome->result->error().code(),
            GetParam().is_final ? ErrorCode::provisioning_failed : ErrorCode::connect_failed);
  EXPECT_EQ(rig.dialer->dials == 1, GetParam().is_final);
}
INSTANTIATE_TEST_SUITE_P(Codes, ProvisionConnackTest,
                         testing::Values(ConnackRow{"protocol", 1, true}, ConnackRow{"identifier", 2, true},
                                         ConnackRow{"unavailable", 3, false}, ConnackRow{"password", 4, true},
                                         ConnackRow{"unauthorized", 5, true}),
                         [](const auto& row) { return row.param.name; });

TEST_F(ProvisionTest, TriesAgainWhatTheNetworkSpoiled) {
  rig_.answer = assign_on_poll;
  rig_.dialer->failures = {Error{ErrorCode::connect_failed, "refused"},
                           Error{ErrorCode::name_unresolved, "no"}};
  int told = 0;
  auto with = options();
  with.on_retry = [&told](const Error&, milliseconds pause) {
    ++told;
    EXPECT_LE(pause, milliseconds{1'000});
  };
  const auto outcome = start(std::move(with));
  rig_.advance_slowly(seconds{6});
  ASSERT_TRUE(outcome->result);
  EXPECT_TRUE(*outcome->result);
  EXPECT_EQ(told, 2);
  EXPECT_EQ(credentials_->loads, 3) << "credentials are asked at each connect";
}

TEST_F(ProvisionTest, GivesUpWithTheLastErrorAndHowLongItTried) {
  for (int i = 0; i < 100; ++i) rig_.dialer->failures.emplace_back(ErrorCode::connect_failed, "port closed");
  auto with = options();
  with.timeout = seconds{10};
  const auto outcome = start(std::move(with));
  rig_.advance_slowly(seconds{11});
  ASSERT_TRUE(outcome->result);
  EXPECT_EQ(outcome->result->error().code(), ErrorCode::connect_failed);
  EXPECT_THAT(outcome->result->error().reason(), HasSubstr("port closed; gave up after"));
}

TEST_F(ProvisionTest, TimesOutWhenDpsIsSilent) {
  auto with = options();
  with.timeout = seconds{10};
  const auto outcome = start(std::move(with));
  rig_.advance(seconds{10});
  ASSERT_TRUE(outcome->result);
  EXPECT_EQ(outcome->result->error().code(), ErrorCode::timed_out);
  EXPECT_TRUE(rig_.connection(0).peer->closed());
}

TEST_F(ProvisionTest, ClosesItsConnectionWhenItIsCancelled) {
  rig_.answer = accept_connect;
  const auto outcome = start(options());
  outcome->cancel.emit(asio::cancellation_type::terminal);
  rig_.settle();
  ASSERT_TRUE(outcome->result);
  EXPECT_EQ(outcome->result->error().code(), ErrorCode::cancelled);
  EXPECT_TRUE(rig_.connection(0).peer->closed());
  EXPECT_EQ(rig_.connection(0).said.back(), "DISCONNECT");
}

TEST_F(ProvisionTest, RefusesEmptyOptionsBeforeItConnects) {
  auto with = options();
  with.id_scope.clear();
  const auto outcome = start(std::move(with));
  ASSERT_TRUE(outcome->result);
  EXPECT_THAT(outcome->result->error().reason(), HasSubstr("id_scope"));
  EXPECT_EQ(rig_.dialer->dials, 0);
}

struct VerdictRow {
  const char* name;
  int status;
  std::optional<int> retry_after_s;
  const char* body;
  const char* becomes;  ///< "assigned", "refused", "busy", "wait", "nonsense".
  int pause_s;
};
// protocol/device/01 sections 6 and 7.
class VerdictTest : public testing::TestWithParam<VerdictRow> {};
TEST_P(VerdictTest, IsWhatTheAnswerMeans) {
  const VerdictRow& row = GetParam();
  const Result<Verdict> verdict = judge_answer(row.status, row.retry_after_s, row.body, options());
  const std::string_view becomes = !verdict            ? "nonsense"
                                   : verdict->assigned ? "assigned"
                                   : verdict->refused  ? "refused"
                                   : verdict->busy     ? "busy"
                                                       : "wait";
  EXPECT_EQ(becomes, row.becomes);
  if (verdict) {
    EXPECT_EQ(verdict->pause, seconds{row.pause_s});
  }
}
INSTANTIATE_TEST_SUITE_P(
    Answers, VerdictTest,
    testing::Values(
        VerdictRow{"assigning", 202, 3, R"({"operationId":"a","status":"assigning"})", "wait", 3},
        VerdictRow{"assigning_without_retry_after",
                   202,
                   {},
                   R"({"operationId":"a","status":"assigning"})",
                   "wait",
                   2},
        VerdictRow{"retry_after_zero", 202, 0, R"({"operationId":"a","status":"assigning"})", "wait", 1},
        VerdictRow{"retry_after_an_hour", 202, 3600, R"({"operationId":"a","status":"assigning"})", "wait",
                   30},
        VerdictRow{"assigned_at_once",
                   200,
                   {},
                   R"({"status":"assigned","registrationState":{"assignedHub":"h","deviceId":"d"}})",
                   "assigned",
                   0},
        VerdictRow{"assigned_without_hub", 200, {}, R"({"status":"assigned"})", "nonsense", 0},
        VerdictRow{"failed",
                   200,
                   {},
                   R"({"status":"failed","registrationState":{"errorCode":400209,"errorMessage":"no"}})",
                   "refused",
                   0},
        VerdictRow{"disabled", 200, {}, R"({"status":"disabled"})", "refused", 0},
        VerdictRow{"an_unknown_status", 200, {}, R"({"status":"dancing"})", "nonsense", 0},
        VerdictRow{"not_json", 200, {}, "hello", "nonsense", 0},
        VerdictRow{"unauthorized_without_body", 401, {}, "", "refused", 0},
        VerdictRow{"not_found", 404, {}, R"({"errorCode":404201})", "refused", 0},
        VerdictRow{"throttled", 429, 4, R"({"errorCode":429001})", "busy", 4},
        VerdictRow{"internal_error", 500, {}, "", "busy", 2}),
    [](const auto& row) { return row.param.name; });

}  // namespace
}  // namespace muster::client
