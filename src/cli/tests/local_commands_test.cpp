#include "cli/tests/test_shell.hpp"
#include "pki/certificate.hpp"
#include "pki/key.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>

namespace muster::cli {
namespace {

using testing::HasSubstr;

TEST(Pki, MakesTheTutorialsThreeTiersInTheWorldsPlaces) {
  TestShell shell;
  for (const std::string name : {"root", "intermediate", "device"}) {
    const auto outcome = shell.run({"pki", "create-" + name, "--data", "w"});
    ASSERT_EQ(outcome.status, 0) << outcome.err;
    const auto certificate = pki::parse_pem_certificates(shell.read("w/certs/" + name + "/" + name + ".pem"));
    const auto key = pki::PrivateKey::from_pem(shell.read("w/certs/" + name + "/" + name + ".key"));
    ASSERT_TRUE(certificate && key);
    EXPECT_TRUE(key->matches(certificate->front()));
  }
  const auto chain = pki::parse_pem_certificates(shell.read("w/certs/device/device-full-chain.pem"));
  ASSERT_TRUE(chain);
  ASSERT_EQ(chain->size(), 3u);
  EXPECT_EQ((*chain)[0].subject(), "CN=my-device-001");
  EXPECT_EQ((*chain)[1].subject(), "CN=My-Intermediate-CA");
  EXPECT_EQ((*chain)[2].subject(), "CN=My-Root-CA");

  const auto verified =
      shell.run({"pki", "verify", "w/certs/device/device.pem", "--data", "w", "-o", "json"});
  EXPECT_EQ(verified.status, 0) << verified.err;
  EXPECT_EQ(at_path(Json::parse(verified.out), "verified"), true);
}

TEST(Pki, NeverWritesOverAKeyUnlessForced) {
  TestShell shell;
  ASSERT_EQ(shell.run({"pki", "create-root", "--out", "r"}).status, 0);
  const std::string key = shell.read("r/root.key");
  const auto refused = shell.run({"pki", "create-root", "--out", "r"});
  EXPECT_EQ(refused.status, 1);
  EXPECT_THAT(refused.err, HasSubstr("MU-7015"));
  EXPECT_EQ(shell.read("r/root.key"), key);
  EXPECT_EQ(shell.run({"pki", "create-root", "--out", "r", "--force"}).status, 0);
  EXPECT_NE(shell.read("r/root.key"), key);
}

TEST(Pki, VerifySaysAtWhichCertificateAndWhy) {
  TestShell shell;
  for (const std::string name : {"root", "intermediate", "device"})
    shell.run({"pki", "create-" + name, "--data", "w"});
  shell.clock.advance(std::chrono::hours{24 * 400});
  const auto outcome =
      shell.run({"pki", "verify", "w/certs/device/device.pem", "--data", "w", "-o", "table"});
  EXPECT_EQ(outcome.status, 5);
  EXPECT_THAT(outcome.out, HasSubstr("0      CN=my-device-001"));
  EXPECT_THAT(outcome.err, HasSubstr("MU-2102"));
}

TEST(Pki, VerifyProofAnswersTheCodeWithTheCasKey) {
  TestShell shell;
  ASSERT_EQ(shell.run({"pki", "create-root", "--out", "r"}).status, 0);
  ASSERT_EQ(
      shell.run({"pki", "verify-proof", "--ca", "r/root.pem", "--code", "C0DE", "--out", "p.pem"}).status, 0);
  const auto proof = pki::parse_pem_certificates(shell.read("p.pem"));
  const auto root = pki::parse_pem_certificates(shell.read("r/root.pem"));
  ASSERT_TRUE(proof && root);
  EXPECT_EQ(proof->front().common_name(), "C0DE");
  EXPECT_TRUE(proof->front().is_signed_by(root->front()));
}

TEST(Pki, AKeyIsNamedByKindAndNeverShown) {
  TestShell shell;
  ASSERT_EQ(shell.run({"pki", "create-root", "--out", "r"}).status, 0);
  EXPECT_EQ(shell.run({"pki", "inspect", "r/root.key", "-o", "table"}).out, "private key  EC P-256\n");
  EXPECT_THAT(shell.run({"pki", "inspect", "r/root.pem"}).out, HasSubstr("\"subject\": \"CN=My-Root-CA\""));
  shell.write("junk", "not a certificate");
  EXPECT_THAT(shell.run({"pki", "inspect", "junk"}).err, HasSubstr("MU-2108"));
  EXPECT_THAT(shell.run({"pki", "inspect", "absent"}).err, HasSubstr("MU-7003"));
}

TEST(Pki, InspectKeepsLabelsAndValuesApart) {
  TestShell shell;
  ASSERT_EQ(shell.run({"pki", "create-root", "--out", "r"}).status, 0);
  std::istringstream lines{shell.run({"pki", "inspect", "r/root.pem", "-o", "table"}).out};
  for (std::string line; std::getline(lines, line);) EXPECT_THAT(line, HasSubstr("  ")) << line;
}

TEST(Pki, ACertificateThatIsNoCaSignsNothing) {
  TestShell shell;
  for (const std::string name : {"root", "intermediate", "device"})
    shell.run({"pki", "create-" + name, "--data", "w"});
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"pki", "create-device", "--out", "d"},
        {"pki", "create-intermediate", "--out", "i"},
        {"pki", "verify-proof", "--code", "C0DE", "--out", "p.pem"}}) {
    auto with_ca = words;
    with_ca.insert(with_ca.end(), {"--ca", "w/certs/device"});
    const auto outcome = shell.run(with_ca);
    EXPECT_EQ(outcome.status, 5);
    EXPECT_THAT(outcome.err, HasSubstr("MU-2104"));
    EXPECT_THAT(outcome.err,
                HasSubstr("device.pem holds the certificate of CN=my-device-001, which is no CA"));
    EXPECT_THAT(outcome.err, HasSubstr("do: Name a CA with --ca"));
  }
}

