#include "disk/lossy.hpp"
#include "eventlog/commit_stream.hpp"
#include "gateway/rest/tests/world.hpp"
#include "pki/issue.hpp"

/// ARM-shaped paths, muster's own and the admin port, end to end.
namespace muster::rest {
namespace {

bool holds(const Answer& answer, std::string_view text) {
  return answer.body.find(text) != std::string::npos;
}

/// The text between `"name":"` and the next quote.
std::string member(const Answer& answer, const std::string& name) {
  const auto key = "\"" + name + "\":\"";
  const auto at = answer.body.find(key);
  if (at == std::string::npos) return {};
  const auto begin = at + key.size();
  return answer.body.substr(begin, answer.body.find('"', begin) - begin);
}

constexpr const char* kHubs = "/subscriptions/sub/resourceGroups/rg/providers/Microsoft.Devices/IotHubs";
constexpr const char* kServices =
    "/subscriptions/sub/resourceGroups/rg/providers/Microsoft.Devices/provisioningServices";

class ArmApi : public testing::Test {
 protected:
  World world;
  std::string base = std::string{kServices} + "/my-dps/certificates/my-ca";

  pki::Issued root = make_root("My-Root-CA");

  pki::Issued make_root(const char* name) {
    return *pki::issue_root({.subject = name, .now = world.loop.clock.wall()}, *world.random);
  }
  std::string upload_of(const pki::Certificate& certificate) {
    return fmt::format(R"({{"certificate":"{}"}})", to_base64(as_bytes(certificate.pem())));
  }
  std::string proof(const pki::Issued& issuer, const std::string& code) {
    return upload_of(
        pki::issue_proof({.subject = code, .now = world.loop.clock.wall()}, issuer, *world.random)
            ->certificate);
  }
};

TEST_F(ArmApi, ServicesAreListedAndShown) {
  EXPECT_TRUE(holds(world.ask_arm("GET", "/subscriptions/sub/providers/Microsoft.Devices/IotHubs"),
                    R"("name":"my-hub")"));
  EXPECT_TRUE(holds(world.ask_arm("GET", kHubs), R"("hostName":"my-hub.azure-devices.net")"));
  EXPECT_TRUE(holds(
      world.ask_arm("GET", "/subscriptions/SUB/resourcegroups/RG/providers/microsoft.devices/iothubs/MY-HUB"),
      R"("partitionCount":2)"))
      << "service/13: ARM paths are case-insensitive";
  EXPECT_TRUE(holds(world.ask_arm("GET", std::string{kServices} + "/my-dps"), R"("idScope":"0ne00123ABC")"));
  EXPECT_TRUE(holds(world.ask_arm("GET", kServices), R"("idScope":"0ne00123ABC")"));
  EXPECT_EQ(world.ask_arm("GET", std::string{kHubs} + "/other").status, 404);
  EXPECT_EQ(world.ask_arm("GET", "/subscriptions/other/providers/Microsoft.Devices/IotHubs").status, 404);
  EXPECT_EQ(
      world.ask_arm("GET", "/subscriptions/sub/resourceGroups/other/providers/Microsoft.Devices/IotHubs")
          .status,
      404);
}

TEST_F(ArmApi, KeysAreListed) {
  EXPECT_TRUE(
      holds(world.ask_arm("POST", std::string{kHubs} + "/my-hub/listkeys"), R"("keyName":"iothubowner")"));
  EXPECT_TRUE(holds(world.ask_arm("POST", std::string{kHubs} + "/my-hub/IotHubKeys/IOTHUBOWNER/listkeys"),
                    R"("primaryKey":"a2V5")"));
  EXPECT_EQ(world.ask_arm("POST", std::string{kHubs} + "/my-hub/IotHubKeys/nobody/listkeys").status, 404);
  EXPECT_EQ(world.ask_arm("POST", std::string{kServices} + "/my-dps/listkeys").body, R"({"value":[]})");
}

TEST_F(ArmApi, ProofOfPossession) {
  auto made = world.ask_arm("PUT", base, upload_of(root.certificate));
  ASSERT_EQ(made.status, 200) << made.body;
  EXPECT_TRUE(holds(made, R"("isVerified":false)"));
  EXPECT_EQ(member(made, "thumbprint"), root.certificate.sha1_thumbprint());

  EXPECT_EQ(world.ask_arm("POST", base + "/generateVerificationCode").status, 412) << "If-Match is required";
  EXPECT_EQ(world.ask_arm("POST", base + "/generateVerificationCode", "", "If-Match: x\r\n").status, 412);
  auto early = world.ask_arm("POST", base + "/verify", proof(root, "ABC"),
                             "If-Match: " + member(made, "etag") + "\r\n");
  EXPECT_TRUE(holds(early, "no verification code")) << early.body;

  auto coded = world.ask_arm("POST", base + "/generateVerificationCode?certificate.name=my-ca", "",
                             "If-Match: " + member(made, "etag") + "\r\n");
  ASSERT_EQ(coded.status, 200) << coded.body;
  const auto code = member(coded, "verificationCode");
  EXPECT_EQ(code.size(), 48u);
  EXPECT_NE(member(coded, "etag"), member(made, "etag"));
  const std::string match = "If-Match: " + member(coded, "etag") + "\r\n";

  EXPECT_TRUE(holds(world.ask_arm("POST", base + "/verify", proof(root, "ABC"), match), "MU-2401"))
      << "another CN";
  const auto impostor = make_root("My-Root-CA");
  EXPECT_TRUE(holds(world.ask_arm("POST", base + "/verify", proof(impostor, code), match), "MU-2401"))
      << "another key";
  EXPECT_EQ(world.ask_arm("POST", base + "/verify", R"({"certificate":"hello"})", match).status, 400);
  auto verified = world.ask_arm("POST", base + "/verify", proof(root, code), match);
  ASSERT_EQ(verified.status, 200) << verified.body;
  EXPECT_TRUE(holds(verified, R"("isVerified":true)"));
  EXPECT_EQ(member(verified, "verificationCode"), "") << "a code proves once";
  EXPECT_EQ(world.ask_arm("POST", base + "/verify", proof(root, code), match).status, 412)
      << "the etag has moved";

  auto shown = world.ask_arm("GET", base);
  EXPECT_EQ(shown.body, verified.body);
  EXPECT_TRUE(
      holds(world.ask_arm("GET", std::string{kServices} + "/my-dps/certificates"), R"("name":"my-ca")"));
}

TEST_F(ArmApi, UploadsAndTheirRules) {
  auto direct = world.ask_arm("PUT", std::string{kHubs} + "/my-hub/certificates/my-ca",
                              fmt::format(R"({{"properties":{{"certificate":"{}","isVerified":true}}}})",
                                          to_base64(root.certificate.der())));
  ASSERT_EQ(direct.status, 200) << direct.body;
  EXPECT_TRUE(holds(direct, R"("isVerified":true)")) << "service/03: verified at upload skips the proof";
  EXPECT_TRUE(holds(direct, "Microsoft.Devices/IotHubs/Certificates"));

  const auto hub_base = std::string{kHubs} + "/my-hub/certificates/my-ca";
  EXPECT_EQ(world.ask_arm("PUT", hub_base, upload_of(root.certificate)).status, 412)
      << "a change needs If-Match";
  auto same = world.ask_arm("PUT", hub_base, upload_of(root.certificate), "If-Match: *\r\n");
  EXPECT_TRUE(holds(same, R"("isVerified":true)")) << "the same certificate stays verified";
  auto other = world.ask_arm("PUT", hub_base, upload_of(make_root("Other").certificate), "If-Match: *\r\n");
  EXPECT_TRUE(holds(other, R"("isVerified":false)")) << "another one does not inherit it";

  const auto leaf = pki::issue_device({.subject = "d", .now = world.loop.clock.wall()}, root, *world.random);
  EXPECT_TRUE(holds(world.ask_arm("PUT", base, upload_of(leaf->certificate)), "MU-2402"));
  EXPECT_TRUE(holds(world.ask_arm("PUT", base, R"({"certificate":"hello"})"), "certificate: "));
  EXPECT_EQ(world.ask_arm("PUT", base, "{}").status, 400);
  EXPECT_EQ(world.ask_arm("PUT", std::string{kServices} + "/my-dps/certificates/a%2Fb", "{}").status, 400);
  EXPECT_EQ(world.ask_arm("GET", base).status, 404) << "nothing of these was stored";
}

TEST_F(ArmApi, ACertificateInUseStays) {
  world.ask_arm(
      "PUT", base,
      fmt::format(R"({{"certificate":"{}","isVerified":true}})", to_base64(root.certificate.der())));
  const auto group =
      R"({"enrollmentGroupId":"g","attestation":{"type":"x509","x509":{"caReferences":{"primary":"my-ca"}}}})";
  ASSERT_EQ(world.ask_dps("PUT", "/enrollmentGroups/g", group).status, 200);
  EXPECT_EQ(world.ask_arm("DELETE", base).status, 412) << "If-Match is required";
  auto used = world.ask_arm("DELETE", base, "", "If-Match: *\r\n");
  EXPECT_EQ(used.status, 409);
  EXPECT_TRUE(holds(used, "enrollment group g")) << used.body;
  ASSERT_EQ(world.ask_dps("DELETE", "/enrollmentGroups/g").status, 204);
  EXPECT_EQ(world.ask_arm("DELETE", base, "", "If-Match: *\r\n").status, 204);
}

TEST_F(ArmApi, StatusConfigAndStop) {
  EXPECT_EQ(world.ask("GET", "muster", "/muster/v1/status").body, R"({"status":"ready"})");
  EXPECT_EQ(world.ask("GET", "muster", "/muster/v1/config").body, "{}");
  EXPECT_FALSE(world.stop_asked);
  EXPECT_EQ(world.ask("POST", "muster", "/muster/v1/stop").status, 202);
  EXPECT_TRUE(world.stop_asked);
}

TEST_F(ArmApi, RefusalsAreFoundBySubjectAndTrackingId) {
  journal::Entry entry;
  entry.subject = "pump-07";
  entry.code = ErrorCode::certificate_expired;
  entry.tracking_id = world.journal.new_tracking_id();
  entry.reason = "expired";
  world.journal.write(entry);
  journal::Entry connect = entry;
  connect.kind = journal::EntryKind::connected;
  connect.code = std::nullopt;
  world.journal.write(connect);
  const auto all = world.ask("GET", "muster", "/muster/v1/refusals");
  EXPECT_TRUE(holds(all, "MU-2102") && !holds(all, R"("kind":"connected")")) << all.body;
  EXPECT_TRUE(holds(world.ask("GET", "muster", "/muster/v1/refusals?subject=pump-07&limit=5"), "MU-2102"));
  EXPECT_EQ(world.ask("GET", "muster", "/muster/v1/refusals?subject=other").body, R"({"value":[]})");
  EXPECT_TRUE(
      holds(world.ask("GET", "muster", "/muster/v1/refusals?trackingId=" + entry.tracking_id), "pump-07"));
  EXPECT_EQ(world.ask("GET", "muster", "/muster/v1/refusals?limit=x").status, 400);
}

TEST(AdminPort, IsNotReadyWhileTelemetryWaitsForRoomAndIsAgainByItself) {
  World world;
  disk::LossyDisk disk{1};
  eventlog::SegmentedLogConfig config;
  config.directory = "events";
  config.flush_interval = std::chrono::microseconds{0};
  config.reserve_bytes = 4096;
  const auto log = *eventlog::CommitStream::open(disk, world.loop.clock, config, eventlog::Drive::by_hand);
  ASSERT_TRUE(log->add_hub("my-hub", 2));
  const Services own = world.services();
  const Services services{own.clock,     own.random,   own.registry,        *log,
                          own.journal,   own.sessions, own.twins,           own.names,
                          own.throttles, own.process,  own.subscription_id, own.resource_group};
  AdminGateway admin{services, {[] { return false; }, Bytes{}}, HttpLimits{}};
  const auto get = [&](const char* target) { return admin.answer({"GET", target, {}, ""}); };
  const std::string body(100'000, 'x');
  EventView event;
  event.hub = "my-hub";
  event.device_id = "d";
  event.body = as_bytes(body);
  const auto append = [&] {
    const bool taken = log->append(event).has_value();
    while (log->run_once()) {
    }
    return taken;
  };
  ASSERT_TRUE(append());
  EXPECT_EQ(get("/readyz").status, 200u);
  disk.set_capacity(1);  // Nothing may grow.
  int taken = 0;
  while (append()) ASSERT_LT(++taken, 100) << "the disk never filled";
  EXPECT_EQ(get("/readyz").status, 503u);
  EXPECT_TRUE(get("/readyz").body.starts_with("MU-5001: events has 0 bytes free; ")) << get("/readyz").body;
  EXPECT_NE(get("/readyz").body.find("4096 are kept for the registry"), std::string::npos);
  EXPECT_NE(get("/metrics").body.find("muster_event_log_waits_for_room 1\n"), std::string::npos);
  EXPECT_EQ(get("/healthz").status, 200u) << "it lives, and serves what needs no room";
  disk.set_capacity(1u << 30);
  world.loop.clock.advance(std::chrono::seconds{1});
  EXPECT_TRUE(log->run_once());
  EXPECT_EQ(get("/readyz").status, 200u);
  EXPECT_TRUE(append());
}

TEST(AdminPort, AnswersItsFourPaths) {
  World world;
  bool stopping = false;
  AdminGateway admin{world.services(), {[&] { return stopping; }, Bytes{std::byte{0x30}}}, HttpLimits{}};
  const auto get = [&](const char* target) { return admin.answer({"GET", target, {}, ""}); };
  EXPECT_EQ(get("/healthz").status, 200u);
  EXPECT_EQ(get("/readyz").status, 200u);
  stopping = true;
  EXPECT_EQ(get("/readyz").status, 503u);
  EXPECT_EQ(get("/healthz").status, 200u) << "alive while it stops";
  EXPECT_EQ(get("/server.crl").body, "0");
  world.append("d", "1");
  EXPECT_NE(get("/metrics").body.find("muster_events_appended_total 1\n"), std::string::npos)
      << get("/metrics").body;
  EXPECT_EQ(get("/devices").status, 404u);
  EXPECT_EQ(admin.answer({"POST", "/healthz", {}, ""}).status, 405u);

  const auto stream = std::make_shared<ScriptedStream>(world.loop.shard);
  const auto ended = world.loop.start(admin.serve(world.loop.shard, stream));
  stream->peer_sends("GET /healthz HTTP/1.1\r\nHost: 127.0.0.1:9464\r\n\r\n");
  world.loop.shard.poll();
  EXPECT_TRUE(stream->sent.ends_with("ok\n")) << stream->sent;
  admin.stop();
  world.loop.until([&] { return ended->done(); });
  EXPECT_TRUE(stream->closed);
}

}  // namespace
}  // namespace muster::rest
