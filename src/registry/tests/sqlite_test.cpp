#include "registry/sqlite/schema.hpp"
#include "registry/sqlite/store.hpp"
#include "registry/tests/temporary_directory.hpp"
#include "registry/tests/values.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <sys/stat.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <functional>

namespace muster::registry::sqlite {
namespace {

using namespace testing_values;
using testing::HasSubstr;

class SqliteFile : public testing::Test {
 protected:
  std::unique_ptr<Connection> connect(Role role = Role::writer) {
    return Connection::open(path_, role).value();
  }
  /// One text from the database, over a connection of its own.
  std::string text(const char* sql) {
    auto connection = connect();
    auto statement = connection->prepare(sql).value();
    EXPECT_TRUE(statement.step().value()) << sql;
    return statement.text();
  }
  std::string content() {
    std::ifstream file{path_, std::ios::binary};
    return {std::istreambuf_iterator<char>{file}, {}};
  }

  TemporaryDirectory directory_;
  std::string path_ = directory_.file("registry.db");
};

TEST_F(SqliteFile, IsPrivateWithItsLogAndIndex) {
  const auto store = open_store(path_, Role::writer).value();
  ASSERT_TRUE(store->services().put_hub(hub("h"), 0));
  for (const char* suffix : {"", "-wal", "-shm"}) {
    struct stat status {};
    ASSERT_EQ(::stat((path_ + suffix).c_str(), &status), 0) << suffix;
    EXPECT_EQ(status.st_mode & 0777, 0600u) << suffix;
  }
}

TEST_F(SqliteFile, IsDurableByItsSettings) {
  ASSERT_TRUE(open_store(path_, Role::writer));
  EXPECT_EQ(text("PRAGMA journal_mode"), "wal");
  auto connection = connect();
  ASSERT_TRUE(connection->configure());
  EXPECT_EQ(connection->number("PRAGMA synchronous").value(), 2) << "FULL: the log is synced at each commit";
  EXPECT_EQ(connection->number("PRAGMA foreign_keys").value(), 1);
  EXPECT_EQ(connection->number("PRAGMA cache_size").value(), -kWriterCacheKib);
}

TEST_F(SqliteFile, OpensAtTheNewestVersionAgainAndAgain) {
  for (int round = 0; round < 2; ++round) ASSERT_TRUE(open_store(path_, Role::writer)) << round;
  EXPECT_EQ(connect()->number("PRAGMA user_version").value(), migrations().back().version);
}

TEST_F(SqliteFile, ANewerSchemaIsRefusedWithBothVersionsAndNotTouched) {
  ASSERT_TRUE(open_store(path_, Role::writer));
  ASSERT_TRUE(connect()->execute("PRAGMA user_version = 40"));
  const std::string before = content();
  const auto refused = open_store(path_, Role::writer);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::registry_newer);
  EXPECT_EQ(refused.error().reason(), "the registry has schema version 40, this muster knows up to " +
                                          std::to_string(migrations().back().version));
  EXPECT_EQ(content(), before);
}

TEST_F(SqliteFile, ADatabaseOfAnotherProgramIsRefused) {
  ASSERT_TRUE(connect()->execute("CREATE TABLE theirs (x)"));
  const std::string before = content();
  const auto refused = open_store(path_, Role::writer);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::registry_unavailable);
  EXPECT_EQ(content(), before);
}

TEST_F(SqliteFile, AFileThatIsNoDatabaseIsRefused) {
  std::ofstream{path_} << std::string(4096, 'x');
  const auto refused = open_store(path_, Role::writer);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::registry_damaged);
  EXPECT_EQ(refused.error().reason(), path_ + ": SQLite found: file is not a database (26)");
}

struct DamageRow {
  const char* name;
  std::function<void(const std::string& path)> spoil;
};

void overwrite(const std::string& path, std::streamoff at, std::size_t size) {
  std::fstream file{path, std::ios::binary | std::ios::in | std::ios::out};
  file.seekp(at);
  file << std::string(size, 'x');
}

