#include "isolation/run_folder.hpp"

#include "isolation/tests/temporary_folder.hpp"

#include <gtest/gtest.h>
#include <sys/stat.h>

namespace muster::isolation {
namespace {

world::RunningWorld one_hub() {
  world::RunningWorld world;
  world.endpoints.mqtt = {"127.0.9.1:8883"};
  world.hubs = {{"h", "h.azure-devices.net", "127.0.9.1"}};
  return world;
}

TEST(CertificatesOfTest, TakesEachOnceAndSkipsTheRest) {
  const std::string text = std::string{"a comment\n"} + std::string{kFirstPem} + "between" +
                           std::string{kSecondPem} + std::string{kFirstPem} +
                           "-----BEGIN CERTIFICATE-----\n!!!!\n-----END CERTIFICATE-----\n" +
                           "-----BEGIN CERTIFICATE-----\nMAAw";
  const auto found = certificates_of(text);
  ASSERT_EQ(found.size(), 2u);
  EXPECT_EQ(to_hex(found[0]), "3000300030003000");
  EXPECT_EQ(to_hex(found[1]), "300031003000");
  EXPECT_TRUE(certificates_of("").empty());
}

TEST(RunFolderTest, HoldsHostsAndTrust) {
  const TemporaryFolder world;
  world.write("server/ca.pem", kFirstPem);
  world.write("extra.pem", kSecondPem);
  const auto folder = RunFolder::make(world.path(), one_hub(), {world.path() / "extra.pem", "/nowhere.pem"});
  ASSERT_TRUE(folder) << folder.error().reason();

  EXPECT_EQ(folder->hosts(), world.path() / "run/hosts");
  EXPECT_NE(read_whole(folder->hosts())->find("127.0.9.1 h.azure-devices.net\n"), std::string::npos);
  const auto bundle = certificates_of(*read_whole(folder->trust_files().bundle));
  ASSERT_GE(bundle.size(), 2u);
  EXPECT_EQ(to_hex(bundle.front()), "3000300030003000");
  EXPECT_EQ(to_hex(bundle.back()), "300031003000");
  EXPECT_EQ(to_hex(as_bytes(read_whole(folder->trust_files().java_store)->substr(0, 8))), "feedfeed00000002");
}

TEST(RunFolderTest, WritesHostsInPlaceSoThatMountsSeeIt) {
  const TemporaryFolder world;
  world.write("server/ca.pem", kFirstPem);
  auto now = one_hub();
  now.hubs.push_back(
      {"a-long-name-that-goes-away", "a-long-name-that-goes-away.azure-devices.net", "127.0.9.2"});
  ASSERT_TRUE(RunFolder::make(world.path(), now, {}));
  struct stat before {};
  ASSERT_EQ(::stat((world.path() / "run/hosts").c_str(), &before), 0);

  ASSERT_TRUE(RunFolder::make(world.path(), one_hub(), {}));
  struct stat after {};
  ASSERT_EQ(::stat((world.path() / "run/hosts").c_str(), &after), 0);
  EXPECT_EQ(before.st_ino, after.st_ino);
  EXPECT_EQ(read_whole(world.path() / "run/hosts")->find("goes-away"), std::string::npos);
}

TEST(RunFolderTest, RefusesAWorldWhoseCaCannotBeRead) {
  const TemporaryFolder world;
  const auto missing = RunFolder::make(world.path(), one_hub(), {});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code(), ErrorCode::world_damaged);

  world.write("server/ca.pem", "no certificate");
  const auto broken = RunFolder::make(world.path(), one_hub(), {});
  ASSERT_FALSE(broken);
  EXPECT_EQ(broken.error().code(), ErrorCode::world_damaged);
}

}  // namespace
}  // namespace muster::isolation
