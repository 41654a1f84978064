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

/// What a partition serves is what it should hold, from its beginning, as far as it goes: never anything
/// else.
void expect_prefix(const std::vector<std::string>& served, const std::vector<std::string>& held,
                   std::string_view where) {
  ASSERT_LE(served.size(), held.size()) << where;
  for (std::size_t i = 0; i < served.size(); ++i) ASSERT_EQ(served[i], held[i]) << where;
}

TEST(Damage, ATailTornAnywhereCostsOnlyWhatWasTorn) {
  const Specimen whole = make_specimen(3, false);
  const std::string name = segment_name(1);
  const Bytes& bytes = whole.files.at(name);
  std::size_t begin = 0;
  for (std::size_t at = 512; at + 4 <= bytes.size(); at += 512) {
    if (as_text(ByteView{bytes}.subspan(at, 4)) == "MUBT") begin = at;
  }
  ASSERT_GT(begin, 512u);
  for (const bool shorten : {false, true}) {
    for (std::size_t cut = begin; cut < bytes.size(); ++cut) {
      Specimen torn = whole;
      Bytes& file = torn.files[name];
      if (shorten) {
        file.resize(cut);
      } else {
        std::fill(file.begin() + static_cast<std::ptrdiff_t>(cut), file.end(), std::byte{0});
      }
      const auto disk = disk_with(torn.files);
      TestClock clock{kStart};
      auto log = open_by_hand(*disk, clock, tiny_config());
      ASSERT_TRUE(log) << cut;
      for (std::uint32_t partition = 0; partition < 2; ++partition) {
        const ReadOut out = read_partition(*log, partition);
        EXPECT_FALSE(out.error) << cut;
        expect_prefix(out.bodies, whole.bodies[partition], "cut at " + std::to_string(cut));
        EXPECT_GE(out.bodies.size(), partition == 0 ? 6u : 2u) << "the two batches before, cut at " << cut;
      }
      // And it goes on from there, also after another start.
      const std::size_t left = read_partition(*log, 0).bodies.size();
      put(*log, device_in(0), "next");
      log = nullptr;
      log = open_by_hand(*disk, clock, tiny_config());
      ASSERT_TRUE(log) << cut;
      const ReadOut out = read_partition(*log, 0);
      ASSERT_EQ(out.bodies.size(), left + 1) << cut;
      EXPECT_EQ(out.bodies.back(), "next");
    }
  }
}

/// How many events of each partition end at or before `at` in this segment, those of earlier segments
/// counted.
std::vector<std::size_t> whole_before(const Specimen& whole, std::string_view segment, std::size_t at) {
  std::vector<std::size_t> counts(2);
  const auto count = [&](const DumpedRecord& record) {
    if (record.position + record.bytes > at) return true;
    counts[record.event.partition] = static_cast<std::size_t>(record.event.sequence_number) + 1;
    return true;
  };
  EXPECT_TRUE(dump_segment(*disk_with(whole.files), "events/" + std::string{segment}, count));
  return counts;
}

/// Flips this bit of every byte of every file and looks at what is served.
void flip_everywhere(const Specimen& whole, std::string_view live_name, unsigned bit) {
  std::uint64_t refused = 0;
  std::uint64_t harmless = 0;
  for (const auto& [name, bytes] : whole.files) {
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      Files files = whole.files;
      files[name][at] ^= std::byte{static_cast<unsigned char>(1u << bit)};
      const std::string where = name + " byte " + std::to_string(at);
      const auto disk = disk_with(files);
      TestClock clock{kStart};
      auto log = CommitStream::open(*disk, clock, tiny_config(), Drive::by_hand);
      if (!log) {
        ++refused;
        ASSERT_TRUE(log.error().code() == ErrorCode::log_corrupt ||
                    log.error().code() == ErrorCode::log_newer)
            << where;
        ASSERT_THAT(log.error().reason(), HasSubstr("events/")) << where;
        continue;
      }
      bool all = true;
      for (std::uint32_t partition = 0; partition < 2; ++partition) {
        const ReadOut out = read_partition(**log, partition);
        expect_prefix(out.bodies, whole.bodies[partition], where);
        const bool complete = out.bodies.size() == whole.bodies[partition].size();
        all = all && complete;
        // Only a torn tail is cut off in silence, and there can be one only in the live segment.
        if (!complete && name != live_name) {
          ASSERT_TRUE(out.error && out.error->code() == ErrorCode::log_corrupt) << where;
          ASSERT_THAT(out.error->reason(), HasSubstr(name)) << where;
        }
        if (name == live_name) {
          ASSERT_FALSE(out.error) << where;
        }
        if (name.ends_with(".segment")) {
          ASSERT_GE(out.bodies.size(), whole_before(whole, name, at)[partition])
              << "it cost one before it: " << where;
        }
      }
      if (all) ++harmless;
    }
  }
  EXPECT_GT(refused, 1000u);
  EXPECT_GT(harmless, 500u) << "zeros at the end, and indexes";
}

