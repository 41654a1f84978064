#include "disk/lossy.hpp"
#include "eventlog/format/record.hpp"
#include "log_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::eventlog {
namespace {

using std::chrono_literals::operator""h;
using std::chrono_literals::operator""min;
using std::chrono_literals::operator""s;
using std::chrono_literals::operator""ms;
using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;

class Log : public ::testing::Test {
 protected:
  Log() : log_{open_by_hand(disk_, clock_)} {}
  void reopen(const SegmentedLogConfig& config = small_config()) {
    log_.reset();
    log_ = open_by_hand(disk_, clock_, config);
    ASSERT_TRUE(log_);
  }

  disk::LossyDisk disk_{1};
  TestClock clock_{kStart};
  std::unique_ptr<CommitStream> log_;
  const std::string zero_ = device_in(0);
  const std::string one_ = device_in(1);
};

TEST_F(Log, GivesBackAllOfAnEvent) {
  EventView event = event_of(zero_, "{\"t\":21}");
  event.module_id = "edge";
  event.flags = kEventRetained | kEventWill;
  ASSERT_EQ(*log_->append(event), 1u);
  drain(*log_);
  auto reader = log_->open_reader("MY-IOT-HUB-X509", 0, FromStart{});
  ASSERT_TRUE(reader);
  const auto batch = (*reader)->read(1000);
  log_.reset();
  ASSERT_TRUE(batch);
  ASSERT_EQ(batch->events.size(), 1u);
  const StoredEvent& stored = batch->events[0];
  EXPECT_EQ(stored.event.hub, kHub);
  EXPECT_EQ(stored.event.device_id, zero_);
  EXPECT_EQ(stored.event.module_id, "edge");
  EXPECT_EQ(stored.event.generation_id, event.generation_id);
  EXPECT_EQ(stored.event.auth_method, AuthMethod::x509_ca);
  EXPECT_EQ(stored.event.flags, kEventRetained | kEventWill);
  EXPECT_EQ(stored.event.properties, event.properties);
  EXPECT_EQ(as_text(stored.event.body), "{\"t\":21}");
  EXPECT_EQ(stored.partition, 0u);
  EXPECT_EQ(stored.sequence_number, 0u);
  EXPECT_EQ(stored.offset, 0u);
  EXPECT_EQ(stored.enqueued, kStart);
  EXPECT_TRUE(batch->at_end);
}

TEST_F(Log, AcknowledgesOnlyWhatIsSyncedAndShowsNoMore) {
  const Ticket ticket = *log_->append(event_of(zero_, "a"));
  EXPECT_LT(log_->durable_ticket(), ticket);
  EXPECT_THAT(read_partition(*log_, 0).bodies, IsEmpty());
  int notified = 0;
  const std::uint64_t handle = log_->on_progress([&] { ++notified; });
  drain(*log_);
  EXPECT_EQ(log_->durable_ticket(), ticket);
  EXPECT_EQ(notified, 1);
  EXPECT_THAT(read_partition(*log_, 0).bodies, ElementsAre("a"));
  log_->remove_on_progress(handle);
  put(*log_, zero_, "b");
  EXPECT_EQ(notified, 1);
}

TEST_F(Log, KeepsEachPartitionsOrderAndNumbersThemApart) {
  for (const char* body : {"a", "b", "c"}) {
    ASSERT_TRUE(log_->append(event_of(zero_, std::string("0") + body)));
    ASSERT_TRUE(log_->append(event_of(one_, std::string("1") + body)));
  }
  drain(*log_);
  EXPECT_EQ(log_->figures().commits, 1u);
  const ReadOut zero = read_partition(*log_, 0);
  EXPECT_THAT(zero.bodies, ElementsAre("0a", "0b", "0c"));
  EXPECT_THAT(zero.sequences, ElementsAre(0, 1, 2));
  const std::uint64_t size = record_bytes(event_of(zero_, "0a"));
  EXPECT_THAT(zero.offsets, ElementsAre(0, size, 2 * size));
  EXPECT_THAT(read_partition(*log_, 1).bodies, ElementsAre("1a", "1b", "1c"));
}

TEST_F(Log, ReadsFromEveryPosition) {
  for (int i = 0; i < 10; ++i) {
    clock_.advance(1s);
    ASSERT_TRUE(log_->append(event_of(zero_, std::to_string(i) + "-first")));
    ASSERT_TRUE(log_->append(event_of(one_, "other")));
    ASSERT_TRUE(log_->append(event_of(zero_, std::to_string(i) + "-second")));
    drain(*log_);
  }
  const ReadOut all = read_partition(*log_, 0);
  ASSERT_EQ(all.bodies.size(), 20u);
  for (std::size_t i = 0; i < 20; ++i) {
    const auto expect_from_i = [&](const ReadPosition& position) {
      const ReadOut rest = read_partition(*log_, 0, position);
      EXPECT_EQ(rest.bodies,
                std::vector<std::string>(all.bodies.begin() + static_cast<long>(i), all.bodies.end()))
          << i;
      EXPECT_EQ(rest.sequences.front(), i);
    };
    expect_from_i(FromSequenceNumber{all.sequences[i]});
    expect_from_i(FromOffset{all.offsets[i]});
    if (i > 0) expect_from_i(FromOffset{all.offsets[i] - 1});
    if (i % 2 == 0) {
      expect_from_i(FromTime{kStart + 1s * (i / 2 + 1)});
      expect_from_i(FromTime{kStart + 1s * (i / 2) + 1ms});
    }
  }
  EXPECT_THAT(read_partition(*log_, 0, FromLatest{}).bodies, IsEmpty());
  EXPECT_THAT(read_partition(*log_, 0, FromSequenceNumber{20}).bodies, IsEmpty());
  EXPECT_THAT(read_partition(*log_, 0, FromTime{kStart + 1h}).bodies, IsEmpty());
  EXPECT_EQ(read_partition(*log_, 0, FromSequenceNumber{21}).error->code(), ErrorCode::field_invalid);
  EXPECT_EQ(read_partition(*log_, 0, FromOffset{1u << 30}).error->code(), ErrorCode::field_invalid);
}

TEST_F(Log, AReaderGoesOnWhereItIs) {
  auto reader = std::move(*log_->open_reader(kHub, 0, FromLatest{}));
  EXPECT_THAT(read_out(*reader).bodies, IsEmpty());
  put(*log_, zero_, "a");
  EXPECT_THAT(read_out(*reader).bodies, ElementsAre("a"));
  EXPECT_EQ(reader->next_sequence_number(), 1u);
  put(*log_, zero_, "b");
  put(*log_, zero_, "c");
  EXPECT_THAT(read_out(*reader).bodies, ElementsAre("b", "c"));
}

TEST_F(Log, ReadsAboutAsMuchAsItIsAskedButAlwaysOne) {
  for (int i = 0; i < 8; ++i) ASSERT_TRUE(log_->append(event_of(zero_, std::string(500, 'x'))));
  drain(*log_);
  for (const std::size_t size_max : {0u, 1u, 600u, 1500u, 1'000'000u}) {
    auto reader = std::move(*log_->open_reader(kHub, 0, FromStart{}));
    const auto batch = reader->read(size_max);
    ASSERT_TRUE(batch);
    EXPECT_EQ(batch->events.size(), size_max < 1500 ? 1u : size_max == 1500 ? 2u : 8u) << size_max;
    EXPECT_EQ(read_partition(*log_, 0, FromStart{}, size_max).bodies.size(), 8u);
  }
}

TEST_F(Log, GoesOnAfterARestart) {
  put(*log_, zero_, "a");
  put(*log_, one_, "b");
  const PartitionInfo before = *log_->partition_info(kHub, 0);
  reopen();
  EXPECT_EQ(log_->partition_info(kHub, 0)->next_sequence_number, before.next_sequence_number);
  EXPECT_EQ(log_->partition_info(kHub, 0)->next_offset, before.next_offset);
  EXPECT_EQ(log_->partition_info(kHub, 0)->last_enqueued, kStart);
  put(*log_, zero_, "c");
  const ReadOut zero = read_partition(*log_, 0);
  EXPECT_THAT(zero.bodies, ElementsAre("a", "c"));
  EXPECT_THAT(zero.sequences, ElementsAre(0, 1));
  EXPECT_THAT(read_partition(*log_, 1).bodies, ElementsAre("b"));
}

TEST_F(Log, RestartsWithNothingNewCostNoSpace) {
  put(*log_, zero_, "a");
  reopen();
  const std::string path = "events/" + segment_name(1);
  const Bytes once = *disk::read_all(disk_, path, 1u << 20);
  reopen();
  reopen();
  EXPECT_EQ(*disk::read_all(disk_, path, 1u << 20), once);
}

TEST_F(Log, RollsOverManySegments) {
  std::vector<std::string> bodies;
  for (int i = 0; i < 200; ++i) {
    bodies.push_back(std::to_string(i) + std::string(2000, 'x'));
    put(*log_, zero_, bodies.back());
    if (i % 10 == 0) put(*log_, one_, "rare");
  }
  EXPECT_GT(log_->figures().segments, 5u);
  EXPECT_EQ(read_partition(*log_, 0).bodies, bodies);
  EXPECT_EQ(read_partition(*log_, 1).bodies.size(), 20u);
  EXPECT_THAT(read_partition(*log_, 0, FromSequenceNumber{77}).sequences.front(), 77u);
  reopen();
  EXPECT_EQ(read_partition(*log_, 0).bodies, bodies);
  // Without its index a segment is read through, and the index made again.
  ASSERT_TRUE(disk_.remove("events/" + index_name(2)));
  reopen();
  EXPECT_TRUE(*disk_.exists("events/" + index_name(2)));
  EXPECT_EQ(read_partition(*log_, 0).bodies, bodies);
}

TEST_F(Log, AnEventLargerThanABatchAndASegmentIsKept) {
  const std::string body(256u << 10, 'x');
  SegmentedLogConfig config = small_config();
  config.queue_bytes_max = 1u << 20;
  reopen(config);
  put(*log_, zero_, body);
  put(*log_, zero_, "small");
  reopen();
  EXPECT_THAT(read_partition(*log_, 0).bodies, ElementsAre(body, "small"));
  const auto refused = log_->append(event_of(zero_, std::string(kRecordBytesMax, 'x')));
  EXPECT_EQ(refused.error().code(), ErrorCode::message_too_large);
}

TEST_F(Log, EnqueuedTimeGrowsFromBatchToBatch) {
  put(*log_, zero_, "a");
  clock_.jump_wall(-1h);
  put(*log_, zero_, "b");
  EXPECT_EQ(log_->partition_info(kHub, 0)->last_enqueued, kStart + std::chrono::microseconds{1});
  reopen();
  put(*log_, one_, "of a partition that has had nothing yet");
  EXPECT_EQ(log_->partition_info(kHub, 1)->last_enqueued, kStart + std::chrono::microseconds{2});
  put(*log_, zero_, "c");
  EXPECT_EQ(log_->partition_info(kHub, 0)->last_enqueued, kStart + std::chrono::microseconds{3});
}

TEST_F(Log, HubsKeepTheirPartitionCount) {
  EXPECT_TRUE(log_->add_hub(kHub, 2));
  EXPECT_EQ(log_->add_hub(kHub, 3).error().code(), ErrorCode::resource_exists);
  EXPECT_TRUE(log_->add_hub("other", 32));
  EXPECT_EQ(log_->add_hub("none", 0).error().code(), ErrorCode::field_invalid);
  EventView event = event_of(zero_, "in the other");
  event.hub = "Other";
  ASSERT_TRUE(log_->append(event));
  drain(*log_);
  reopen();
  EXPECT_EQ(*log_->partition_count("OTHER"), 32u);
  EXPECT_EQ(log_->partition_info("other", partition_of(zero_, 32))->next_sequence_number, 1u);
  EXPECT_EQ(log_->partition_info(kHub, 0)->next_sequence_number, 0u);
  event.hub = "unknown";
  EXPECT_EQ(log_->append(event).error().code(), ErrorCode::hub_unknown);
  EXPECT_EQ(log_->partition_info("other", 32).error().code(), ErrorCode::resource_not_found);
  EXPECT_EQ(log_->open_reader("unknown", 0, FromStart{}).error().code(), ErrorCode::resource_not_found);
}

TEST_F(Log, WaitsForTheFlushIntervalOrAFullBatch) {
  SegmentedLogConfig config = small_config();
  config.flush_interval = std::chrono::milliseconds{5};
  reopen(config);
  ASSERT_TRUE(log_->append(event_of(zero_, "a")));
  drain(*log_);
  EXPECT_EQ(log_->durable_ticket(), 0u);
  clock_.advance(4ms);
  ASSERT_TRUE(log_->append(event_of(zero_, "b")));
  drain(*log_);
  EXPECT_EQ(log_->durable_ticket(), 0u);
  clock_.advance(1ms);
  drain(*log_);
  EXPECT_EQ(log_->durable_ticket(), 2u);
  EXPECT_EQ(log_->figures().commits, 1u);

  while (log_->figures().queue_bytes < config.batch_bytes_max) {
    ASSERT_TRUE(log_->append(event_of(zero_, std::string(1000, 'x'))));
  }
  drain(*log_);
  EXPECT_EQ(log_->figures().commits, 2u) << "a full batch does not wait";
  EXPECT_GT(log_->figures().queue_bytes, 0u) << "the one after it does";
  clock_.advance(5ms);
  drain(*log_);
  EXPECT_EQ(log_->figures().queue_bytes, 0u);
}

TEST_F(Log, RefusesBeyondTheQueueLimitAndTakesAgainAfterwards) {
  int taken = 0;
  Result<Ticket> last = 0;
  while ((last = log_->append(event_of(zero_, std::string(1000, 'x'))))) ++taken;
  EXPECT_EQ(last.error().code(), ErrorCode::event_log_full);
  EXPECT_THAT(last.error().reason(), HasSubstr("the limit is 65536"));
  EXPECT_LE(log_->figures().queue_bytes, small_config().queue_bytes_max);
  drain(*log_);
  EXPECT_EQ(log_->durable_ticket(), static_cast<Ticket>(taken));
  put(*log_, zero_, "again");
  EXPECT_EQ(log_->partition_info(kHub, 0)->next_sequence_number, static_cast<std::uint64_t>(taken) + 1);
}

TEST_F(Log, StopCommitsWhatIsQueuedAndRefusesMore) {
  ASSERT_TRUE(log_->append(event_of(zero_, "a")));
  log_->stop();
  EXPECT_EQ(log_->durable_ticket(), 1u);
  EXPECT_EQ(log_->append(event_of(zero_, "b")).error().code(), ErrorCode::shutting_down);
  EXPECT_THAT(read_partition(*log_, 0).bodies, ElementsAre("a"));
}

TEST_F(Log, CountsWhatItDoes) {
  put(*log_, zero_, "a");
  ASSERT_TRUE(log_->append(event_of(zero_, "b")));
  const LogFigures figures = log_->figures();
  EXPECT_EQ(figures.events_appended, 1u);
  EXPECT_EQ(figures.commits, 1u);
  EXPECT_EQ(figures.bytes_appended, kSectorBytes);
  EXPECT_EQ(figures.queue_bytes, record_bytes(event_of(zero_, "b")));
  EXPECT_EQ(figures.segments, 1u);
  EXPECT_FALSE(figures.failed);
}

TEST_F(Log, RetentionDeletesWholeSegmentsAndTellsReaders) {
  SegmentedLogConfig config = small_config();
  config.retention = 24h;
  reopen(config);
  const auto fill = [&](int count) {
    for (int i = 0; i < count; ++i) put(*log_, zero_, std::string(6000, 'x'));
  };
  fill(25);  // More than two segments.
  auto behind = std::move(*log_->open_reader(kHub, 0, FromStart{}));
  ASSERT_TRUE(behind->read(1));
  clock_.advance(12h);
  fill(25);
  const std::uint64_t segments = log_->figures().segments;
  clock_.advance(12h);
  drain(*log_);
  EXPECT_EQ(log_->figures().segments, segments) << "exactly 24 hours is not older than 24 hours";
  clock_.advance(1min);
  drain(*log_);
  const PartitionInfo info = *log_->partition_info(kHub, 0);
  EXPECT_GT(info.first_sequence_number, 0u);
  EXPECT_LE(info.first_sequence_number, 25u) << "nothing younger than the retention goes";
  EXPECT_GE(info.first_sequence_number, 15u);
  EXPECT_FALSE(*disk_.exists("events/" + segment_name(1)));
  EXPECT_FALSE(*disk_.exists("events/" + index_name(1)));

  const auto refused = behind->read(1);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::offset_expired);
  EXPECT_THAT(refused.error().reason(),
              HasSubstr("now begins at sequence number " + std::to_string(info.first_sequence_number)));
  EXPECT_EQ(behind->next_sequence_number(), info.first_sequence_number) << "it has moved there";
  EXPECT_EQ(read_out(*behind).bodies.size(), 50 - info.first_sequence_number);
  EXPECT_EQ(read_partition(*log_, 0, FromSequenceNumber{0}).error->code(), ErrorCode::offset_expired);
  EXPECT_EQ(read_partition(*log_, 0, FromOffset{0}).error->code(), ErrorCode::offset_expired);

