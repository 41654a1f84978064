// The profiles as another program sees them: the openssl command, with the tutorial's own verification line.

#include "pki/issue.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/wait.h>

#include <cstdio>
#include <filesystem>
#include <fstream>

namespace muster::pki {
namespace {

using ::testing::HasSubstr;

struct Ran {
  int status;
  std::string output;
};

Ran run(const std::string& command) {
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  std::string output;
  std::array<char, 4096> buffer;
  while (const std::size_t size = std::fread(buffer.data(), 1, buffer.size(), pipe))
    output.append(buffer.data(), size);
  return {WEXITSTATUS(pclose(pipe)), output};
}

class OpensslCommand : public ::testing::Test {
 protected:
  void SetUp() override {
    if (run("openssl version").status != 0) GTEST_SKIP() << "there is no openssl command";
    std::string name = (std::filesystem::temp_directory_path() / "muster-pki-XXXXXX").string();
    ASSERT_NE(mkdtemp(name.data()), nullptr);
    folder_ = name;
  }
  void TearDown() override {
    if (!folder_.empty()) std::filesystem::remove_all(folder_);
  }
  std::string file(const std::string& name, std::string_view text) {
    const auto path = folder_ / name;
    std::ofstream{path, std::ios::binary} << text;
    return path.string();
  }

  std::filesystem::path folder_;
  std::unique_ptr<Random> random_ = make_seeded_random(11);
  // The one test that compares with a program that reads the kernel's clock: so it is told the time.
  const WallTime now_ = std::chrono::sys_days{std::chrono::year{2026} / 6 / 1};
  const std::string at_ = "-attime 1780272000";  // 2026-06-01T00:00:00Z
};

TEST_F(OpensslCommand, VerifiesTheTutorialsChainStrictly) {
  for (const KeyType key : {KeyType::p256, KeyType::rsa2048}) {
    const auto request = [&](const char* subject) {
      return IssueRequest{.subject = subject, .key = key, .now = now_};
    };
    const auto root = *issue_root(request("/CN=My-Root-CA"), *random_);
    const auto intermediate = *issue_intermediate(request("/CN=My-Intermediate-CA"), root, *random_);
    const auto device = *issue_device(request("/CN=my-device-001"), intermediate, *random_);
    const auto root_file = file("root.pem", root.certificate.pem());
    const auto intermediate_file = file("intermediate.pem", intermediate.certificate.pem());
    const auto device_file = file("device.pem", device.certificate.pem());
    // protocol/device/08 section 1, with everything that openssl can be strict about.
    const auto verified =
        run(fmt::format("openssl verify -x509_strict -purpose sslclient {} -CAfile {} -untrusted {} {}", at_,
                        root_file, intermediate_file, device_file));
    EXPECT_EQ(verified.status, 0) << verified.output;
    EXPECT_THAT(verified.output, HasSubstr(": OK"));
    EXPECT_NE(run(fmt::format("openssl verify {} -CAfile {} {}", at_, root_file, device_file)).status, 0);

    const auto text = run("openssl x509 -noout -text -in " + device_file).output;
    for (const char* fact : {"Issuer: CN = My-Intermediate-CA", "Subject: CN = my-device-001", "CA:FALSE",
                             "TLS Web Client Authentication", "DNS:my-device-001", "Version: 3"}) {
      EXPECT_THAT(text, HasSubstr(fact));
    }
    EXPECT_THAT(text, HasSubstr(key == KeyType::p256 ? "ecdsa-with-SHA256" : "sha256WithRSAEncryption"));
    EXPECT_THAT(run("openssl x509 -noout -text -in " + root_file).output, HasSubstr("CA:TRUE, pathlen:1"));
    EXPECT_EQ(run("openssl pkey -noout -check -in " + file("device.key", device.key.pem())).status, 0);
  }
}

TEST_F(OpensslCommand, VerifiesTheServersChainAndItsCrl) {
  const ServerNames names{
      {"localhost", "*.azure-devices.net"}, {"localhost", "azure-devices.net"}, {"127.0.0.1", "::1"}};
  const auto ca = *issue_server_ca({.subject = "/CN=muster server CA", .now = now_}, names, *random_);
  const auto server =
      *issue_server({.subject = "/CN=muster", .now = now_}, ca, names, "http://127.0.0.1:9464/crl", *random_);
  const auto ca_file = file("ca.pem", ca.certificate.pem());
  const auto crl_der = *issue_empty_crl(ca, now_, std::chrono::hours{24}, 1);
  const auto crl_file = (folder_ / "crl.pem").string();
  ASSERT_EQ(
      run(fmt::format("openssl crl -inform DER -in {} -out {}", file("crl.der", as_text(crl_der)), crl_file))
          .status,
      0);
  const auto verified =
      run(fmt::format("openssl verify -x509_strict -purpose sslserver {} -verify_hostname "
                      "hub.azure-devices.net -crl_check -CRLfile {} "
                      "-CAfile {} {}",
                      at_, crl_file, ca_file, file("server.pem", server.certificate.pem())));
  EXPECT_EQ(verified.status, 0) << verified.output;
  EXPECT_THAT(run("openssl x509 -noout -text -in " + ca_file).output,
              HasSubstr("X509v3 Name Constraints: critical"));
}

}  // namespace
}  // namespace muster::pki