TEST_F(SqliteFile, DamageIsSaidInWordsWithTheFileAndWhatToDo) {
  const DamageRow rows[] = {
      {"header overwritten", [](const std::string& path) { overwrite(path, 0, 100); }},
      {"schema overwritten", [](const std::string& path) { overwrite(path, 100, 3996); }},
      {"all but the header overwritten",
       [](const std::string& path) {
         overwrite(path, 4096, static_cast<std::size_t>(std::filesystem::file_size(path)) - 4096);
       }},
      {"cut to its first page", [](const std::string& path) { std::filesystem::resize_file(path, 4096); }},
      {"cut within its header", [](const std::string& path) { std::filesystem::resize_file(path, 50); }},
  };
  for (const DamageRow& row : rows) {
    std::filesystem::remove(path_);
    ASSERT_TRUE(open_store(path_, Role::writer).value()->services().put_hub(hub("h"), 0)) << row.name;
    row.spoil(path_);
    Result<void> read = [&]() -> Result<void> {
      MUSTER_TRY(const auto store, open_store(path_, Role::writer));
      MUSTER_CHECK(store->services().hubs());
      return {};
    }();
    ASSERT_FALSE(read) << row.name;
    EXPECT_EQ(read.error().code(), ErrorCode::registry_damaged) << row.name << ": " << read.error().reason();
    EXPECT_THAT(read.error().reason(), testing::StartsWith(path_ + ": SQLite found: ")) << row.name;
    EXPECT_THAT(read.error().reason(), testing::Not(HasSubstr("SELECT"))) << row.name;
    EXPECT_THAT(read.error().reason(), testing::Not(HasSubstr("PRAGMA"))) << row.name;
    EXPECT_THAT(std::string{read.error().remedy()}, HasSubstr("sqlite3 " + path_ + " .recover")) << row.name;
  }
}

TEST_F(SqliteFile, APathThatCannotBeOpenedSaysWhich) {
  const std::string path = directory_.file("missing/registry.db");
  const auto refused = open_store(path, Role::writer);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::registry_unavailable);
  EXPECT_THAT(refused.error().reason(), HasSubstr(path));
}

TEST_F(SqliteFile, AMigrationThatFailsLeavesTheVersionBefore) {
  ASSERT_TRUE(open_store(path_, Role::writer).value()->services().put_hub(hub("kept"), 0));
  const std::int64_t version = migrations().back().version;
  const std::array steps{migrations().back(),
                         Migration{version + 1, "CREATE TABLE added (x); DELETE FROM service;"},
                         Migration{version + 2, "CREATE TABLE added (x);"}};
  EXPECT_FALSE(migrate(*connect(), steps)) << "the table of the second step is there already";
  EXPECT_EQ(connect()->number("PRAGMA user_version").value(), version);
  EXPECT_EQ(connect()->number("SELECT count(*) FROM service").value(), 1);
  EXPECT_EQ(connect()->number("SELECT count(*) FROM sqlite_schema WHERE name = 'added'").value(), 0);

  const std::array good{migrations().back(), Migration{version + 1, "CREATE TABLE added (x);"}};
  EXPECT_TRUE(migrate(*connect(), good));
  EXPECT_EQ(connect()->number("PRAGMA user_version").value(), version + 1);
}