  reopen(config);
  EXPECT_EQ(log_->partition_info(kHub, 0)->first_sequence_number, info.first_sequence_number);
  EXPECT_EQ(log_->partition_info(kHub, 0)->first_offset, info.first_offset);
}

TEST_F(Log, NumbersGoOnWhenRetentionHasDeletedEverything) {
  put(*log_, zero_, "a");
  put(*log_, one_, "b");
  const std::uint64_t offset = log_->partition_info(kHub, 0)->next_offset;
  clock_.advance(25h);
  drain(*log_);
  EXPECT_EQ(log_->figures().segments, 1u) << "the live one was sealed, being too old, and deleted";
  for (int i = 0; i < 2; ++i) {
    const PartitionInfo info = *log_->partition_info(kHub, 0);
    EXPECT_EQ(info.first_sequence_number, 1u);
    EXPECT_EQ(info.next_sequence_number, 1u);
    EXPECT_EQ(info.next_offset, offset);
    EXPECT_EQ(info.last_enqueued, kStart);
    reopen();
  }
  put(*log_, zero_, "c");
  EXPECT_THAT(read_partition(*log_, 0).sequences, ElementsAre(1));
}

TEST_F(Log, AFullDiskRefusesWaitsAndResumes) {
  put(*log_, zero_, "before");
  disk_.set_capacity(1);  // Nothing may grow.
  std::vector<std::string> accepted{"before"};
  Ticket last = 1;
  for (int i = 0;; ++i) {
    ASSERT_LT(i, 1000) << "the disk never filled";
    const std::string body = std::to_string(i) + std::string(3000, 'x');
    const auto ticket = log_->append(event_of(zero_, body));
    if (!ticket) {
      EXPECT_EQ(ticket.error().code(), ErrorCode::event_log_full);
      EXPECT_THAT(ticket.error().reason(), HasSubstr("bytes free"));
      break;
    }
    accepted.push_back(body);
    last = *ticket;
    drain(*log_);
  }
  EXPECT_FALSE(log_->failed());
  EXPECT_LT(log_->durable_ticket(), last);
  const std::uint64_t acknowledged = log_->durable_ticket();
  EXPECT_EQ(read_partition(*log_, 0).bodies.size(), acknowledged) << "readers go on";
  clock_.advance(10s);
  drain(*log_);
  EXPECT_EQ(log_->durable_ticket(), acknowledged);
  int notified = 0;
  log_->on_progress([&] { ++notified; });
  disk_.set_capacity(10u << 20);
  clock_.advance(1s);
  drain(*log_);
  EXPECT_EQ(log_->durable_ticket(), last);
  EXPECT_GT(notified, 0);
  put(*log_, zero_, "after");
  accepted.push_back("after");
  EXPECT_EQ(read_partition(*log_, 0).bodies, accepted);
  reopen();
  EXPECT_EQ(read_partition(*log_, 0).bodies, accepted);
}

