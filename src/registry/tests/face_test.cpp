#include "registry/memory/store.hpp"
#include "registry/registry.hpp"
#include "registry/sqlite/store.hpp"
#include "registry/tests/temporary_directory.hpp"
#include "registry/tests/values.hpp"
#include "registry/threaded_registry.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/thread_pool.hpp>
#include <gtest/gtest.h>

#include <future>
#include <latch>
#include <thread>

namespace muster::registry {
namespace {

using namespace testing_values;
using Work = std::function<Result<void>(Store&)>;

Work put_device(std::string id) {
  return [id = std::move(id)](Store& store) -> Result<void> {
    MUSTER_CHECK(store.devices().put(identity("hub-a", id), 0, nullptr));
    return {};
  };
}

/// Holds one of the registry's threads inside a call until the test lets go: what is queued meanwhile stays
/// queued.
class Gate {
 public:
  Work work() {
    return [this](Store&) -> Result<void> {
      entered_.count_down();
      open_.wait();
      return {};
    };
  }
  void wait_until_entered() { entered_.wait(); }
  void open() { open_.count_down(); }

 private:
  std::latch entered_{1};
  std::latch open_{1};
};

/// Results of calls, by name, in the order of their resumption. Touched on the io_context's thread only.
struct Results {
  std::vector<std::pair<std::string, Result<void>>> all;
  Result<void> of(const std::string& name) const {
    for (const auto& [held, result] : all) {
      if (held == name) return result;
    }
    return failure(ErrorCode::resource_not_found, "no result of " + name);
  }
};

Task<void> call_write(Registry& registry, Work work) {
  auto wait = registry.write(std::move(work));
  co_return co_await std::move(wait);
}

asio::awaitable<void> record_write(Registry& registry, Work work, std::string name, Results& results) {
  auto wait = call_write(registry, std::move(work));
  Result<void> result = co_await std::move(wait);
  results.all.emplace_back(std::move(name), std::move(result));
}

asio::awaitable<void> record_read(Registry& registry, Work work, std::string name, Results& results) {
  auto wait = registry.read(std::move(work));
  Result<void> result = co_await std::move(wait);
  results.all.emplace_back(std::move(name), std::move(result));
}

class Face : public testing::Test {
 protected:
  void open(RegistryConfig config = {}) {
    config.path = path_;
    registry_ = open_sqlite_registry(config).value();
  }
  void spawn_write(std::string name, Work work) {
    asio::co_spawn(io_, record_write(*registry_, std::move(work), std::move(name), results_), asio::detached);
  }
  void spawn_read(std::string name, Work work) {
    asio::co_spawn(io_, record_read(*registry_, std::move(work), std::move(name), results_), asio::detached);
  }
  void run() {
    io_.run();
    io_.restart();
  }
  void make_hub() {
    spawn_write("hub", [](Store& store) -> Result<void> {
      MUSTER_CHECK(store.services().put_hub(hub("hub-a"), 0));
      return {};
    });
    run();
    ASSERT_TRUE(results_.of("hub"));
  }
  std::uint64_t devices_after_reopen() {
    registry_.reset();
    return sqlite::open_store(path_, sqlite::Role::writer)
        .value()
        ->devices()
        .count(service("hub-a"))
        .value()
        .total;
  }

