#include "pki/key.hpp"

#include "pki/tests/forge.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <openssl/bio.h>
#include <openssl/err.h>
#include <openssl/pem.h>

namespace muster::pki {
namespace {

using forge::tutorial;
using ::testing::HasSubstr;

std::string drained(BIO* out) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(out, &data);
  std::string text(data, static_cast<std::size_t>(size));
  BIO_free(out);
  return text;
}

std::string encrypted(const PrivateKey& key, const char* passphrase) {
  BIO* out = BIO_new(BIO_s_mem());
  PEM_write_bio_PKCS8PrivateKey(out, key.native(), EVP_aes_256_cbc(), nullptr, 0, nullptr,
                                const_cast<char*>(passphrase));
  return drained(out);
}

std::string traditional(const PrivateKey& key) {
  BIO* out = BIO_new(BIO_s_mem());
  PEM_write_bio_PrivateKey_traditional(out, key.native(), nullptr, nullptr, 0, nullptr, nullptr);
  return drained(out);
}

TEST(KeyType, IsParsedByName) {
  EXPECT_EQ(parse_key_type("p256"), KeyType::p256);
  EXPECT_EQ(parse_key_type("rsa2048"), KeyType::rsa2048);
  EXPECT_EQ(parse_key_type("rsa3072"), KeyType::rsa3072);
  EXPECT_EQ(parse_key_type("rsa4096"), KeyType::rsa4096);
  EXPECT_EQ(parse_key_type("P256"), std::nullopt);
  EXPECT_EQ(parse_key_type(""), std::nullopt);
}

TEST(PrivateKey, SaysWhatItIs) {
  EXPECT_EQ(tutorial().device.key.description(), "EC P-256");
  EXPECT_EQ(PrivateKey::generate(KeyType::rsa2048)->description(), "RSA 2048");
}

TEST(PrivateKey, ReadsEachFormOfPem) {
  const PrivateKey& ec = tutorial().device.key;
  const PrivateKey rsa = *PrivateKey::generate(KeyType::rsa2048);
  const std::string sec1 = traditional(ec);
  const std::string pkcs1 = traditional(rsa);
  ASSERT_THAT(sec1, HasSubstr("BEGIN EC PRIVATE KEY"));
  ASSERT_THAT(pkcs1, HasSubstr("BEGIN RSA PRIVATE KEY"));
  struct Row {
    const char* name;
    std::string pem;
    std::string passphrase;
    const PrivateKey& expected;
  };
  const Row rows[] = {
      {"PKCS #8", ec.pem(), "", ec},
      {"PKCS #8, passphrase not needed", ec.pem(), "secret", ec},
      {"SEC 1", sec1, "", ec},
      {"PKCS #1", pkcs1, "", rsa},
      {"encrypted PKCS #8", encrypted(ec, "secret"), "secret", ec},
      {"certificate before the key", tutorial().device.certificate.pem() + ec.pem(), "", ec},
  };
  for (const Row& row : rows) {
    const auto key = PrivateKey::from_pem(row.pem, row.passphrase);
    ASSERT_TRUE(key) << row.name << ": " << key.error().reason();
    EXPECT_EQ(EVP_PKEY_eq(key->native(), row.expected.native()), 1) << row.name;
    EXPECT_EQ(ERR_peek_error(), 0u) << row.name;
  }
}

TEST(PrivateKey, RefusesWithAReasonAndNeverAsksOnTheTerminal) {
  const std::string locked = encrypted(tutorial().device.key, "secret");
  std::string broken = tutorial().device.key.pem();
  broken.erase(40, 20);
  struct Row {
    const char* name;
    std::string pem;
    std::string passphrase;
    const char* reason;
  };
  const Row rows[] = {
      {"passphrase missing", locked, "", "no passphrase was given"},
      {"passphrase wrong", locked, "guess", "passphrase of the private key is wrong"},
      {"passphrase longer than OpenSSL takes", locked, std::string(5000, 'x'),
       "passphrase of the private key is wrong"},
      {"a certificate", tutorial().device.certificate.pem(), "", "BEGIN PRIVATE KEY"},
      {"empty", "", "", "BEGIN PRIVATE KEY"},
      {"broken", broken, "", "cannot be parsed"},
  };
  for (const Row& row : rows) {
    const auto key = PrivateKey::from_pem(row.pem, row.passphrase);
    ASSERT_FALSE(key) << row.name;
    EXPECT_EQ(key.error().code(), ErrorCode::file_unreadable) << row.name;
    EXPECT_THAT(key.error().reason(), HasSubstr(row.reason)) << row.name;
    EXPECT_EQ(ERR_peek_error(), 0u) << row.name;
  }
}

TEST(PrivateKey, MatchesOnlyItsOwnCertificate) {
  const auto& t = tutorial();
  EXPECT_TRUE(t.device.key.matches(t.device.certificate));
  EXPECT_FALSE(t.device.key.matches(t.root.certificate));
  EXPECT_FALSE(PrivateKey::generate(KeyType::rsa2048)->matches(t.device.certificate));
  EXPECT_EQ(ERR_peek_error(), 0u);
}

}  // namespace
}  // namespace muster::pki