class FlippedBit : public ::testing::TestWithParam<unsigned> {
 protected:
  void SetUp() override {
#ifdef __SANITIZE_THREAD__
    GTEST_SKIP() << "one thread alone, a minute a bit: AddressSanitizer's build has it";
#endif
  }
};

TEST_P(FlippedBit, IsNeverServedAndCostsNothingBeforeIt) {
  const Specimen whole = make_specimen(5, false);
  ASSERT_EQ(whole.files.size(), 4u) << "a sealed segment, its index, a live one, and the hub table";
  flip_everywhere(whole, segment_name(2), GetParam());
}

TEST_P(FlippedBit, IsFoundByVerify) {
  const Specimen whole = make_specimen(5, false);
  for (const auto& [name, bytes] : whole.files) {
    for (std::size_t at = 0; at < bytes.size(); ++at) {
      Files files = whole.files;
      files[name][at] ^= std::byte{static_cast<unsigned char>(1u << GetParam())};
      const auto report = verify_log(*disk_with(files), "events");
      ASSERT_TRUE(report);
      ASSERT_FALSE(report->findings.empty()) << name << " byte " << at;
    }
  }
}

INSTANTIATE_TEST_SUITE_P(Bits, FlippedBit, ::testing::Range(0u, 8u));

TEST(Damage, AfterAnOrderlyStopEvenTheLastEventsAreToldFromATornTail) {
  const Specimen whole = make_specimen(2, true);
  const std::string name = segment_name(1);
  for (std::size_t at = 512; at < whole.files.at(name).size(); ++at) {
    Files files = whole.files;
    files[name][at] ^= std::byte{0x10};
    const auto disk = disk_with(files);
    TestClock clock{kStart};
    const auto log = CommitStream::open(*disk, clock, tiny_config(), Drive::by_hand);
    if (!log) {
      EXPECT_EQ(log.error().code(), ErrorCode::log_corrupt);
      continue;
    }
    EXPECT_EQ(read_partition(**log, 0).bodies, whole.bodies[0]) << "byte " << at;
    EXPECT_EQ(read_partition(**log, 1).bodies, whole.bodies[1]) << "byte " << at;
  }
}

struct RefusalRow {
  const char* name;
  std::function<void(Files&)> spoil;
  ErrorCode code;
  std::vector<std::string> says;
};

class Refusal : public ::testing::TestWithParam<RefusalRow> {};

