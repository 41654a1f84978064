#include "pki/key_decoding.hpp"

#include "pki/issue.hpp"
#include "pki/presented_chain.hpp"
#include "pki/tests/forge.hpp"

#include <gtest/gtest.h>
#include <openssl/evp.h>
#include <openssl/x509.h>

#include <array>

namespace muster::pki {
namespace {

/// For all tests of this program: every one of them has to hold with keys decoded this way, as in the
/// service.
[[maybe_unused]] const bool kDecodesDirectly = [] {
  decode_keys_directly();
  decode_keys_directly();  // Once is enough, and twice does no harm.
  return true;
}();

TEST(KeyDecodingTest, KeysOfCertificatesAreOpenSslsOwn) {
  const auto issued = forge::forge({.common_name = "device"}, nullptr);
  const Certificate read = Certificate::from_der(issued.certificate.der()).value();
  EVP_PKEY* key = X509_get0_pubkey(read.native());
  ASSERT_NE(key, nullptr);
  EXPECT_EQ(EVP_PKEY_get0_provider(key), nullptr) << "decoded by OpenSSL's provider after all";
  EXPECT_TRUE(issued.key.matches(read));
  EXPECT_TRUE(read.is_signed_by(issued.certificate));
}

TEST(KeyDecodingTest, KeysFromFilesSignCertificatesAndRevocationLists) {
  const auto random = make_seeded_random(1);
  for (const KeyType type : {KeyType::p256, KeyType::rsa2048}) {
    const auto made = issue_root({.subject = "/CN=root", .key = type, .now = forge::kNow}, *random).value();
    const Issued root{made.certificate, PrivateKey::from_pem(made.key.pem(), "").value()};
    const auto below = issue_intermediate({.subject = "/CN=below", .now = forge::kNow}, root, *random);
    ASSERT_TRUE(below) << below.error().reason();
    EXPECT_TRUE(below->certificate.is_signed_by(root.certificate));
    const auto crl = issue_empty_crl(root, forge::kNow, std::chrono::hours{1}, 1);
    EXPECT_TRUE(crl) << crl.error().reason();
  }
}

TEST(PresentedChainTest, IsTheChainInFewerBytes) {
  const auto root = forge::forge({.common_name = "root"}, nullptr);
  const auto leaf = forge::forge({.common_name = "device"}, &root);
  const Chain chain{{leaf.certificate, root.certificate}};
  const PresentedChain presented{chain};
  EXPECT_EQ(presented.hash(), chain.hash());
  EXPECT_EQ(presented.size(), 2U);
  EXPECT_EQ(presented.common_name(), "device");
  EXPECT_EQ(presented.leaf_sha1_thumbprint(), leaf.certificate.sha1_thumbprint());
  EXPECT_EQ(presented.leaf_sha256_thumbprint(), leaf.certificate.sha256_thumbprint());
  EXPECT_EQ(presented.parse().certificates, chain.certificates);
}

TEST(IssuerPoolTest, SharesWhatIsHeldAndForgetsTheRest) {
  IssuerPool pool;
  const auto named = [](const std::string& name) {
    return forge::forge({.common_name = name}, nullptr).certificate;
  };
  const Certificate one = named("one");
  const Certificate same = Certificate::from_der(one.der()).value();
  const auto first = pool.share(*one.native());
  EXPECT_EQ(pool.share(*same.native()), first);
  EXPECT_EQ(*first, one);
  for (int i = 0; i < 200; ++i) pool.share(*named("other").native());
  EXPECT_LE(pool.size(), 66U) << "what nobody holds does not stay";
  EXPECT_EQ(pool.share(*one.native()), first);
}

TEST(HollowOutTest, LeavesNothingThatTakesRoom) {
  const auto issued = forge::forge({.common_name = "device"}, nullptr);
  const Certificate copy = Certificate::from_der(issued.certificate.der()).value();
  hollow_out(*copy.native());
  EXPECT_EQ(copy.common_name(), std::nullopt);
  EXPECT_EQ(X509_get_ext_count(copy.native()), 0);
  EXPECT_FALSE(issued.key.matches(copy));
}

}  // namespace
}  // namespace muster::pki
