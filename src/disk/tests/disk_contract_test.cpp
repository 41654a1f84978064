#include "disk/file.hpp"
#include "disk/lossy.hpp"
#include "disk/path.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <cstdlib>
#include <filesystem>

namespace muster::disk {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;

/// A disk and a directory on it that the test may use.
struct Place {
  std::unique_ptr<Disk> disk;
  std::string root;
  std::string to_delete;

  Place() = default;
  Place(Place&&) = default;
  ~Place() {
    if (!to_delete.empty()) std::filesystem::remove_all(to_delete);
  }
};

Place real_place() {
  std::string name = (std::filesystem::temp_directory_path() / "muster-disk-XXXXXX").string();
  EXPECT_NE(::mkdtemp(name.data()), nullptr);
  Place place;
  place.disk = make_real_disk();
  place.root = name;
  place.to_delete = name;
  return place;
}

Place memory_place() {
  Place place;
  place.disk = make_memory_disk();
  place.root = "/tree";
  EXPECT_TRUE(place.disk->make_directory(place.root));
  return place;
}

Place lossy_place() {
  Place place;
  place.disk = std::make_unique<LossyDisk>(1);
  place.root = "/tree";
  EXPECT_TRUE(place.disk->make_directory(place.root));
  return place;
}

struct Kind {
  const char* name;
  Place (*make)();
};

class DiskContract : public ::testing::TestWithParam<Kind> {
 protected:
  DiskContract() : place_{GetParam().make()}, disk_{*place_.disk} {}
  std::string path(std::string_view name) const { return place_.root + "/" + std::string{name}; }
  void make(std::string_view name, std::string_view content) {
    auto file = disk_.open(path(name), OpenMode::create_new);
    ASSERT_TRUE(file) << file.error().reason();
    ASSERT_TRUE((*file)->write_at(0, as_bytes(content)));
  }
  std::string content(std::string_view name) {
    const auto bytes = read_all(disk_, path(name), 1u << 20);
    return bytes ? std::string{as_text(*bytes)} : bytes.error().reason();
  }

  Place place_;
  Disk& disk_;
};

TEST_P(DiskContract, ReadsBackWhatWasWrittenAtItsPlace) {
  auto file = disk_.open(path("a"), OpenMode::create_new);
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->write_at(3, as_bytes("xyz")));
  ASSERT_TRUE((*file)->write_at(0, as_bytes("ab")));
  ASSERT_TRUE((*file)->sync_data());
  EXPECT_EQ(*(*file)->size(), 6u);
  Bytes read(10, std::byte{'?'});
  EXPECT_EQ(*(*file)->read_at(1, read), 5u) << "fewer only at the end";
  EXPECT_EQ(as_text(ByteView{read}.first(5)), std::string_view("b\0xyz", 5)) << "a hole reads as zeros";
  EXPECT_EQ(*(*file)->read_at(6, read), 0u);
}

TEST_P(DiskContract, TruncatesAndExtends) {
  make("a", "abcdef");
  auto file = disk_.open(path("a"), OpenMode::read_write);
  ASSERT_TRUE(file);
  ASSERT_TRUE((*file)->truncate(2));
  ASSERT_TRUE((*file)->truncate(4));
  EXPECT_EQ(content("a"), std::string("ab\0\0", 4));
}

TEST_P(DiskContract, RefusesToMakeWhatIsThere) {
  make("a", "");
  const auto again = disk_.open(path("a"), OpenMode::create_new);
  ASSERT_FALSE(again);
  EXPECT_EQ(again.error().code(), ErrorCode::file_exists);
  EXPECT_THAT(again.error().reason(), HasSubstr(path("a")));
}

TEST_P(DiskContract, SaysWhichFileIsMissing) {
  for (const OpenMode mode : {OpenMode::read, OpenMode::read_write}) {
    const auto file = disk_.open(path("nothing"), mode);
    ASSERT_FALSE(file);
    EXPECT_EQ(file.error().code(), ErrorCode::file_unreadable);
    EXPECT_THAT(file.error().reason(), HasSubstr(path("nothing") + ": No such file or directory"));
  }
  EXPECT_EQ(disk_.remove(path("nothing")).error().code(), ErrorCode::file_unreadable);
  EXPECT_EQ(disk_.rename(path("nothing"), path("b")).error().code(), ErrorCode::file_unreadable);
  EXPECT_EQ(disk_.list(path("nothing")).error().code(), ErrorCode::file_unreadable);
  EXPECT_EQ(disk_.open(path("no/where"), OpenMode::create_new).error().code(), ErrorCode::file_unreadable);
}

TEST_P(DiskContract, DoesNotWriteWhatWasOpenedForReading) {
  make("a", "old");
  auto file = disk_.open(path("a"), OpenMode::read);
  ASSERT_TRUE(file);
  EXPECT_FALSE((*file)->write_at(0, as_bytes("new")));
  EXPECT_EQ(content("a"), "old");
}

