#include "disk/lossy.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <set>

namespace muster::disk {
namespace {

constexpr std::size_t kSector = LossyDisk::kSectorBytes;

Bytes filled(std::size_t size, char with) { return Bytes(size, static_cast<std::byte>(with)); }

/// A disk whose file "/f" holds three sectors of 'a', durably.
std::unique_ptr<LossyDisk> with_file(std::uint64_t seed) {
  auto disk = std::make_unique<LossyDisk>(seed);
  auto file = disk->open("/f", OpenMode::create_new);
  EXPECT_TRUE((*file)->write_at(0, filled(3 * kSector, 'a')));
  EXPECT_TRUE((*file)->sync_data());
  EXPECT_TRUE(disk->sync_directory("/"));
  return disk;
}

/// The first byte of each sector.
std::string sectors(Disk& disk, const std::string& path) {
  const auto bytes = read_all(disk, path, 1u << 20);
  std::string firsts;
  for (std::size_t at = 0; bytes && at < bytes->size(); at += kSector) {
    firsts += static_cast<char>((*bytes)[at]);
    const auto sector = ByteView{*bytes}.subspan(at, std::min(kSector, bytes->size() - at));
    EXPECT_TRUE(std::ranges::all_of(sector, [&](std::byte b) { return b == sector[0]; }))
        << "a sector is never mixed";
  }
  return firsts;
}

TEST(LossyDisk, KeepsWhatWasSynced) {
  for (std::uint64_t seed = 0; seed < 50; ++seed) {
    auto disk = with_file(seed);
    EXPECT_EQ(sectors(*disk->crash(), "/f"), "aaa") << seed;
  }
}

TEST(LossyDisk, LosesTearsAndReordersWhatWasNot) {
  std::set<std::string> seen;
  for (std::uint64_t seed = 0; seed < 400; ++seed) {
    auto disk = with_file(seed);
    auto file = disk->open("/f", OpenMode::read_write);
    ASSERT_TRUE((*file)->write_at(0, filled(2 * kSector, 'b')));
    ASSERT_TRUE((*file)->write_at(kSector, filled(2 * kSector, 'c')));
    EXPECT_EQ(sectors(*disk, "/f"), "bcc");
    seen.insert(sectors(*disk->crash(), "/f"));
  }
  EXPECT_TRUE(seen.contains("aaa")) << "all lost";
  EXPECT_TRUE(seen.contains("bcc")) << "all kept";
  EXPECT_TRUE(seen.contains("baa") || seen.contains("bba")) << "torn";
  EXPECT_TRUE(seen.contains("aac") || seen.contains("acc")) << "a later write without the earlier";
  for (const std::string& state : seen) {
    EXPECT_TRUE((state[0] == 'a' || state[0] == 'b') && (state[2] == 'a' || state[2] == 'c')) << state;
  }
}

TEST(LossyDisk, MayForgetNamesUntilTheDirectoryIsSynced) {
  int kept = 0;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    auto disk = with_file(seed);
    {
      auto file = disk->open("/g", OpenMode::create_new);
      ASSERT_TRUE((*file)->write_at(0, filled(1, 'x')));
      ASSERT_TRUE((*file)->sync_data());
    }
    kept += *disk->crash()->exists("/g") ? 1 : 0;
    ASSERT_TRUE(disk->sync_directory("/"));
    EXPECT_EQ(sectors(*disk->crash(), "/g"), "x");
  }
  EXPECT_GT(kept, 10);
  EXPECT_LT(kept, 90);
}

TEST(LossyDisk, AnAtomicWriteIsOldOrNew) {
  std::set<std::string> seen;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    for (std::uint64_t fail_at = 0; fail_at < 8; ++fail_at) {
      auto disk = with_file(seed);
      disk->fail_operation(fail_at, ErrorCode::io_failed);
      const bool done = write_atomically(*disk, "/f", filled(2 * kSector, 'n')).has_value();
      const std::string left = sectors(*disk->crash(), "/f");
      EXPECT_TRUE(left == "nn" || (!done && left == "aaa")) << left;
      seen.insert(left);
    }
  }
  EXPECT_EQ(seen.size(), 2u);
}

TEST(LossyDisk, AFailedSyncForgetsAndALaterOneDoesNotHelp) {
  auto disk = with_file(7);
  auto file = disk->open("/f", OpenMode::read_write);
  ASSERT_TRUE((*file)->write_at(0, filled(3 * kSector, 'b')));
  disk->fail_operation(0, ErrorCode::io_failed);
  EXPECT_EQ((*file)->sync_data().error().code(), ErrorCode::io_failed);
  EXPECT_TRUE((*file)->sync_data()) << "what Linux says";
  EXPECT_EQ(sectors(*disk, "/f"), "bbb");
  EXPECT_EQ(sectors(*disk->crash(), "/f"), "aaa");
  ASSERT_TRUE((*file)->write_at(0, filled(3 * kSector, 'b')));
  ASSERT_TRUE((*file)->sync_data());
  EXPECT_EQ(sectors(*disk->crash(), "/f"), "bbb");
}

TEST(LossyDisk, IsFullAtItsCapacity) {
  auto disk = with_file(1);
  disk->set_capacity(4 * kSector);
  auto file = disk->open("/f", OpenMode::read_write);
  EXPECT_EQ(*disk->free_bytes("/"), kSector);
  EXPECT_EQ((*file)->write_at(3 * kSector, filled(kSector + 1, 'b')).error().code(), ErrorCode::disk_full);
  EXPECT_TRUE((*file)->write_at(3 * kSector, filled(kSector, 'b')));
  EXPECT_TRUE((*file)->write_at(0, filled(kSector, 'b'))) << "what is there can be written";
}

TEST(LossyDisk, NothingHappensAfterThePowerIsCut) {
  std::set<std::string> seen;
  for (std::uint64_t seed = 0; seed < 100; ++seed) {
    auto disk = with_file(seed);
    auto file = disk->open("/f", OpenMode::read_write);
    disk->cut_power_at(1);
    ASSERT_TRUE((*file)->write_at(0, filled(2 * kSector, 'b')));
    EXPECT_FALSE((*file)->sync_data());
    EXPECT_FALSE((*file)->write_at(0, filled(3 * kSector, 'c')));
    EXPECT_FALSE((*file)->sync_data());
    seen.insert(sectors(*disk->crash(), "/f"));
  }
  EXPECT_THAT(seen, ::testing::ElementsAre("aaa", "aba", "baa", "bba"));
}

TEST(LossyDisk, FlipsABit) {
  auto disk = with_file(1);
  ASSERT_TRUE(disk->flip_bit("/f", 5, 1));
  EXPECT_EQ((*read_all(*disk->crash(), "/f", 1u << 20))[5], std::byte{'a' ^ 2});
  EXPECT_FALSE(disk->flip_bit("/f", 3 * kSector, 0));
}

TEST(LossyDisk, TheSameSeedGivesTheSameCrash) {
  std::set<std::string> seen;
  for (int i = 0; i < 3; ++i) {
    auto disk = with_file(42);
    auto file = disk->open("/f", OpenMode::read_write);
    ASSERT_TRUE((*file)->write_at(0, filled(3 * kSector, 'b')));
    seen.insert(sectors(*disk->crash(), "/f"));
  }
  EXPECT_EQ(seen.size(), 1u);
}

}  // namespace
}  // namespace muster::disk