TEST_F(SqliteFile, TheStepThatBringsTheIndexOfTagsFillsIt) {
  ASSERT_TRUE(migrate(*connect(), migrations().first(2)));
  ASSERT_TRUE(connect()->execute(R"sql(
      INSERT INTO service (id, kind, key, name, location, created_us, version) VALUES (1, 0, 'h', 'h', '', 0, 1);
      INSERT INTO hub (service_id, number, partition_count) VALUES (1, 0, 2);
      INSERT INTO device VALUES (1, 'd', 'g', 1, '', 0, 1, '', '', '', '', 0, 0, '', 0, 1, '');
      INSERT INTO twin VALUES (1, 'd', '{"site":"oslo"}', '{}', '{}', 1, '{}', '{}', 1, '', 1, 2);)sql"));
  const auto store = open_store(path_, Role::writer).value();
  const DeviceFilter oslo{.tag = TagIs{{"site"}, "oslo"}};
  EXPECT_EQ(store->devices().search(service("h"), oslo, "", 9).value().items.size(), 1U);
}

TEST_F(SqliteFile, AReaderCannotWrite) {
  const auto writer = open_store(path_, Role::writer).value();
  const auto reader = open_store(path_, Role::reader).value();
  EXPECT_FALSE(reader->services().put_hub(hub("h"), 0));
  EXPECT_TRUE(writer->services().hubs().value().empty());
}

TEST_F(SqliteFile, AReadTransactionSeesOneMoment) {
  const auto writer = open_store(path_, Role::writer).value();
  const auto reader = open_store(path_, Role::reader).value();
  ASSERT_TRUE(reader->transaction([&]() -> Result<void> {
    EXPECT_EQ(reader->services().hubs().value().size(), 0u);
    EXPECT_TRUE(writer->services().put_hub(hub("h"), 0));
    EXPECT_EQ(reader->services().hubs().value().size(), 0u) << "the same as before";
    return {};
  }));
  EXPECT_EQ(reader->services().hubs().value().size(), 1u);
}

TEST_F(SqliteFile, AuditHasOneRowForEachGeneration) {
  {
    const auto store = open_store(path_, Role::writer).value();
    ASSERT_TRUE(store->services().put_dps(dps("Dps-1"), 0).value());
    ASSERT_TRUE(store->certificates().put(certificate(dps_ref("dps-1"), "Root"), 0).value());
    EXPECT_FALSE(store->transaction([&]() -> Result<void> {
      MUSTER_CHECK(store->enrollments().put(enrollment("dps-1", "undone"), 0));
      return failure(ErrorCode::cancelled, "on purpose");
    }));
    ASSERT_TRUE(store->certificates().remove(dps_ref("dps-1"), certificate_name("root"), 1).value());
    EXPECT_EQ(store->trust_generation().value(), 4);
  }
  EXPECT_EQ(
      text(
          "SELECT group_concat(generation || ' ' || ifnull(at_us, '-') || ' ' || action || ' ' || kind || ' '"
          " || service || '/' || name || ' ' || version || ' ' || detail, '; ')"
          " FROM (SELECT * FROM audit ORDER BY number)"),
      "2 1700000000000002 put dps Dps-1/ 1 ; "
      "3 14 put certificate Dps-1/Root 1 sha256=BB22 verified=yes; "
      "4 - remove certificate Dps-1/Root 1 sha256=BB22");
}

/// Each lookup that requests wait for goes through an index to its rows: nothing in it grows with the number
/// of devices.
TEST_F(SqliteFile, LookupsUseTheirIndexes) {
  ASSERT_TRUE(open_store(path_, Role::writer));
  struct Row {
    const char* query;
    const char* plan;
  };
  for (const Row& row : {
           Row{"SELECT * FROM registration r INDEXED BY registration_of_group JOIN service s ON s.id = "
               "r.dps_id"
               " WHERE r.dps_id = ? AND r.group_key = ? AND r.key > ? ORDER BY r.key LIMIT ?",
               "USING INDEX registration_of_group (dps_id=? AND group_key=? AND key>?)"},
           Row{"SELECT * FROM registration r INDEXED BY registration_of_operation JOIN service s ON s.id = "
               "r.dps_id"
               " WHERE r.dps_id = ? AND r.operation_id = ? LIMIT 1",
               "USING INDEX registration_of_operation (dps_id=? AND operation_id=?)"},
           Row{"SELECT * FROM registration r INDEXED BY registration_of_device JOIN service s ON s.id = "
               "r.dps_id"
               " WHERE r.device_id = ? AND r.status = 2 ORDER BY r.updated_us DESC LIMIT 1",
               "USING INDEX registration_of_device (device_id=?)"},
           Row{"SELECT * FROM device d JOIN twin t ON t.hub_id = d.hub_id AND t.device_id = d.id"
               " WHERE d.hub_id = ? AND d.id > ? ORDER BY d.id LIMIT ?",
               "d USING PRIMARY KEY (hub_id=? AND id>?)"},
           Row{"SELECT * FROM device d JOIN twin t ON t.hub_id = d.hub_id AND t.device_id = d.id"
               " WHERE d.hub_id = ? AND d.id > ? ORDER BY d.id LIMIT ?",
               "USING PRIMARY KEY (hub_id=? AND device_id=?)"},
       }) {
    auto connection = connect();
    const std::string sql = std::string{"EXPLAIN QUERY PLAN "} + row.query;
    auto explain = connection->prepare(sql.c_str()).value();
    std::string plan;
    while (explain.step().value()) {
      explain.skip(3);
      plan += explain.text() + '\n';
    }
    EXPECT_THAT(plan, HasSubstr(row.plan)) << row.query;
    EXPECT_THAT(plan, testing::Not(HasSubstr("TEMP B-TREE"))) << row.query;
  }
}

/// What a crash leaves is what is in the files at that moment: a copy of them, taken while the writer lives
/// on.
TEST_F(SqliteFile, WhatWasAcknowledgedSurvivesACrash) {
  const auto store = open_store(path_, Role::writer).value();
  ASSERT_TRUE(store->services().put_hub(hub("h"), 0).value());
  const std::string copy = directory_.file("copy.db");
  const auto crash = [&] {
    for (const char* suffix : {"", "-wal"}) {
      std::filesystem::copy_file(path_ + suffix, copy + suffix,
                                 std::filesystem::copy_options::overwrite_existing);
    }
    std::filesystem::remove(copy + "-shm");
    auto opened = open_store(copy, Role::writer);
    EXPECT_TRUE(opened) << opened.error().reason();
    return std::move(*opened);
  };
  for (int index = 0; index < 5; ++index) {
    const std::string id = "d" + std::to_string(index);
    ASSERT_TRUE(store->devices().put(identity("h", id), 0, nullptr).value());
    EXPECT_TRUE(crash()->devices().find(service("h"), device_id(id)).value()) << id;
  }
  ASSERT_TRUE(store->transaction([&]() -> Result<void> {
    MUSTER_CHECK(store->devices().put(identity("h", "open"), 0, nullptr));
    const auto after = crash();
    EXPECT_FALSE(after->devices().find(service("h"), device_id("open")).value())
        << "not acknowledged, not there";
    EXPECT_EQ(after->devices().count(service("h")).value().total, 5u);
    return {};
  }));
  EXPECT_TRUE(crash()->devices().find(service("h"), device_id("open")).value());
}

/// A log of more than one piece is written anew whole; a chunk of 128 KiB or more SQLite would write in part.
TEST_F(SqliteFile, ALongLogIsMadeDurableWhenItIsFound) {
  const auto store = open_store(path_, Role::writer).value();
  ASSERT_TRUE(store->services().put_hub(hub("h"), 0).value());
  for (int index = 0; index < 60; ++index) {
    ASSERT_TRUE(store->devices().put(identity("h", "d" + std::to_string(index)), 0, nullptr).value());
  }
  const auto log = [this] {
    std::ifstream file{path_ + "-wal", std::ios::binary};
    return std::string{std::istreambuf_iterator<char>{file}, {}};
  };
  const std::string before = log();
  ASSERT_GT(before.size(), 400'000u);
  ASSERT_TRUE(open_store(path_, Role::writer)) << "while another has it open: nothing is moved";
  EXPECT_EQ(log(), before);
}

/// SQLite ends the whole transaction when the disk is full: what came before in it must not be acknowledged,
/// and the next transaction must work. max_page_count gives the same SQLITE_FULL as a full disk.
TEST_F(SqliteFile, AFullDiskUndoesTheWholeTransactionAndIsSurvived) {
  auto connection = connect();
  ASSERT_TRUE(migrate(*connection, migrations()));
  ASSERT_TRUE(connection->execute("CREATE TABLE bulk (x)"));
  const std::int64_t pages = connection->number("PRAGMA page_count").value();
  const std::string limit = "PRAGMA max_page_count = " + std::to_string(pages + 8);
  ASSERT_TRUE(connection->execute(limit.c_str()));
  const auto insert = [&](const char* sql) { return connection->execute(sql); };
  const auto failed = connection->transaction([&]() -> Result<void> {
    MUSTER_CHECK(connection->transaction([&] { return insert("INSERT INTO bulk VALUES ('small')"); }));
    const auto inner =
        connection->transaction([&] { return insert("INSERT INTO bulk VALUES (zeroblob(1000000))"); });
    EXPECT_FALSE(inner);
    EXPECT_EQ(inner.error().code(), ErrorCode::disk_full);
    return {};
  });
  const std::int64_t rows = connection->number("SELECT count(*) FROM bulk").value();
  EXPECT_EQ(rows, failed ? 1 : 0) << "acknowledged and there, or neither";
  EXPECT_TRUE(connection->transaction([&] { return insert("INSERT INTO bulk VALUES ('next')"); }));
}

}  // namespace
}  // namespace muster::registry::sqlite
