#include "eventlog/durable_view.hpp"
#include "eventlog/log_overview.hpp"
#include "eventlog/segment_dump.hpp"
#include "eventlog/verify.hpp"
#include "specimen.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::eventlog {
namespace {

using ::testing::ElementsAre;
using ::testing::HasSubstr;
using ::testing::IsEmpty;
using ::testing::SizeIs;

// A specimen of 9 batches has 3 in each segment: headers at byte 0, batches at 512, 1536 and 2560. A batch
// has three events of partition 0 and one of partition 1: batch n (from 0) those of sequence 3n.. and n.
constexpr std::size_t kBatch = 512;
constexpr std::size_t kSecondBatch = 1536;
constexpr std::size_t kRecord = kBatch + kBatchHeaderBytes;

std::string lost_in_words(const LogFinding& finding) {
  std::string text;
  for (const LostEvents& lost : finding.lost) {
    text += fmt::format("{}/{}:{}-{} ", lost.hub, lost.partition, lost.first_sequence, lost.last_sequence);
  }
  return text;
}

/// A flipped bit, field by field of docs/reference/event-log-format.md.
struct FlipRow {
  const char* name;
  std::size_t at;  ///< In the first segment, which is sealed.
  std::uint64_t position;
  const char* says;
  const char* lost;
};

constexpr const char* kWholeSegment = "my-iot-hub-x509/0:0-8 my-iot-hub-x509/1:0-2 ";
constexpr const char* kFirstBatch = "my-iot-hub-x509/0:0-2 my-iot-hub-x509/1:0-0 ";

constexpr FlipRow kFlips[] = {
    {"header_magic", 0, 0, "byte 0: the segment header", kWholeSegment},
    {"header_version", 8, 0, "byte 0: the segment header", kWholeSegment},
    {"header_bytes", 12, 0, "byte 0: the segment header", kWholeSegment},
    {"header_number", 16, 0, "byte 0: the segment header", kWholeSegment},
    {"header_created", 24, 0, "byte 0: the segment header", kWholeSegment},
    {"header_first_batch", 32, 0, "byte 0: the segment header", kWholeSegment},
    {"header_chain", 40, 0, "byte 0: the segment header", kWholeSegment},
    {"header_checksum", 60, 0, "byte 0: the segment header", kWholeSegment},
    {"batch_magic", kBatch, 512, "batch header", kFirstBatch},
    {"batch_bytes", kBatch + 4, 512, "batch header", kFirstBatch},
    {"batch_number", kBatch + 8, 512, "batch header", kFirstBatch},
    {"batch_chain", kBatch + 16, 512, "batch header", kFirstBatch},
    {"batch_records", kBatch + 20, 512, "batch header", kFirstBatch},
    {"batch_records_checksum", kBatch + 24, 512, "batch header", kFirstBatch},
    {"batch_closed", kBatch + 32, 512, "batch header", kFirstBatch},
    {"batch_checksum", kBatch + 44, 512, "batch header", kFirstBatch},
    {"record_bytes", kRecord, 512, "record 1 of 4 in batch 1, at byte 560", kFirstBatch},
    {"record_checksum", kRecord + 4, 512, "record 1 of 4 in batch 1, at byte 560", kFirstBatch},
    {"record_hub", kRecord + 8, 512, "record 1 of 4 in batch 1, at byte 560", kFirstBatch},
    {"record_partition", kRecord + 12, 512, "record 1 of 4 in batch 1, at byte 560", kFirstBatch},
    {"record_sequence", kRecord + 16, 512, "record 1 of 4 in batch 1, at byte 560", kFirstBatch},
    {"record_offset", kRecord + 24, 512, "record 1 of 4 in batch 1, at byte 560", kFirstBatch},
    {"record_enqueued", kRecord + 32, 512, "record 1 of 4 in batch 1, at byte 560", kFirstBatch},
    {"record_flags", kRecord + 40, 512, "record 1 of 4 in batch 1, at byte 560", kFirstBatch},
    {"record_auth", kRecord + 41, 512, "record 1 of 4 in batch 1, at byte 560", kFirstBatch},
    {"record_device_bytes", kRecord + 42, 512, "record 1 of 4 in batch 1, at byte 560", kFirstBatch},
    {"record_module_bytes", kRecord + 44, 512, "record 1 of 4 in batch 1, at byte 560", kFirstBatch},
    {"record_generation_bytes", kRecord + 46, 512, "record 1 of 4 in batch 1, at byte 560", kFirstBatch},
    {"record_bag_bytes", kRecord + 48, 512, "record 1 of 4 in batch 1, at byte 560", kFirstBatch},
    {"record_body_bytes", kRecord + 52, 512, "record 1 of 4 in batch 1, at byte 560", kFirstBatch},
    {"record_device", kRecord + 56, 512, "record 1 of 4 in batch 1, at byte 560", kFirstBatch},
    {"second_batch", kSecondBatch + 100, 1536, "record 1 of 4 in batch 2",
     "my-iot-hub-x509/0:3-5 my-iot-hub-x509/1:1-1 "},
};

class FlippedField : public ::testing::TestWithParam<FlipRow> {};

TEST_P(FlippedField, IsLocatedAndItsCostIsTold) {
  const FlipRow& row = GetParam();
  Files files = make_specimen(9, true).files;
  flip(files, segment_name(1), row.at);
  const auto report = verify_log(*disk_with(files), "events");
  ASSERT_TRUE(report);
  EXPECT_FALSE(report->sound());
  ASSERT_THAT(report->findings, SizeIs(1));
  const LogFinding& finding = report->findings[0];
  EXPECT_EQ(finding.file, "events/" + segment_name(1));
  EXPECT_EQ(finding.position, row.position);
  EXPECT_THAT(finding.what, HasSubstr(row.says));
  EXPECT_EQ(lost_in_words(finding), row.lost);
}

INSTANTIATE_TEST_SUITE_P(Fields, FlippedField, ::testing::ValuesIn(kFlips),
                         [](const auto& row) { return row.param.name; });

TEST(Verify, SeveralDamagesEachTellTheirOwnCost) {
  Files files = make_specimen(9, true).files;
  flip(files, segment_name(1), kSecondBatch + 100);
  flip(files, segment_name(2), kBatch + 9);
  const auto report = verify_log(*disk_with(files), "events");
  ASSERT_TRUE(report);
  ASSERT_THAT(report->findings, SizeIs(2));
  EXPECT_EQ(lost_in_words(report->findings[0]), "my-iot-hub-x509/0:3-5 my-iot-hub-x509/1:1-1 ");
  EXPECT_EQ(lost_in_words(report->findings[1]), "my-iot-hub-x509/0:9-11 my-iot-hub-x509/1:3-3 ");
  EXPECT_EQ(report->events, 28u) << "of 36, less two batches of four";
}

TEST(Verify, AMissingSegmentTellsItsCost) {
  Files files = make_specimen(9, true).files;
  files.erase(segment_name(2));
  files.erase(index_name(2));
  const auto report = verify_log(*disk_with(files), "events");
  ASSERT_TRUE(report);
  ASSERT_THAT(report->findings, SizeIs(1));
  EXPECT_EQ(report->findings[0].file, "events/" + segment_name(2));
  EXPECT_EQ(lost_in_words(report->findings[0]), "my-iot-hub-x509/0:9-17 my-iot-hub-x509/1:3-5 ");
}

TEST(Verify, ALogWhoseBeginningWasDeletedIsSound) {
  Files files = make_specimen(9, true).files;
  files.erase(segment_name(1));
  files.erase(index_name(1));
  const auto report = verify_log(*disk_with(files), "events");
  ASSERT_TRUE(report);
  EXPECT_THAT(report->findings, IsEmpty());
}

TEST(Dump, GoesOnBehindDamage) {
  Files files = make_specimen(9, true).files;
  flip(files, segment_name(1), kSecondBatch + 100);
  std::vector<std::string> bodies;
  const auto end =
      dump_segment(*disk_with(files), "events/" + segment_name(1), [&](const DumpedRecord& record) {
        bodies.emplace_back(as_text(record.event.event.body));
        return true;
      });
  ASSERT_TRUE(end);
  EXPECT_THAT(bodies, ElementsAre("event 0.0", "event 0.2", "event 0.3", "event 0.1", "event 2.0",
                                  "event 2.2", "event 2.3", "event 2.1"));
  ASSERT_THAT(end->damages, SizeIs(1));
  EXPECT_EQ(end->damages[0].position, kSecondBatch);
  EXPECT_EQ(end->damages[0].resumes_at, 2560u);
}

TEST(Dump, EndsWhenTheVisitorHasEnough) {
  const auto disk = disk_with(make_specimen(3, false).files);
  int seen = 0;
  const auto end =
      dump_segment(*disk, "events/" + segment_name(1), [&](const DumpedRecord&) { return ++seen < 5; });
  ASSERT_TRUE(end);
  EXPECT_TRUE(end->stopped);
  EXPECT_EQ(seen, 5);
}

TEST(Overview, SaysWhatEachSegmentHolds) {
  const auto disk = disk_with(make_specimen(9, false).files);
  const auto segments = log_overview(*disk, "events");
  ASSERT_TRUE(segments);
  ASSERT_THAT(*segments, SizeIs(3));
  for (std::size_t i = 0; i < 3; ++i) {
    const SegmentOverview& segment = (*segments)[i];
    EXPECT_EQ(segment.number, i + 1);
    EXPECT_EQ(segment.live, i == 2);
    EXPECT_EQ(segment.batches, 3u);
    EXPECT_EQ(segment.events(), 12u);
    EXPECT_THAT(segment.damages, IsEmpty());
    ASSERT_THAT(segment.partitions, SizeIs(2));
    EXPECT_EQ(segment.partitions[0].hub, kHub);
    EXPECT_EQ(segment.partitions[0].extent.first_sequence, 9 * i);
    EXPECT_EQ(segment.partitions[0].extent.next_sequence, 9 * (i + 1));
    EXPECT_EQ(segment.oldest(), kStart + std::chrono::seconds{3 * i});
    EXPECT_EQ(segment.newest(), kStart + std::chrono::seconds{3 * i + 2});
  }
}

TEST(Overview, CountsWhatIsLeftOfADamagedSegment) {
  Files files = make_specimen(9, false).files;
  flip(files, segment_name(1), kSecondBatch + 100);
  flip(files, segment_name(2), 20);
  files.erase(index_name(1));
  const auto segments = log_overview(*disk_with(files), "events");
  ASSERT_TRUE(segments);
  ASSERT_THAT(*segments, SizeIs(3));
  EXPECT_EQ((*segments)[0].events(), 8u);
  EXPECT_THAT((*segments)[0].damages, SizeIs(1));
  EXPECT_THAT((*segments)[1].header_fault, HasSubstr("byte 0"));
  EXPECT_EQ((*segments)[2].events(), 12u);
}

/// What another process may read: written is not durable.
TEST(DurableView, EndsWhereTheLogSays) {
  disk::LossyDisk disk{1};
  TestClock clock{kStart};
  auto log = open_by_hand(disk, clock, tiny_config());
  const auto events = [&](DurableEnd end) {
    DurableView view{disk, end};
    const auto report = verify_log(view, "events");
    EXPECT_TRUE(report && report->findings.empty());
    return report ? report->events : 0;
  };
  std::vector<DurableEnd> ends;
  for (std::uint64_t i = 0; i < 6; ++i) {
    ends.push_back(log->figures().durable_end);
    EXPECT_EQ(events(ends.back()), i);
    put(*log, device_in(0), std::string(900, 'x'));
  }
  EXPECT_GT(log->figures().durable_end.segment, 1u);
  for (std::uint64_t i = 0; i < 6; ++i) EXPECT_EQ(events(ends[i]), i) << "what came after is not seen";
}

TEST(DurableView, ChangesNothing) {
  const Specimen whole = make_specimen(3, false);
  const auto disk = disk_with(whole.files);
  DurableView view{*disk, {1, 1u << 20}};
  EXPECT_FALSE(view.open("events/hubs", disk::OpenMode::read_write));
  EXPECT_FALSE(view.remove("events/hubs"));
  EXPECT_FALSE(view.rename("events/hubs", "events/other"));
  EXPECT_FALSE(view.make_directory("events/more"));
  EXPECT_FALSE(view.sync_directory("events"));
  const auto file = view.open("events/" + segment_name(1), disk::OpenMode::read);
  ASSERT_TRUE(file);
  EXPECT_FALSE((*file)->write_at(0, as_bytes("x")));
  EXPECT_FALSE((*file)->truncate(0));
  EXPECT_FALSE((*file)->sync_data());
  EXPECT_EQ(files_of(*disk), whole.files);
}

TEST(Figures, SayHowLongCommitsTakeAndHowLargeTheyAre) {
  disk::LossyDisk disk{1};
  TestClock clock{kStart};
  auto config = small_config();
  config.flush_interval = std::chrono::milliseconds{2};
  auto log = open_by_hand(disk, clock, config);
  for (int second = 0; second < 20; ++second) {
    for (int i = 0; i < 5; ++i) ASSERT_TRUE(log->append(event_of(device_in(0), "x")));
    clock.advance(std::chrono::milliseconds{2});
    drain(*log);
    clock.advance(std::chrono::milliseconds{998});
  }
  const LogFigures figures = log->figures();
  EXPECT_EQ(figures.events_per_batch.count, 20u);
  EXPECT_EQ(figures.events_per_batch.sum, 100u);
  EXPECT_EQ(figures.events_per_batch.max, 5u);
  EXPECT_EQ(figures.events_per_batch.quantile(0.5), 5u);
  EXPECT_EQ(figures.commit_ns.count, 20u);
  EXPECT_EQ(figures.durable_ns.max, 2'000'000u) << "from the first event's append on";
  EXPECT_DOUBLE_EQ(figures.events_per_second_10s, 5);
  EXPECT_DOUBLE_EQ(figures.events_per_second_60s, 5) << "over the 20 that there were";
}

}  // namespace
}  // namespace muster::eventlog