TEST(Config, AnUnknownVariableIsRefused) {
  TestShell shell;
  shell.environment["MUSTER_MQTT_PROT"] = "1";
  const auto outcome = shell.run({"config", "show"});
  EXPECT_EQ(outcome.status, 3);
  EXPECT_THAT(outcome.err, HasSubstr("did you mean MUSTER_MQTT_PORT?"));
}

TEST(Device, AMissingConfigurationEndsWith3) {
  TestShell shell;
  const auto outcome = shell.run({"device", "run", "absent.json"});
  EXPECT_EQ(outcome.status, 3);
  EXPECT_THAT(outcome.err, HasSubstr("MU-7003"));
  EXPECT_THAT(outcome.err, HasSubstr("absent.json: there is no such file"));
}

TEST(Config, CheckListsEveryProblemAndEndsWith3) {
  TestShell shell;
  shell.write("w/muster.json", R"({"event_log": {"segmnt_bytes": 1}, /* a comment */ "mqtt_port": 0})");
  const auto outcome = shell.run({"config", "check", "--data", "w", "-o", "json"});
  EXPECT_EQ(outcome.status, 3);
  const Json problems = Json::parse(outcome.out);
  ASSERT_EQ(problems.size(), 2u);
  EXPECT_EQ(text_at(problems[0], "key"), "event_log.segmnt_bytes");
  EXPECT_THAT(text_at(problems[0], "wanted"), HasSubstr("did you mean event_log.segment_bytes?"));
  EXPECT_EQ(text_at(problems[1], "key"), "mqtt_port");
}

TEST(Config, ShowSaysWhoSetWhat) {
  TestShell shell;
  shell.write("w/muster.json", R"({"mqtt_port": 1111, "https_port": 2222, "amqp_port": 3333})");
  shell.environment["MUSTER_HTTPS_PORT"] = "2223";
  shell.environment["MUSTER_AMQP_PORT"] = "3334";
  const auto outcome =
      shell.run({"config", "show", "--data", "w", "--origin", "--amqp-port", "3335", "-o", "tsv"});
  EXPECT_THAT(outcome.out, HasSubstr("mqtt_port\tfile\t1111\n"));
  EXPECT_THAT(outcome.out, HasSubstr("https_port\tenvironment\t2223\n"));
  EXPECT_THAT(outcome.out, HasSubstr("amqp_port\tflag\t3335\n"));
  EXPECT_THAT(outcome.out, HasSubstr("admin_port\tdefault\t9464\n"));
}

TEST(Config, EveryKeyIsAFlagInItsOwnSpelling) {
  TestShell shell;
  const auto outcome = shell.run({"config", "show", "--event-log.segment-bytes", "1MiB", "--name",
                                  "a.example", "--name", "b.example", "--set", "dps.retry_after_s=5"});
  ASSERT_EQ(outcome.status, 0) << outcome.err;
  const Json shown = Json::parse(outcome.out);
  EXPECT_EQ(at_path(shown, "event_log.segment_bytes"), 1 << 20);
  EXPECT_EQ(at_path(shown, "names"), Json::array({"a.example", "b.example"}));
  EXPECT_EQ(at_path(shown, "dps.retry_after_s"), 5);
}

TEST(Explain, GivesTheRowOfTheTable) {
  TestShell shell;
  const ErrorInfo& row = error_info(ErrorCode::certificate_expired);
  for (const std::string code : {"MU-2102", "2102", "mu-2102"}) {
    const auto outcome = shell.run({"explain", code});
    EXPECT_EQ(outcome.status, 0);
    EXPECT_THAT(outcome.out, HasSubstr(std::string{row.cause}));
    EXPECT_THAT(outcome.out, HasSubstr("do: " + std::string{row.remedy}));
  }
  EXPECT_EQ(Json::parse(shell.run({"explain", "--all", "-o", "json"}).out).size(), all_errors().size());
}

/// The reference pages are made by the binary; a change of a text without its page is found here.
TEST(Reference, PagesAreCurrent) {
  TestShell shell;
  for (const std::string page : {"cli", "errors", "configuration", "metrics"}) {
    std::ifstream file{MUSTER_SOURCE_DIR "/docs/reference/" + page + ".md"};
    const std::string text{std::istreambuf_iterator<char>{file}, {}};
    EXPECT_EQ(shell.run({"reference", page}).out, text)
        << "make it with: muster reference " << page << " > docs/reference/" << page << ".md";
  }
}

}  // namespace
}  // namespace muster::cli
