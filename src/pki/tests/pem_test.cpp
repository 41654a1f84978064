#include "pki/tests/forge.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/err.h>

namespace muster::pki {
namespace {

using forge::tutorial;
using ::testing::HasSubstr;

std::string with_crlf(std::string_view text) {
  std::string out;
  for (const char c : text) out += c == '\n' ? std::string{"\r\n"} : std::string{c};
  return out;
}

TEST(Pem, AcceptsTextsAsPeopleHaveThem) {
  const std::string device = tutorial().device.certificate.pem();
  const std::string root = tutorial().root.certificate.pem();
  const std::string key = tutorial().device.key.pem();
  struct Row {
    const char* name;
    std::string text;
    std::size_t count;
  };
  const Row rows[] = {
      {"one", device, 1},
      {"bundle (device-full-chain.pem)", device + root, 2},
      {"CRLF, as Windows editors save", with_crlf(device + root), 2},
      {"BOM first", "\xEF\xBB\xBF" + device, 1},
      {"BOM in the middle, after concatenation", device + "\xEF\xBB\xBF" + root, 2},
      {"text between, as openssl s_client prints",
       "Certificate chain\n 0 s:CN = x\n" + device + "---\n" + root, 2},
      {"key before the certificate", key + device, 1},
      {"no line break at the end", device.substr(0, device.size() - 1), 1},
      {"blanks at line ends", "  " + device + "   \n", 1},
  };
  for (const Row& row : rows) {
    const auto parsed = parse_pem_certificates(row.text);
    ASSERT_TRUE(parsed) << row.name << ": " << parsed.error().reason();
    EXPECT_EQ(parsed->size(), row.count) << row.name;
    EXPECT_EQ(parsed->front(), tutorial().device.certificate) << row.name;
  }
}

TEST(Pem, SaysWhatIsWrongWithATextAndWhere) {
  const std::string device = tutorial().device.certificate.pem();
  std::string broken = device;
  broken[60] = '!';
  std::string many;
  for (std::size_t i = 0; i <= kCertificatesPerTextMax; ++i) many += device;
  struct Row {
    const char* name;
    std::string text;
    const char* reason;
  };
  const Row rows[] = {
      {"empty", "", "no PEM block"},
      {"a key in cert_file", tutorial().device.key.pem(), "only \"PRIVATE KEY\""},
      {"second one broken", device + broken, "certificate 2: "},
      {"not base64", broken, "not base64"},
      {"END missing", device.substr(0, 200), "END CERTIFICATE"},
      {"END missing, another follows", device.substr(0, 200) + device, "END line is missing"},
      {"BEGIN cut off", "-----BEGIN CERT", "cut off"},
      {"a label that is not text", "-----BEGIN \x30\xFF\n-----" + device, "BEGIN line is damaged"},
      {"a label as long as a file", "-----BEGIN " + std::string(4096, 'A') + "-----\n",
       "BEGIN line is damaged"},
      {"UTF-16, as PowerShell's > saves", std::string("\xFF\xFE-\0-\0", 6), "UTF-16"},
      {"base64 of something else", "-----BEGIN CERTIFICATE-----\naGVsbG8=\n-----END CERTIFICATE-----\n",
       "not an X.509"},
      {"too many", many, "more than 256"},
  };
  for (const Row& row : rows) {
    const auto parsed = parse_pem_certificates(row.text);
    ASSERT_FALSE(parsed) << row.name;
    EXPECT_EQ(parsed.error().code(), ErrorCode::certificate_unreadable) << row.name;
    EXPECT_THAT(parsed.error().reason(), HasSubstr(row.reason)) << row.name;
    EXPECT_EQ(ERR_peek_error(), 0u) << row.name;
  }
}

TEST(Upload, AcceptsTheFourForms) {
  const Certificate& root = tutorial().root.certificate;
  const std::string der{as_text(root.der_view())};
  std::string wrapped = to_base64(root.der_view());
  for (std::size_t at = 64; at < wrapped.size(); at += 66) wrapped.insert(at, "\r\n");
  struct Row {
    const char* name;
    std::string text;
  };
  const Row rows[] = {
      {"PEM", root.pem()},
      {"DER (.cer)", der},
      {"base64 of DER (service/02: attestation certificates)", to_base64(root.der_view())},
      {"base64 of DER in lines", wrapped},
      {"base64 of PEM (service/03: az uploads the bytes of the file)", to_base64(as_bytes(root.pem()))},
      {"base64 of PEM with CRLF", to_base64(as_bytes(with_crlf(root.pem())))},
      {"bundle: the first", root.pem() + tutorial().device.certificate.pem()},
  };
  for (const Row& row : rows) {
    const auto parsed = parse_uploaded_certificate(row.text);
    ASSERT_TRUE(parsed) << row.name << ": " << parsed.error().reason();
    EXPECT_EQ(*parsed, root) << row.name;
  }
}

TEST(Upload, RefusesTheRest) {
  const std::string key_in_base64 = to_base64(as_bytes(tutorial().root.key.pem()));
  for (const std::string& text : {std::string{}, std::string{"hello, world"}, std::string{"aGVsbG8="},
                                  key_in_base64, std::string{"\x30\x82\x01"}, std::string(10'000, '\0')}) {
    const auto parsed = parse_uploaded_certificate(text);
    ASSERT_FALSE(parsed);
    EXPECT_EQ(parsed.error().code(), ErrorCode::certificate_unreadable);
    EXPECT_THAT(parsed.error().reason(), testing::Not(HasSubstr("PRIVATE KEY-----\n")));
    EXPECT_EQ(ERR_peek_error(), 0u);
  }
}

}  // namespace
}  // namespace muster::pki
