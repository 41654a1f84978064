#include "base/random.hpp"
#include "eventlog/format/crc32c.hpp"
#include "eventlog/format/hub_table.hpp"
#include "eventlog/format/record.hpp"
#include "log_fixture.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>

namespace muster::eventlog {
namespace {

using ::testing::HasSubstr;

TEST(Crc32c, AgreesWithTheStandardsAndWithItself) {
  // RFC 3720 appendix B.4, and the check value of the format document.
  EXPECT_EQ(crc32c(as_bytes("123456789")), 0xe3069283u);
  EXPECT_EQ(crc32c(Bytes(32, std::byte{0x00})), 0x8a9136aau);
  EXPECT_EQ(crc32c(Bytes(32, std::byte{0xff})), 0x62a8ab43u);
  const auto random = make_seeded_random(3);
  for (std::size_t size = 0; size < 70; ++size) {
    Bytes bytes(size);
    random->fill(bytes);
    EXPECT_EQ(crc32c(bytes), crc32c_by_table(bytes)) << size;
    const std::size_t half = size / 2;
    EXPECT_EQ(crc32c(ByteView{bytes}.subspan(half), crc32c(ByteView{bytes}.first(half))), crc32c(bytes))
        << size;
  }
}

/// Sixteen bytes a line, "offset  hex", runs of zero lines left out and said so by "*".
std::string hex_dump(ByteView bytes) {
  std::string text;
  bool skipping = false;
  for (std::size_t at = 0; at < bytes.size(); at += 16) {
    const ByteView line = bytes.subspan(at, std::min<std::size_t>(16, bytes.size() - at));
    if (all_zero(line)) {
      if (!skipping) text += "*\n";
      skipping = true;
      continue;
    }
    skipping = false;
    text += fmt::format("{:04x} ", at);
    for (const std::byte byte : line) text += fmt::format(" {:02x}", static_cast<unsigned>(byte));
    text += '\n';
  }
  return text;
}

std::string document() {
  std::ifstream file{std::string{MUSTER_SOURCE_DIR} + "/docs/reference/event-log-format.md"};
  std::stringstream text;
  text << file.rdbuf();
  return text.str();
}

// The document's example is what the code writes: a log that says something else is another format.
TEST(Format, IsWhatTheDocumentShows) {
  const auto disk = disk::make_memory_disk();
  TestClock clock{kStart};
  auto log = CommitStream::open(*disk, clock, small_config(), Drive::by_hand);
  ASSERT_TRUE(log);
  ASSERT_TRUE((*log)->add_hub(kHub, 2));
  clock.advance(std::chrono::seconds{1});
  EventView event = event_of("my-device-001", "{\"temperature\":21.5}");
  event.properties = "room=4";
  ASSERT_TRUE((*log)->append(event));
  drain(**log);
  const Bytes hubs = *disk::read_all(*disk, "events/hubs", 1u << 20);
  Bytes segment = *disk::read_all(*disk, "events/" + segment_name(1), 1u << 20);
  segment.resize(1024);
  EXPECT_THAT(document(), HasSubstr("`hubs`:\n\n```\n" + hex_dump(hubs) + "```\n"));
  EXPECT_THAT(document(),
              HasSubstr("`00000000000000000001.segment`:\n\n```\n" + hex_dump(segment) + "```\n"));
}

TEST(Format, AnIndexComesBackAsItWent) {
  SegmentIndex index;
  index.add({1, 0}, {.position = 560,
                     .bytes = 200,
                     .count = 2,
                     .first_sequence = 7,
                     .first_offset = 900,
                     .enqueued = kStart});
  index.add({1, 0}, {.position = 1072,
                     .bytes = 100,
                     .count = 1,
                     .first_sequence = 9,
                     .first_offset = 1100,
                     .enqueued = kStart});
  index.add({2, 5}, {.position = 1172,
                     .bytes = 80,
                     .count = 1,
                     .first_sequence = 0,
                     .first_offset = 0,
                     .enqueued = kStart});
  const IndexSummary summary{.segment = 3,
                             .end = 2048,
                             .next_batch = 9,
                             .last_checksum = 4,
                             .header_checksum = 5,
                             .newest = kStart,
                             .extents = {}};
  const Bytes bytes = encode_index(summary, index);
  const auto back = decode_index(bytes);
  ASSERT_TRUE(back);
  EXPECT_EQ(back->all(), index.all());
  const auto start = decode_index_summary(bytes);
  ASSERT_TRUE(start);
  EXPECT_EQ(start->extents, index.extents());
  EXPECT_EQ(start->end, 2048u);
  for (std::size_t size = 0; size < bytes.size(); ++size)
    EXPECT_FALSE(decode_index(ByteView{bytes}.first(size))) << size;
}

TEST(Format, DecodersRefuseWhateverIsCutShort) {
  SegmentHeader header;
  header.number = 1;
  header.points.push_back({{1, 2}, 3, 4, kStart});
  const Bytes segment = encode(header);
  EXPECT_EQ(decode_segment_header(segment)->points, header.points);
  for (std::size_t size = 0; size < segment.size(); ++size) {
    EXPECT_FALSE(decode_segment_header(ByteView{segment}.first(size))) << size;
  }
  const Bytes hubs = encode_hub_table({{1, 4, "a"}, {2, 32, "b"}});
  EXPECT_EQ(decode_hub_table(hubs)->size(), 2u);
  for (std::size_t size = 0; size < hubs.size(); ++size) {
    EXPECT_FALSE(decode_hub_table(ByteView{hubs}.first(size))) << size;
  }
  const EventView event = event_of("d", "body");
  Bytes record(record_bytes(event));
  encode_record(event, {1, 0}, record);
  seal_record(record, {{1, 0}, 5, 500, kStart});
  EXPECT_EQ(decode_record(record)->sequence, 5u);
  for (std::size_t size = 0; size < record.size(); ++size) {
    EXPECT_EQ(decode_record(ByteView{record}.first(size)).error(), FormatFault::incomplete) << size;
  }
}

TEST(Format, NamesOfSegments) {
  EXPECT_EQ(segment_name(42), "00000000000000000042.segment");
  EXPECT_EQ(segment_number("00000000000000000042.segment"), 42u);
  for (const char* other : {"42.segment", "00000000000000000042.index", "0000000000000000004x.segment",
                            "hubs", "", "000000000000000000042.segment", "99999999999999999999.segment"}) {
    EXPECT_EQ(segment_number(other), 0u) << other;
  }
}

}  // namespace
}  // namespace muster::eventlog