  TemporaryDirectory directory_;
  std::string path_ = directory_.file("registry.db");
  asio::io_context io_;
  Results results_;
  std::unique_ptr<Registry> registry_;
};

TEST_F(Face, ConcurrentWritesShareCommitsAndAreDurable) {
  open();
  make_hub();
  const std::uint64_t before = registry_->figures().commits;
  Gate gate;
  spawn_write("gate", gate.work());
  std::thread runner{[this] { run(); }};
  gate.wait_until_entered();
  constexpr int kWrites = 100;
  for (int index = 0; index < kWrites; ++index) {
    const std::string id = "d" + std::to_string(index);
    asio::post(io_, [this, id] { spawn_write(id, put_device(id)); });
  }
  asio::post(io_, [&gate] { gate.open(); });  // After the posts before it: all writes are queued by then.
  runner.join();
  ASSERT_EQ(results_.all.size(), kWrites + 2u);
  for (const auto& [name, result] : results_.all) EXPECT_TRUE(result) << name;
  const RegistryFigures figures = registry_->figures();
  EXPECT_EQ(figures.writes, kWrites + 2u);
  EXPECT_LT(figures.commits - before, kWrites / 2u);
  EXPECT_EQ(devices_after_reopen(), kWrites);
}

TEST_F(Face, ABatchIsBounded) {
  open({.commit_batch_max = 10});
  make_hub();
  const std::uint64_t before = registry_->figures().commits;
  for (int index = 0; index < 100; ++index) spawn_write("w", put_device("d" + std::to_string(index)));
  run();
  EXPECT_GE(registry_->figures().commits - before, 10u);
}

TEST_F(Face, AFailureInABatchUndoesItselfAlone) {
  open();
  make_hub();
  Gate gate;
  spawn_write("gate", gate.work());
  spawn_write("before", put_device("before"));
  spawn_write("failing", [](Store& store) -> Result<void> {
    MUSTER_CHECK(put_device("undone")(store));
    return failure(ErrorCode::cancelled, "on purpose");
  });
  spawn_write("after", put_device("after"));
  asio::post(io_, [&gate] { gate.open(); });
  run();
  EXPECT_TRUE(results_.of("before"));
  EXPECT_TRUE(results_.of("after"));
  EXPECT_EQ(results_.of("failing").error().code(), ErrorCode::cancelled);
  EXPECT_EQ(devices_after_reopen(), 2u);
}

TEST_F(Face, AFullQueueRefusesAtOnceAndTheRestIsCarriedOut) {
  open({.queue_max = 3});
  make_hub();
  Gate gate;
  spawn_write("gate", gate.work());
  std::thread runner{[this] { run(); }};
  gate.wait_until_entered();  // The queue is empty again: the writer has taken the gate alone.
  asio::post(io_, [this] {
    for (int index = 0; index < 5; ++index) {
      const std::string id = "d" + std::to_string(index);
      spawn_write(id, put_device(id));
    }
  });
  asio::post(io_, [&gate] { gate.open(); });
  runner.join();
  for (const char* id : {"d0", "d1", "d2"}) EXPECT_TRUE(results_.of(id)) << id;
  for (const char* id : {"d3", "d4"})
    EXPECT_EQ(results_.of(id).error().code(), ErrorCode::registry_busy) << id;
  EXPECT_EQ(registry_->figures().refused, 2u);
  EXPECT_EQ(devices_after_reopen(), 3u);
}

TEST_F(Face, ReadersSeeWhatWasAcknowledgedAndCannotWrite) {
  open();
  make_hub();
  spawn_write("write", put_device("d"));
  run();
  bool found = false;
  spawn_read("read", [&found](Store& store) -> Result<void> {
    found = store.devices().find(service("hub-a"), device_id("d")).value().has_value();
    return {};
  });
  spawn_read("write by a reader", put_device("e"));
  run();
  EXPECT_TRUE(found);
  EXPECT_TRUE(results_.of("read"));
  EXPECT_FALSE(results_.of("write by a reader"));
  EXPECT_EQ(registry_->figures().reads, 2u);
  EXPECT_EQ(devices_after_reopen(), 1u);
}

TEST_F(Face, ACallResumesOnItsOwnExecutor) {
  open();
  make_hub();
  asio::io_context other;
  std::thread::id resumed;
  const auto note = [](Registry& registry, std::thread::id& where) -> asio::awaitable<void> {
    auto wait = registry.enrollment_snapshot(service("dps-1"), registration_id("x"), 0);
    const auto snapshot = co_await std::move(wait);
    EXPECT_TRUE(snapshot);
    where = std::this_thread::get_id();
  };
  asio::co_spawn(other, note(*registry_, resumed), asio::detached);
  std::thread shard{
      [&other] { other.run(); }};  // Returns only when the call has come back: the wait counts as work.
  const std::thread::id expected = shard.get_id();
  shard.join();
  EXPECT_EQ(resumed, expected);
}

TEST_F(Face, StopFinishesWhatIsQueuedAndTakesNoMore) {
  open();
  make_hub();
  Gate gate;
  spawn_write("gate", gate.work());
  for (int index = 0; index < 20; ++index) spawn_write("w", put_device("d" + std::to_string(index)));
  io_.poll();
  gate.wait_until_entered();
  std::thread stopper{[this] { registry_->stop(); }};
  gate.open();
  stopper.join();
  registry_->stop();  // Twice is once.
  spawn_write("late", put_device("late"));
  spawn_read("late read", [](Store&) -> Result<void> { return {}; });
  run();
  ASSERT_EQ(results_.all.size(), 24u);
  for (const auto& [name, result] : results_.all)
    EXPECT_EQ(result.has_value(), !name.starts_with("late")) << name;
  EXPECT_EQ(results_.of("late").error().code(), ErrorCode::shutting_down);
  EXPECT_EQ(results_.of("late read").error().code(), ErrorCode::shutting_down);
  EXPECT_EQ(devices_after_reopen(), 20u);
}

/// Several shards at once: for ThreadSanitizer, and for the invariant that each registration ends at one
/// device.
TEST_F(Face, ManyThreadsRegisterAndConnect) {
  open();
  make_hub();
  spawn_write("dps", [](Store& store) -> Result<void> {
    MUSTER_CHECK(store.services().put_dps(dps("dps-1"), 0));
    return {};
  });
  run();
  const auto register_one = [](Registry& registry, std::string id,
                               std::atomic<int>& good) -> asio::awaitable<void> {
    while (true) {
      auto first = registry.enrollment_snapshot(service("dps-1"), registration_id(id), 0);
      const auto snapshot = co_await std::move(first);
      if (!snapshot) co_return;
      Assignment assignment{.generation = snapshot->generation,
                            .registration = registration("dps-1", id),
                            .identity = identity("hub-a", id),
                            .initial_twin = twin("hub-a", id)};
      if (const auto& held = snapshot->registration)
        assignment.former = FormerAssignment{held->version, service("hub-a"), device_id(id)};
      auto second = registry.assign(std::move(assignment));
      const auto stored = co_await std::move(second);
      // The other shard was first: look again, as provisioning does.
      if (!stored && stored.error().code() == ErrorCode::precondition_failed) continue;
      if (!stored) co_return;
      auto third = registry.connect_snapshot(
          {.hub = service("hub-a"), .device = device_id(id), .generation_known = snapshot->generation});
      const auto connect = co_await std::move(third);
      if (connect && connect->identity && !connect->trust) ++good;
      co_return;
    }
  };
  constexpr int kThreads = 4;
  constexpr int kEach = 50;
  std::atomic<int> good{0};
  std::vector<std::thread> shards;
  for (int shard = 0; shard < kThreads; ++shard) {
    shards.emplace_back([&, shard] {
      asio::io_context io;
      for (int index = 0; index < kEach; ++index) {
        // Each id is registered by two shards.
        const std::string id = "d" + std::to_string(shard / 2) + "-" + std::to_string(index);
        asio::co_spawn(io, register_one(*registry_, id, good), asio::detached);
      }
      io.run();
    });
  }
  for (std::thread& shard : shards) shard.join();
  EXPECT_EQ(good, kThreads * kEach);
  EXPECT_EQ(devices_after_reopen(), kThreads * kEach / 2u);
}

/// A store whose commits fail: nothing that was in the batch may be acknowledged.
class FailingCommit final : public Store {
 public:
  ServiceRepository& services() override { return inner_.services(); }
  CertificateRepository& certificates() override { return inner_.certificates(); }
  EnrollmentRepository& enrollments() override { return inner_.enrollments(); }
  EnrollmentGroupRepository& groups() override { return inner_.groups(); }
  RegistrationRepository& registrations() override { return inner_.registrations(); }
  DeviceRepository& devices() override { return inner_.devices(); }
  ModuleRepository& modules() override { return inner_.modules(); }
  Result<std::int64_t> trust_generation() override { return inner_.trust_generation(); }
  Result<void> transaction(const std::function<Result<void>()>& work) override {
    ++depth_;
    Result<void> done = inner_.transaction(work);
    --depth_;
    if (depth_ == 0 && done) return failure(ErrorCode::disk_full, "commit");
    return done;
  }