TEST_F(Log, ADiskThatKeepsMoreBackThanItSaysIsNamedWithItsFigures) {
  // The write that follows a look at the free space is the one that asks for room.
  disk_.set_fault([previous = disk::OperationKind::read](
                      const disk::Operation& operation) mutable -> std::optional<ErrorCode> {
    const bool asks_for_room =
        operation.kind == disk::OperationKind::write && previous == disk::OperationKind::other;
    previous = operation.kind;
    return asks_for_room ? std::optional{ErrorCode::disk_full} : std::nullopt;
  });
  for (int i = 0; log_->figures().room_missing.empty(); ++i) {
    ASSERT_LT(i, 100) << "the disk never refused";
    ASSERT_TRUE(log_->append(event_of(zero_, std::string(3000, 'x'))));
    drain(*log_);
  }
  for (const char* words : {"writing events/", "events has ", "bytes free", "are wanted"}) {
    EXPECT_THAT(log_->figures().room_missing, HasSubstr(words));
  }
  disk_.set_fault(nullptr);
  clock_.advance(1s);
  drain(*log_);
  EXPECT_EQ(log_->figures().room_missing, "");
  EXPECT_FALSE(log_->failed());
}

TEST_F(Log, KeepsAReserveForTheRegistry) {
  disk_.set_capacity(1u << 20);
  SegmentedLogConfig config = small_config();
  config.reserve_bytes = 512u << 10;
  reopen(config);
  while (log_->append(event_of(zero_, std::string(3000, 'x')))) drain(*log_);
  EXPECT_GE(*disk_.free_bytes("events"), config.reserve_bytes);
  EXPECT_GT(log_->durable_ticket(), 50u);
}

