#include "server/world.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::server {
namespace {

using testing::HasSubstr;

constexpr const char* kNeeded[] = {"registry.db",          "server/ca.pem",        "server/ca.key",
                                   "server/server-ec.pem", "server/server-ec.key", "server/server-rsa.pem",
                                   "server/server-rsa.key"};

class InspectWorld : public testing::Test {
 protected:
  void has(const std::string& name, std::string_view text = "x") {
    ASSERT_TRUE(disk_->make_directory(paths_.folder + "/server"));
    ASSERT_TRUE(disk::write_atomically(*disk_, paths_.at(name.c_str()), as_bytes(text)));
  }
  void is_whole() {
    for (const char* name : kNeeded) has(name);
    ASSERT_TRUE(finish_world(*disk_, paths_));
  }
  Error refusal() {
    const auto state = inspect_world(*disk_, paths_);
    return state ? Error{ErrorCode::usage, "it was not refused"} : state.error();
  }

  std::unique_ptr<disk::Disk> disk_ = disk::make_memory_disk();
  WorldPaths paths_{"muster-data"};
};

TEST_F(InspectWorld, NoFolderIsAbsent) { EXPECT_EQ(inspect_world(*disk_, paths_), WorldState::absent); }

TEST_F(InspectWorld, AnEmptyFolderIsAbsent) {
  ASSERT_TRUE(disk_->make_directory(paths_.folder));
  EXPECT_EQ(inspect_world(*disk_, paths_), WorldState::absent);
}

TEST_F(InspectWorld, WhatAPersonHasPreparedIsUnfinished) {
  ASSERT_TRUE(disk_->make_directory(paths_.at("certs/root")));
  ASSERT_TRUE(disk::write_atomically(*disk_, paths_.config(), as_bytes("{}")));
  EXPECT_EQ(inspect_world(*disk_, paths_), WorldState::unfinished);
}

TEST_F(InspectWorld, AWorldThatLostItsMarkIsDamagedAndNotMadeAnew) {
  for (const char* name : {"registry.db", "events/hubs", "server/ca.pem"}) {
    disk_ = disk::make_memory_disk();
    ASSERT_TRUE(disk_->make_directory(paths_.folder));
    const std::string path = paths_.at(name);
    ASSERT_TRUE(disk_->make_directory(path.substr(0, path.rfind('/'))));
    ASSERT_TRUE(disk::write_atomically(*disk_, path, as_bytes("x")));
    EXPECT_EQ(refusal().code(), ErrorCode::world_damaged) << name;
    EXPECT_THAT(refusal().reason(),
                HasSubstr("muster-data/world-format.json is missing, though muster-data/"));
    EXPECT_THAT(std::string{refusal().remedy()}, HasSubstr(R"({"format": 1})"));
  }
}

TEST_F(InspectWorld, WhatAMakingLeftIsUnfinished) {
  ASSERT_TRUE(disk_->make_directory(paths_.folder));
  ASSERT_TRUE(begin_world(*disk_, paths_));
  has("server/ca.pem");
  EXPECT_EQ(inspect_world(*disk_, paths_), WorldState::unfinished);
  has("registry.db");
  has("muster.json");
  has("world-format.json.tmp");
  EXPECT_EQ(inspect_world(*disk_, paths_), WorldState::unfinished);
}

TEST_F(InspectWorld, WithItsMarkItIsWhole) {
  is_whole();
  has("my-notes.txt");  // A whole world may have guests.
  EXPECT_EQ(inspect_world(*disk_, paths_), WorldState::whole);
}

TEST_F(InspectWorld, EachMissingFileIsNamed) {
  for (const char* name : kNeeded) {
    is_whole();
    ASSERT_TRUE(disk_->remove(paths_.at(name)));
    EXPECT_EQ(refusal().code(), ErrorCode::world_damaged) << name;
    EXPECT_THAT(refusal().reason(), HasSubstr(name));
  }
}

TEST_F(InspectWorld, AForeignFolderIsNamedByWhatIsInIt) {
  has("my-notes.txt");
  EXPECT_EQ(refusal().code(), ErrorCode::world_missing);
  EXPECT_THAT(refusal().reason(), HasSubstr("my-notes.txt"));
}

struct Format {
  const char* text;
  ErrorCode code;
};

TEST_F(InspectWorld, ALaterFormatIsNewerAndNoFormatIsDamaged) {
  constexpr Format kFormats[] = {
      {R"({"format": 2})", ErrorCode::world_newer},
      {R"({"format": 4294967297})", ErrorCode::world_newer},  // 1 in 32 bits.
      {R"({"format": "1"})", ErrorCode::world_damaged},
      {R"({})", ErrorCode::world_damaged},
      {"[1]", ErrorCode::world_damaged},
      {"", ErrorCode::world_damaged},
      {"{", ErrorCode::world_damaged},
  };
  is_whole();
  for (const Format& row : kFormats) {
    has("world-format.json", row.text);
    EXPECT_EQ(refusal().code(), row.code) << row.text;
  }
}

TEST_F(InspectWorld, TouchesNothing) {
  is_whole();
  const auto before = disk_->list(paths_.folder);
  ASSERT_TRUE(inspect_world(*disk_, paths_));
  EXPECT_EQ(disk_->list(paths_.folder), before);
}

}  // namespace
}  // namespace muster::server