TEST_P(Refusal, NamesFileAndPlaceAndTouchesNothing) {
  Specimen specimen = make_specimen(5, false);
  GetParam().spoil(specimen.files);
  const auto disk = disk_with(specimen.files);
  TestClock clock{kStart};
  const auto log = CommitStream::open(*disk, clock, tiny_config(), Drive::by_hand);
  ASSERT_FALSE(log);
  EXPECT_EQ(log.error().code(), GetParam().code) << log.error().reason();
  for (const std::string& words : GetParam().says) EXPECT_THAT(log.error().reason(), HasSubstr(words));
  EXPECT_EQ(files_of(*disk), specimen.files);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, Refusal,
    ::testing::Values(RefusalRow{"record_before_the_tail",
                                 [](Files& files) { flip(files, segment_name(2), 512 + 48 + 60); },
                                 ErrorCode::log_corrupt,
                                 {"events/00000000000000000002.segment", "byte 512", "record 1 of 4 in batch",
                                  "batch 5 follows at byte"}},
                      RefusalRow{"batch_header_before_the_tail",
                                 [](Files& files) { flip(files, segment_name(2), 512 + 9); },
                                 ErrorCode::log_corrupt,
                                 {"00000000000000000002.segment", "byte 512", "the batch header"}},
                      RefusalRow{"segment_header",
                                 [](Files& files) { flip(files, segment_name(2), 30); },
                                 ErrorCode::log_corrupt,
                                 {"00000000000000000002.segment", "byte 0"}},
                      RefusalRow{"live_segment_cut_within_its_header",
                                 [](Files& files) { files.at(segment_name(2)).resize(300); },
                                 ErrorCode::log_corrupt,
                                 {"events/00000000000000000002.segment, byte 0", "the file has 300 bytes",
                                  "events/00000000000000000001.index was written when its header was whole"}},
                      RefusalRow{"live_segment_emptied",
                                 [](Files& files) { files.at(segment_name(2)).clear(); },
                                 ErrorCode::log_corrupt,
                                 {"events/00000000000000000002.segment, byte 0", "the file has 0 bytes"}},
                      RefusalRow{"live_segment_all_zeros",
                                 [](Files& files) { files.at(segment_name(2)).assign(4096, std::byte{0}); },
                                 ErrorCode::log_corrupt,
                                 {"events/00000000000000000002.segment, byte 0", "the file has 4096 bytes"}},
                      RefusalRow{
                          "sealed_segment_is_the_last_and_emptied",
                          [](Files& files) {
                            files.erase(segment_name(2));
                            files.at(segment_name(1)).clear();
                          },
                          ErrorCode::log_corrupt,
                          {"events/00000000000000000001.segment", "events/00000000000000000001.index"}},
                      RefusalRow{"only_segment_emptied",
                                 [](Files& files) {
                                   files.erase(segment_name(2));
                                   files.erase(index_name(1));
                                   files.at(segment_name(1)).clear();
                                 },
                                 ErrorCode::log_corrupt,
                                 {"events/00000000000000000001.segment", "events/hubs was written when"}},
                      RefusalRow{"no_segment_at_all",
                                 [](Files& files) {
                                   for (const std::uint64_t number : {1u, 2u}) {
                                     files.erase(segment_name(number));
                                     files.erase(index_name(number));
                                   }
                                 },
                                 ErrorCode::log_corrupt,
                                 {"events/00000000000000000001.segment", "events/hubs knows 1 hubs"}},
                      RefusalRow{"missing_segment",
                                 [](Files& files) {
                                   files[segment_name(3)] = files.at(segment_name(2));
                                   files.erase(segment_name(2));
                                 },
                                 ErrorCode::log_corrupt,
                                 {"events/00000000000000000002.segment is missing"}},
                      RefusalRow{"hub_table_damaged",
                                 [](Files& files) { flip(files, "hubs", 20); },
                                 ErrorCode::log_corrupt,
                                 {"events/hubs", "checksum"}},
                      RefusalRow{"hub_table_missing",
                                 [](Files& files) { files.erase("hubs"); },
                                 ErrorCode::log_corrupt,
                                 {"hub 1 partition"}},
                      RefusalRow{"newer_segment",
                                 [](Files& files) { files.at(segment_name(2))[8] = std::byte{2}; },
                                 ErrorCode::log_newer,
                                 {"00000000000000000002.segment"}},
                      RefusalRow{"newer_hub_table",
                                 [](Files& files) { files.at("hubs")[8] = std::byte{2}; },
                                 ErrorCode::log_newer,
                                 {"events/hubs"}}),
    [](const auto& row) { return row.param.name; });

TEST(Damage, ASegmentThatWasBeingMadeIsRemoved) {
  const Specimen whole = make_specimen(3, false);
  for (const std::size_t written : {0u, 16u, 300u, 511u}) {
    Files files = whole.files;
    Bytes part = files.at(segment_name(1));
    part.resize(written);
    files[segment_name(2)] = part;
    files["hubs.tmp"] = part;
    const auto disk = disk_with(files);
    TestClock clock{kStart};
    auto log = open_by_hand(*disk, clock, tiny_config());
    ASSERT_TRUE(log);
    EXPECT_EQ(read_partition(*log, 0).bodies, whole.bodies[0]);
    EXPECT_FALSE(*disk->exists("events/" + segment_name(2)));
    EXPECT_FALSE(*disk->exists("events/hubs.tmp"));
    put(*log, device_in(0), "next");
    EXPECT_EQ(read_partition(*log, 0).bodies.back(), "next");
  }
}