TEST_F(Log, StoppingOnAFullDiskEnds) {
  disk_.set_capacity(1);
  while (log_->append(event_of(zero_, std::string(3000, 'x')))) drain(*log_);
  const Ticket acknowledged = log_->durable_ticket();
  log_->stop();
  EXPECT_EQ(log_->durable_ticket(), acknowledged);
  disk_.set_capacity(10u << 20);
  reopen();
  EXPECT_EQ(read_partition(*log_, 0).bodies.size(), acknowledged);
}

struct FaultRow {
  const char* name;
  disk::OperationKind kind;
  ErrorCode code;
};

class LogFault : public Log, public ::testing::WithParamInterface<FaultRow> {};

// reliability.md 4.4, rule 2, and promise R4.
TEST_P(LogFault, NothingIsAcknowledgedAfterIt) {
  put(*log_, zero_, "a");
  int notified = 0;
  log_->on_progress([&] { ++notified; });
  std::uint64_t writes_after = 0;
  bool failed_once = false;
  disk_.set_fault([&](const disk::Operation& operation) -> std::optional<ErrorCode> {
    if (operation.kind == disk::OperationKind::read || operation.kind == disk::OperationKind::open)
      return std::nullopt;
    if (failed_once) ++writes_after;
    if (failed_once || operation.kind != GetParam().kind) return std::nullopt;
    failed_once = true;
    return GetParam().code;
  });
  ASSERT_TRUE(log_->append(event_of(zero_, "b")));
  drain(*log_);
  EXPECT_TRUE(log_->failed());
  EXPECT_TRUE(log_->figures().failed);
  EXPECT_THAT(log_->figures().failure, HasSubstr("injected"));
  EXPECT_EQ(log_->durable_ticket(), 1u);
  EXPECT_EQ(notified, 1);
  EXPECT_EQ(log_->append(event_of(zero_, "c")).error().code(), ErrorCode::event_log_failed);
  EXPECT_THAT(read_partition(*log_, 0).bodies, ElementsAre("a")) << "readers go on";
  clock_.advance(48h);
  drain(*log_);
  log_->stop();
  EXPECT_EQ(writes_after, 0u) << "never a write or a second sync after it";

  disk_.set_fault(nullptr);
  for (int i = 0; i < 20; ++i) {
    const auto crashed = disk_.crash();
    const auto recovered = open_by_hand(*crashed, clock_);
    ASSERT_TRUE(recovered);
    const ReadOut out = read_partition(*recovered, 0);
    EXPECT_FALSE(out.error);
    ASSERT_GE(out.bodies.size(), 1u);
    EXPECT_EQ(out.bodies[0], "a");
  }
}