 private:
  memory::MemoryStore inner_;
  int depth_ = 0;
};

TEST(ThreadedRegistry, AFailedCommitFailsEveryCallInIt) {
  Stores stores;
  stores.writer = std::make_unique<FailingCommit>();
  stores.readers.push_back(std::make_unique<memory::MemoryStore>());
  ThreadedRegistry registry{{}, std::move(stores)};
  asio::io_context io;
  Results results;
  const Work good = [](Store&) -> Result<void> { return {}; };
  const Work bad = [](Store&) -> Result<void> { return failure(ErrorCode::cancelled, "own"); };
  asio::co_spawn(io, record_write(registry, good, "good", results), asio::detached);
  asio::co_spawn(io, record_write(registry, bad, "bad", results), asio::detached);
  io.run();
  EXPECT_EQ(results.of("good").error().code(), ErrorCode::disk_full);
  EXPECT_EQ(results.of("bad").error().code(), ErrorCode::disk_full);
}

TEST(MemoryRegistry, RunsWhereItIsAwaitedWithoutSuspending) {
  const auto registry = make_memory_registry();
  asio::io_context io;
  Results results;
  const std::thread::id here = std::this_thread::get_id();
  const Work write = [here](Store& store) -> Result<void> {
    EXPECT_EQ(std::this_thread::get_id(), here);
    MUSTER_CHECK(store.services().put_hub(hub("hub-a"), 0));
    return {};
  };
  asio::co_spawn(io, record_write(*registry, write, "write", results), asio::detached);
  asio::co_spawn(io, record_write(*registry, put_device("d"), "device", results), asio::detached);
  asio::co_spawn(io, record_read(*registry, put_device("e"), "write by a reader", results), asio::detached);
  io.run();
  EXPECT_TRUE(results.of("write"));
  EXPECT_TRUE(results.of("device")) << "in the order of the awaits";
  EXPECT_FALSE(results.of("write by a reader"));
  EXPECT_EQ(registry->figures().commits, 2u);
  registry->stop();
  io.restart();
  asio::co_spawn(io, record_write(*registry, put_device("late"), "late", results), asio::detached);
  io.run();
  EXPECT_EQ(results.of("late").error().code(), ErrorCode::shutting_down);
}

TEST(MemoryRegistry, AssignsAndReadsSnapshots) {
  const auto registry = make_memory_registry();
  const auto story = [](Registry& face) -> Task<AssignmentStored> {
    auto made = face.write([](Store& store) -> Result<void> {
      MUSTER_CHECK(store.services().put_hub(hub("hub-a"), 0));
      MUSTER_CHECK(store.services().put_dps(dps("dps-1"), 0));
      return {};
    });
    MUSTER_CO_CHECK(co_await std::move(made));
    auto first = face.enrollment_snapshot(service("dps-1"), registration_id("d"), 0);
    MUSTER_CO_TRY(const EnrollmentSnapshot snapshot, co_await std::move(first));
    auto second = face.assign({.generation = snapshot.generation,
                               .registration = registration("dps-1", "d"),
                               .identity = identity("hub-a", "d"),
                               .initial_twin = twin("hub-a", "d")});
    MUSTER_CO_TRY(AssignmentStored stored, co_await std::move(second));
    auto third = face.connect_snapshot({.hub = service("hub-a"), .device = device_id("d")});
    MUSTER_CO_TRY(const ConnectSnapshot connect, co_await std::move(third));
    EXPECT_TRUE(connect.identity);
    EXPECT_TRUE(connect.trust);
    co_return stored;
  };
  asio::io_context io;
  std::optional<Result<AssignmentStored>> outcome;
  const auto keep = [&]() -> asio::awaitable<void> {
    auto told = story(*registry);
    outcome = co_await std::move(told);
  };
  asio::co_spawn(io, keep(), asio::detached);
  io.run();
  ASSERT_TRUE(outcome && *outcome);
  EXPECT_TRUE((*outcome)->identity_created);
}

}  // namespace
}  // namespace muster::registry