TEST(Damage, TheFirstSegmentMayHaveBeenInTheMakingWhileThereIsNoHub) {
  for (const std::size_t written : {0u, 16u, 511u}) {
    Bytes part = make_specimen(1, false).files.at(segment_name(1));
    part.resize(written);
    const auto disk = disk_with({{segment_name(1), part}});
    TestClock clock{kStart};
    auto log = open_by_hand(*disk, clock, tiny_config());
    ASSERT_TRUE(log);
    put(*log, device_in(0), "first");
    EXPECT_THAT(read_partition(*log, 0).bodies, ElementsAre("first"));
  }
}

TEST(Verify, FindsNothingInAWholeLog) {
  const Specimen whole = make_specimen(5, true);
  const auto disk = disk_with(whole.files);
  const auto report = verify_log(*disk, "events");
  ASSERT_TRUE(report);
  EXPECT_THAT(report->findings, IsEmpty());
  EXPECT_EQ(report->events, 20u);
  EXPECT_EQ(report->batches, 6u) << "five, and the mark of the stop";
  EXPECT_GE(report->segments, 2u);
  EXPECT_EQ(files_of(*disk), whole.files);
}

TEST(Verify, LocatesDamageAndReadsOn) {
  const Specimen whole = make_specimen(9, false);
  ASSERT_TRUE(whole.files.contains(segment_name(3)));
  Files files = whole.files;
  flip(files, segment_name(1), 512 + 48 + 60);
  flip(files, index_name(2), 70);
  const auto disk = disk_with(files);
  const auto report = verify_log(*disk, "events");
  ASSERT_TRUE(report);
  ASSERT_EQ(report->findings.size(), 2u);
  EXPECT_EQ(report->findings[0].weight, LogFinding::Weight::damage);
  EXPECT_EQ(report->findings[0].file, "events/" + segment_name(1));
  EXPECT_THAT(report->findings[0].what, HasSubstr("byte 512"));
  EXPECT_EQ(report->findings[1].weight, LogFinding::Weight::harmless);
  EXPECT_EQ(report->findings[1].file, "events/" + index_name(2));
}

TEST(Verify, JudgesWhatOpeningKeepsOfATornTail) {
  Specimen specimen = make_specimen(1, false);
  specimen.files.erase("hubs");
  specimen.files.at(segment_name(1)).resize(800);  // Of the batch, its first record is whole.
  const auto disk = disk_with(specimen.files);
  const auto report = verify_log(*disk, "events");
  ASSERT_TRUE(report) << report.error().reason();
  EXPECT_FALSE(report->sound());
  TestClock clock{kStart};
  EXPECT_FALSE(CommitStream::open(*disk, clock, tiny_config(), Drive::by_hand));
}

TEST(Verify, FindsThatNoSegmentIsThere) {
  const Specimen whole = make_specimen(1, false);
  const auto report = verify_log(*disk_with({{"hubs", whole.files.at("hubs")}}), "events");
  ASSERT_TRUE(report);
  ASSERT_EQ(report->findings.size(), 1u);
  EXPECT_EQ(report->findings[0].weight, LogFinding::Weight::damage);
  EXPECT_EQ(report->findings[0].file, "events/" + segment_name(1));
}

TEST(Dump, ShowsEveryRecordUpToTheDamage) {
  Specimen specimen = make_specimen(3, false);
  const auto bodies = [&](DumpEnd* end) {
    std::vector<std::string> shown;
    const auto disk = disk_with(specimen.files);
    *end = *dump_segment(*disk, "events/" + segment_name(1), [&](const DumpedRecord& record) {
      EXPECT_TRUE(record.event.event.hub == kHub || record.event.event.hub == "#1");
      shown.emplace_back(as_text(record.event.event.body));
      return true;
    });
    return shown;
  };
  DumpEnd end;
  EXPECT_EQ(bodies(&end).size(), 12u);
  EXPECT_THAT(end.damages, IsEmpty());
  EXPECT_EQ(end.batches, 3u);
  specimen.files.erase("hubs");
  flip(specimen.files, segment_name(1), end.end - 600);
  EXPECT_THAT(bodies(&end), ElementsAre("event 0.0", "event 0.2", "event 0.3", "event 0.1", "event 1.0",
                                        "event 1.2", "event 1.3", "event 1.1"));
  ASSERT_EQ(end.damages.size(), 1u);
  EXPECT_TRUE(end.damages[0].torn);
}

}  // namespace
}  // namespace muster::eventlog