INSTANTIATE_TEST_SUITE_P(
    Faults, LogFault,
    ::testing::Values(FaultRow{"write_eio", disk::OperationKind::write, ErrorCode::io_failed},
                      FaultRow{"write_enospc", disk::OperationKind::write, ErrorCode::disk_full},
                      FaultRow{"sync_eio", disk::OperationKind::sync, ErrorCode::io_failed},
                      FaultRow{"sync_enospc", disk::OperationKind::sync, ErrorCode::disk_full}),
    [](const auto& row) { return row.param.name; });

// The trap of reliability.md 4.3: after a failed fsync the data can be read and the next fsync succeeds, yet
// it is lost.
TEST_F(Log, WhatAFailedSyncLeftInMemoryIsMadeDurableBeforeItIsServed) {
  put(*log_, zero_, "a");
  bool once = false;
  disk_.set_fault([&](const disk::Operation& operation) -> std::optional<ErrorCode> {
    if (once || operation.kind != disk::OperationKind::sync) return std::nullopt;
    once = true;
    return ErrorCode::io_failed;
  });
  ASSERT_TRUE(log_->append(event_of(zero_, "b")));
  drain(*log_);
  ASSERT_TRUE(log_->failed());
  disk_.set_fault(nullptr);
  reopen();  // The same machine, no power cut.
  ASSERT_THAT(read_partition(*log_, 0).bodies, ElementsAre("a", "b"));
  for (int i = 0; i < 20; ++i) {
    const auto crashed = disk_.crash();
    EXPECT_THAT(read_partition(*open_by_hand(*crashed, clock_), 0).bodies, ElementsAre("a", "b"));
  }
}

TEST(Partition, IsFixedForEver) {
  // FNV-1a 64 test vectors of draft-eastlake-fnv: "" cbf29ce484222325, "a" af63dc4c8601ec8c, "foobar"
  // 85944171f73967e8.
  EXPECT_EQ(partition_of("", 1u << 31), 0xcbf29ce484222325u % (1u << 31));
  EXPECT_EQ(partition_of("a", 1u << 31), 0xaf63dc4c8601ec8cu % (1u << 31));
  EXPECT_EQ(partition_of("foobar", 1000), 0x85944171f73967e8u % 1000);
}

}  // namespace
}  // namespace muster::eventlog