TEST_P(DiskContract, ListsNamesInOrder) {
  ASSERT_TRUE(disk_.make_directory(path("dir/deeper")));
  ASSERT_TRUE(disk_.make_directory(path("dir/deeper"))) << "not an error when it is there";
  make("dir/b", "");
  make("dir/a", "");
  EXPECT_THAT(*disk_.list(path("dir")), ElementsAre("a", "b", "deeper"));
  EXPECT_TRUE(*disk_.exists(path("dir")));
  EXPECT_TRUE(*disk_.exists(path("dir/a")));
  EXPECT_FALSE(*disk_.exists(path("dir/c")));
  EXPECT_TRUE(disk_.sync_directory(path("dir")));
}

TEST_P(DiskContract, RenamesOverWhatIsThere) {
  make("a", "new");
  make("b", "old");
  ASSERT_TRUE(disk_.rename(path("a"), path("b")));
  EXPECT_EQ(content("b"), "new");
  EXPECT_FALSE(*disk_.exists(path("a")));
}

TEST_P(DiskContract, ARemovedFileCanBeReadByWhoHasItOpen) {
  make("a", "still here");
  auto file = disk_.open(path("a"), OpenMode::read);
  ASSERT_TRUE(file);
  ASSERT_TRUE(disk_.remove(path("a")));
  Bytes read(10);
  EXPECT_EQ(*(*file)->read_at(0, read), 10u);
  EXPECT_EQ(as_text(read), "still here");
}

TEST_P(DiskContract, RemovesADirectoryOnlyWhenItIsEmpty) {
  ASSERT_TRUE(disk_.make_directory(path("dir/deeper")));
  make("dir/deeper/a", "");
  EXPECT_THAT(disk_.remove(path("dir/deeper")).error().reason(), HasSubstr(path("dir/deeper")));
  EXPECT_FALSE(disk_.remove(path("dir"))) << "a directory is in it";
  EXPECT_TRUE(*disk_.exists(path("dir/deeper/a")));
  ASSERT_TRUE(disk_.remove(path("dir/deeper/a")));
  ASSERT_TRUE(disk_.remove(path("dir/deeper")));
  ASSERT_TRUE(disk_.remove(path("dir")));
  EXPECT_FALSE(*disk_.exists(path("dir")));
}

TEST_P(DiskContract, WritesAtomicallyOverAnOlderFileAndALeftover) {
  ASSERT_TRUE(write_atomically(disk_, path("a"), as_bytes("one")));
  make("a.tmp", "left by a crash, and longer than what follows");
  ASSERT_TRUE(write_atomically(disk_, path("a"), as_bytes("two")));
  EXPECT_EQ(content("a"), "two");
  EXPECT_THAT(*disk_.list(place_.root), ElementsAre("a"));
}

TEST_P(DiskContract, ReadsNoMoreThanItWasTold) {
  make("a", "12345");
  EXPECT_TRUE(read_all(disk_, path("a"), 5));
  EXPECT_EQ(read_all(disk_, path("a"), 4).error().code(), ErrorCode::io_failed);
}

TEST_P(DiskContract, KnowsItsFreeSpace) { EXPECT_GT(*disk_.free_bytes(place_.root), 0u); }

INSTANTIATE_TEST_SUITE_P(Disks, DiskContract,
                         ::testing::Values(Kind{"real", real_place}, Kind{"memory", memory_place},
                                           Kind{"lossy", lossy_place}),
                         [](const auto& row) { return row.param.name; });

TEST(RealDisk, MakesFilesAndDirectoriesForTheOwnerOnly) {
  const Place place = real_place();
  ASSERT_TRUE(place.disk->make_directory(place.root + "/dir"));
  ASSERT_TRUE(place.disk->open(place.root + "/file", OpenMode::create_new));
  struct stat facts {};
  ASSERT_EQ(::stat((place.root + "/dir").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777u, 0700u);
  ASSERT_EQ(::stat((place.root + "/file").c_str(), &facts), 0);
  EXPECT_EQ(facts.st_mode & 0777u, 0600u);
}

TEST(RealDisk, ADirectoryCannotBeMadeUnderAFile) {
  const Place place = real_place();
  ASSERT_TRUE(place.disk->open(place.root + "/file", OpenMode::create_new));
  EXPECT_FALSE(place.disk->make_directory(place.root + "/file/dir"));
  EXPECT_FALSE(place.disk->make_directory(place.root + "/file"));
}

TEST(Path, Splits) {
  EXPECT_EQ(parent_of("a/b"), "a");
  EXPECT_EQ(parent_of("a/b/"), "a");
  EXPECT_EQ(parent_of("b"), ".");
  EXPECT_EQ(parent_of("/b"), "/");
  EXPECT_EQ(name_of("a/b/"), "b");
  EXPECT_EQ(name_of("b"), "b");
}

}  // namespace
}  // namespace muster::disk
