#include "disk/lossy.hpp"
#include "registry/sqlite/store.hpp"
#include "registry/tests/values.hpp"
#include "registry_session.hpp"
#include "sqlite_disk.hpp"
#include "sqlite_memory.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::simulation {
namespace {

using registry::Store;
using registry::sqlite::open_store;
using registry::sqlite::Role;

constexpr const char* kPath = "/registry.db";

RegistrySession::Open opener(SqliteDisk& files) {
  return [&files] { return open_store(kPath, Role::writer, files.name()); };
}

/// What a store on this disk breaks of the promises; "" when it keeps all.
std::string broken_on(disk::Disk& disk, const RegistrySession& session) {
  SqliteDisk files{disk};
  const auto store = open_store(kPath, Role::writer, files.name());
  if (!store) return "it does not open: " + store.error().reason();
  return session.broken(**store);
}

struct FaultRow {
  const char* name;
  ErrorCode code;
  bool lasting;  ///< All operations after the Nth fail too, but reads.
};

class RegistryFault : public testing::TestWithParam<FaultRow> {};

// Promise R6 for the registry: every operation of a scripted life fails in turn.
TEST_P(RegistryFault, MayComeAnywhereAndBreaksNoPromise) {
  const FaultRow& row = GetParam();
  std::uint64_t nth = 0;
  std::size_t whole = 0;
  // The last round fails nothing within reach, and proves that all operations had their turn.
  for (bool fired = true; fired; ++nth) {
    disk::LossyDisk disk{nth};
    fired = false;
    disk.set_fault([&](const disk::Operation& operation) -> std::optional<ErrorCode> {
      const bool later = row.lasting && operation.index > nth && operation.kind != disk::OperationKind::read;
      fired = fired || operation.index == nth;
      if (operation.index == nth || later) return row.code;
      return std::nullopt;
    });
    SqliteDisk files{disk};
    RegistrySession session{opener(files)};
    session.run();
    whole = std::max(whole, session.promises().size());
    for (const Error& error : session.failures()) {
      EXPECT_NE(error.code(), ErrorCode::registry_damaged) << nth << ": " << error.reason();
    }
    disk.set_fault(nullptr);
    // The power goes now, or the process is killed and the power goes later.
    EXPECT_EQ(broken_on(*disk.crash(), session), "") << "power cut after operation " << nth;
    EXPECT_EQ(broken_on(disk, session), "") << "restart after operation " << nth;
    EXPECT_EQ(broken_on(*disk.crash(), session), "") << "power cut after the restart, operation " << nth;
    ASSERT_FALSE(HasFailure());
  }
  EXPECT_GT(nth, 100u);
  EXPECT_GE(whole, 9u) << "the script does what it should";
}

INSTANTIATE_TEST_SUITE_P(Rows, RegistryFault,
                         testing::Values(FaultRow{"one_eio", ErrorCode::io_failed, false},
                                         FaultRow{"one_enospc", ErrorCode::disk_full, false},
                                         FaultRow{"eio_from_then_on", ErrorCode::io_failed, true},
                                         FaultRow{"enospc_from_then_on", ErrorCode::disk_full, true}),
                         [](const auto& row) { return std::string{row.param.name}; });

/// The trap of a failed fsync: Linux keeps what it could not write in memory, marked as clean. The next
/// process reads it, commits behind it, and after a power cut the log has a hole before what was
/// acknowledged.
TEST(Registry, WhatAFailedSyncLeftInMemoryIsMadeDurableBeforeMoreIsCommitted) {
  using namespace registry::testing_values;
  disk::LossyDisk disk{7};
  const auto write = [&](const char* id) -> Result<void> {
    SqliteDisk files{disk};
    MUSTER_TRY(const auto store, open_store(kPath, Role::writer, files.name()));
    if (id == std::string_view{"lost"}) {
      disk.set_fault([once = false](const disk::Operation& operation) mutable -> std::optional<ErrorCode> {
        if (once || operation.kind != disk::OperationKind::sync) return std::nullopt;
        once = true;
        return ErrorCode::io_failed;
      });
    }
    const auto put = store->devices().put(identity("hub-a", id), 0, nullptr);
    disk.set_fault(nullptr);
    disk.cut_power_at(0);  // Killed: SQLite does not get to tidy up.
    if (!put) return failure(put.error());
    return {};
  };
  {
    SqliteDisk files{disk};
    ASSERT_TRUE(open_store(kPath, Role::writer, files.name()).value()->services().put_hub(hub("hub-a"), 0));
  }
  EXPECT_FALSE(write("lost"));
  disk.restore_power();
  ASSERT_TRUE(write("acknowledged"));
  for (int i = 0; i < 20; ++i) {
    const auto crashed = disk.crash();
    SqliteDisk files{*crashed};
    const auto store = open_store(kPath, Role::writer, files.name()).value();
    EXPECT_TRUE(store->devices().find(service("hub-a"), device_id("acknowledged")).value()) << i;
  }
}

/// SQLite's own allocator fails the Nth time, once or from then on: an error with a reason each time, no
/// crash, nothing leaked, and no promise broken.
TEST(Registry, SqliteMayRunOutOfMemoryAnywhere) {
  for (const bool lasting : {false, true}) {
    bool fired = true;
    for (std::uint64_t nth = 0; fired; ++nth) {
      const std::int64_t before = sqlite_memory_used();
      disk::LossyDisk disk{nth};
      {
        SqliteDisk files{disk};
        RegistrySession session{opener(files)};
        fail_sqlite_allocation(nth, lasting);
        session.run();
        fired = stop_failing_sqlite_allocations();
        for (const Error& error : session.failures()) {
          EXPECT_TRUE(error.code() == ErrorCode::registry_unavailable ||
                      error.code() == ErrorCode::cancelled || error.code() == ErrorCode::device_not_found ||
                      error.code() == ErrorCode::hub_unknown || error.code() == ErrorCode::resource_not_found)
              << nth << ": " << error.reason();
        }
        EXPECT_EQ(broken_on(*disk.crash(), session), "") << "allocation " << nth;
        EXPECT_EQ(broken_on(disk, session), "") << "restart after allocation " << nth;
      }
      EXPECT_EQ(sqlite_memory_used(), before) << "allocation " << nth;
      ASSERT_FALSE(HasFailure());
      // Each of the first, then ever fewer: what is beyond is more of the same statements.
      nth += nth / 200;
    }
  }
}

}  // namespace
}  // namespace muster::simulation
