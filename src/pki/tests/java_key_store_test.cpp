#include "pki/java_key_store.hpp"

#include <gtest/gtest.h>

namespace muster::pki {
namespace {

constexpr WallTime kCreated{std::chrono::milliseconds{0x0102030405}};

// The digest was computed apart from this code, by sha1sum over: the password in UTF-16BE, the constant,
// these 12 bytes.
TEST(JavaKeyStoreTest, EmptyStoreByteForByte) {
  EXPECT_EQ(to_hex(java_trust_store({}, kCreated)),
            "feedfeed"
            "00000002"
            "00000000"
            "e2686e45fb43dfa4d992dd41ceb6b21c6330d792");
}

TEST(JavaKeyStoreTest, EntryByteForByte) {
  const Bytes entry[] = {{std::byte{0x30}, std::byte{0x00}}};
  const std::string hex = to_hex(java_trust_store(entry, kCreated));
  EXPECT_EQ(hex.substr(0, hex.size() - 40),
            "feedfeed"
            "00000002"
            "00000001"
            "00000002"  // a trusted certificate
            "0008"
            "6d75737465722d30"  // "muster-0"
            "0000000102030405"  // milliseconds since 1970
            "0005"
            "582e353039"  // "X.509"
            "00000002"
            "3000");
}

}  // namespace
}  // namespace muster::pki
