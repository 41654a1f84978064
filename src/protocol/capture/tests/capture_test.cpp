#include "protocol/capture/capture.hpp"

#include "protocol/capture/tests/capture_builder.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::capture {
namespace {

using testing::HasSubstr;
using testing::IsEmpty;
using testing::SizeIs;
using Builder = CaptureBuilder;

std::vector<std::string> sent(const Bytes& file) {
  const auto capture = read_capture(file);
  EXPECT_TRUE(capture) << capture.error();
  std::vector<std::string> texts;
  if (!capture) return texts;
  for (const Stream& stream : reassemble(*capture).streams) {
    texts.push_back(to_text(stream.from) + " " + std::string{as_text(stream.bytes)});
  }
  return texts;
}

TEST(Pcap, IsReadInEitherByteOrderAndResolution) {
  struct Row {
    bool big_endian;
    std::uint32_t magic;
    std::uint32_t part;
  };
  for (const Row& row : {Row{false, 0xA1B2C3D4, 250'000}, Row{true, 0xA1B2C3D4, 250'000},
                         Row{false, 0xA1B23C4D, 250'000'000}, Row{true, 0xA1B23C4D, 250'000'000}}) {
    Builder file{row.big_endian};
    file.pcap(1, row.magic).pcap_frame(Builder::frame({}, "x"), 1'768'991'400, row.part);
    const auto capture = read_capture(file.bytes());
    ASSERT_TRUE(capture) << capture.error();
    ASSERT_THAT(capture->frames, SizeIs(1));
    EXPECT_EQ(format_utc_7(capture->frames[0].time), "2026-01-21T10:30:00.2500000Z");
    EXPECT_THAT(sent(file.bytes()), testing::ElementsAre("10.0.0.1:40000 x"));
  }
}

TEST(Pcapng, IsReadInEitherByteOrderWithItsResolutions) {
  struct Row {
    int resolution;
    std::uint64_t ticks;
  };
  for (const bool big_endian : {false, true}) {
    for (const Row& row : {Row{-1, 1'768'991'400'250'000}, Row{9, 1'768'991'400'250'000'000},
                           Row{3, 1'768'991'400'250}, Row{0x82, 4 * 1'768'991'400ull + 1}}) {
      Builder file{big_endian};
      file.section()
          .block(0x0BAD, Bytes(8))
          .interface(1, row.resolution)
          .packet(Builder::frame({}, "x"), row.ticks);
      const auto capture = read_capture(file.bytes());
      ASSERT_TRUE(capture) << capture.error();
      ASSERT_THAT(capture->frames, SizeIs(1));
      EXPECT_EQ(format_utc_7(capture->frames[0].time), "2026-01-21T10:30:00.2500000Z") << row.resolution;
    }
  }
}

TEST(Pcapng, TakesSimplePacketsAndSectionsOfAnotherOrder) {
  Builder file;
  Bytes simple;
  const Bytes frame = Builder::frame({.sequence = 7}, "ab");
  Builder::number(simple, frame.size(), 4, false);
  simple.insert(simple.end(), frame.begin(), frame.end());
  file.section().interface().block(3, simple);
  Builder other{true};
  other.section().interface().packet(Builder::frame({.sequence = 9}, "cd"));
  Bytes both = file.bytes();
  both.insert(both.end(), other.bytes().begin(), other.bytes().end());
  EXPECT_THAT(sent(both), testing::ElementsAre("10.0.0.1:40000 abcd"));
}

TEST(Capture, WhatIsNoneIsRefusedWithItsPosition) {
  const auto says = [](ByteView file) {
    const auto capture = read_capture(file);
    return capture ? std::string{"accepted"} : capture.error();
  };
  EXPECT_THAT(says(as_bytes("hello, I am text")), HasSubstr("byte 0: it begins as neither"));
  EXPECT_THAT(says({}), HasSubstr("byte 0"));
  Builder short_header;
  short_header.pcap();
  EXPECT_THAT(says(ByteView{short_header.bytes()}.first(20)), HasSubstr("ends at byte 20"));
  Bytes large = short_header.bytes();
  for (int i = 0; i < 2; ++i) Builder::number(large, 0, 4);
  Builder::number(large, 0x7FFFFFFF, 4, false);
  Builder::number(large, 0, 4);
  EXPECT_THAT(says(large), HasSubstr("byte 24: a frame says that it has 2147483647 bytes"));
  Builder no_interface;
  no_interface.section().packet(Builder::frame({}, "x"));
  EXPECT_THAT(says(no_interface.bytes()), HasSubstr("byte 28: a frame of interface 0"));
  Bytes odd = Builder{}.section().bytes();
  Builder::number(odd, 1, 4, false);
  Builder::number(odd, 13, 4, false);
  Builder::number(odd, 0, 4);
  EXPECT_THAT(says(odd), HasSubstr("byte 28: a block says that it has 13 bytes"));
}

TEST(Capture, AFileThatWasCutShowsWhatIsWhole) {
  Builder file;
  file.pcap()
      .pcap_frame(Builder::frame({.sequence = 1}, "ab"))
      .pcap_frame(Builder::frame({.sequence = 3}, "cd"));
  for (std::size_t size = 25; size < file.bytes().size(); ++size) {
    const auto capture = read_capture(ByteView{file.bytes()}.first(size));
    ASSERT_TRUE(capture);
    if (size == 24 + 16 + 56) continue;  // Between two frames.
    EXPECT_THAT(capture->cut_short, HasSubstr("in the middle of a frame")) << size;
  }
}

struct LinkRow {
  const char* name;
  std::uint32_t link;
  Bytes (*frame)(ByteView ip);
};

const LinkRow kLinks[] = {
    {"ethernet", 1, [](ByteView ip) { return Builder::ethernet(ip); }},
    {"vlan", 1,
     [](ByteView ip) {
       Bytes tagged;
       Builder::number(tagged, 0x0007'0800, 4);
       tagged.insert(tagged.end(), ip.begin(), ip.end());
       return Builder::ethernet(tagged, 0x8100);
     }},
    {"ethernet_padded", 1,
     [](ByteView ip) {
       Bytes frame = Builder::ethernet(ip);
       frame.resize(frame.size() + 6, std::byte{0xEE});
       return frame;
     }},
    {"null", 0,
     [](ByteView ip) {
       Bytes frame;
       Builder::number(frame, 2, 4, false);
       frame.insert(frame.end(), ip.begin(), ip.end());
       return frame;
     }},
    {"raw", 101, [](ByteView ip) { return Bytes(ip.begin(), ip.end()); }},
    {"cooked", 113,
     [](ByteView ip) {
       Bytes frame(14);
       Builder::number(frame, 0x0800, 2);
       frame.insert(frame.end(), ip.begin(), ip.end());
       return frame;
     }},
    {"cooked_2", 276,
     [](ByteView ip) {
       Bytes frame;
       Builder::number(frame, 0x0800, 2);
       frame.resize(20);
       frame.insert(frame.end(), ip.begin(), ip.end());
       return frame;
     }},
};

class LinkTest : public testing::TestWithParam<LinkRow> {};

TEST_P(LinkTest, IsUnwrapped) {
  const Builder::Tcp ends;
  Builder file;
  file.pcap(GetParam().link).pcap_frame(GetParam().frame(Builder::ipv4(ends, Builder::tcp(ends, "hello"))));
  EXPECT_THAT(sent(file.bytes()), testing::ElementsAre("10.0.0.1:40000 hello"));
}

INSTANTIATE_TEST_SUITE_P(Links, LinkTest, testing::ValuesIn(kLinks),
                         [](const auto& row) { return row.param.name; });

TEST(Frames, Ipv6WithExtensionHeaders) {
  const Bytes segment = Builder::tcp({.from_port = 50, .to_port = 1883}, "six");
  Bytes packet;
  Builder::number(packet, 0x60000000, 4);
  Builder::number(packet, 8 + segment.size(), 2);
  Builder::number(packet, 0x0040, 2);  // Hop-by-hop options follow.
  packet.resize(23);
  packet.push_back(std::byte{1});  // ::1 to 2001:db8::5.
  Builder::number(packet, 0x20010DB8, 4);
  packet.resize(39);
  packet.push_back(std::byte{5});
  Builder::number(packet, 0x0600'0104'0000'0000, 8);
  packet.insert(packet.end(), segment.begin(), segment.end());
  Builder file;
  file.pcap().pcap_frame(Builder::ethernet(packet, 0x86DD));
  const auto streams = reassemble(*read_capture(file.bytes())).streams;
  ASSERT_THAT(streams, SizeIs(1));
  EXPECT_EQ(to_text(streams[0].from), "[::1]:50");
  EXPECT_EQ(to_text(streams[0].to), "[2001:db8::5]:1883");
  EXPECT_EQ(as_text(streams[0].bytes), "six");
}

TEST(Frames, WhatIsNotWholeTcpIsLeftOutAndCounted) {
  const Builder::Tcp ends;
  const Bytes segment = Builder::tcp(ends, "x");
  Bytes udp = Builder::ipv4(ends, segment);
  udp[9] = std::byte{17};
  Builder file;
  file.pcap()
      .pcap_frame(Builder::ethernet(udp))
      .pcap_frame(Builder::ethernet(Builder::ipv4(ends, segment, 0x2000)))  // More fragments follow.
      .pcap_frame(Builder::ethernet(Builder::ipv4(ends, ByteView{segment}.first(19))))
      .pcap_frame(Builder::ethernet({}, 0x0806))
      .pcap_frame({});
  const Streams streams = reassemble(*read_capture(file.bytes()));
  EXPECT_THAT(streams.streams, IsEmpty());
  EXPECT_EQ(streams.frames_no_tcp, 5u);
  Builder other;
  other.pcap(147).pcap_frame(Builder::frame({}, "x"));
  EXPECT_EQ(read_capture(other.bytes())->frames_of_other_links, 1u);
}

/// Segments in some order, and what comes of them. Sequence numbers go over their end: it begins at
/// 0xFFFFFFFE.
struct OrderRow {
  const char* name;
  std::vector<std::pair<std::uint32_t, std::string_view>> segments;
  std::string_view bytes;
  std::uint64_t missing;
};

const OrderRow kOrders[] = {
    {"in_order", {{0, "abc"}, {3, "def"}}, "abcdef", 0},
    {"swapped", {{0, "ab"}, {4, "ef"}, {2, "cd"}}, "abcdef", 0},
    {"sent_again", {{0, "abc"}, {0, "abc"}, {3, "def"}, {3, "def"}}, "abcdef", 0},
    {"overlapping", {{0, "abc"}, {1, "bcde"}, {4, "ef"}}, "abcdef", 0},
    {"repeat_ahead", {{0, "ab"}, {4, "ef"}, {4, "ef"}, {2, "cdef"}}, "abcdef", 0},
    {"gap", {{0, "ab"}, {5, "fg"}}, "ab", 3},
};

class OrderTest : public testing::TestWithParam<OrderRow> {};

TEST_P(OrderTest, IsPutInOrder) {
  constexpr std::uint32_t kBegin = 0xFFFFFFFD;
  Builder file;
  file.pcap().pcap_frame(Builder::frame({.sequence = kBegin, .syn = true}, ""));
  for (const auto& [at, payload] : GetParam().segments) {
    file.pcap_frame(Builder::frame({.sequence = kBegin + 1 + at}, payload));
  }
  const auto streams = reassemble(*read_capture(file.bytes())).streams;
  ASSERT_THAT(streams, SizeIs(1));
  EXPECT_TRUE(streams[0].begins_with_syn);
  EXPECT_EQ(as_text(streams[0].bytes), GetParam().bytes);
  EXPECT_EQ(streams[0].bytes_missing, GetParam().missing);
  EXPECT_EQ(streams[0].bytes_behind_gap, GetParam().missing > 0 ? 2u : 0u);
}

INSTANTIATE_TEST_SUITE_P(Orders, OrderTest, testing::ValuesIn(kOrders),
                         [](const auto& row) { return row.param.name; });

TEST(Streams, TheSamePortsAgainAreAnotherConnection) {
  Builder file;
  file.pcap()
      .pcap_frame(Builder::frame({.sequence = 10, .syn = true}, ""))
      .pcap_frame(Builder::frame({.sequence = 11}, "first"))
      .pcap_frame(
          Builder::frame({.from = 2, .to = 1, .from_port = 1883, .to_port = 40000, .sequence = 5}, "answer"))
      .pcap_frame(Builder::frame({.sequence = 900, .syn = true}, ""))
      .pcap_frame(Builder::frame({.sequence = 901}, "second"));
  EXPECT_THAT(sent(file.bytes()),
              testing::ElementsAre("10.0.0.1:40000 first", "10.0.0.2:1883 answer", "10.0.0.1:40000 second"));
}

TEST(Streams, KnowWhenEachByteCame) {
  Builder file;
  file.pcap()
      .pcap_frame(Builder::frame({.sequence = 1}, "ab"), 10)
      .pcap_frame(Builder::frame({.sequence = 3}, "cd"), 20);
  const auto streams = reassemble(*read_capture(file.bytes())).streams;
  ASSERT_THAT(streams, SizeIs(1));
  EXPECT_EQ(streams[0].piece_of(1).time, WallTime{std::chrono::seconds{10}});
  EXPECT_EQ(streams[0].piece_of(2).time, WallTime{std::chrono::seconds{20}});
  EXPECT_EQ(streams[0].piece_of(9).time, WallTime{std::chrono::seconds{20}});
}

}  // namespace
}  // namespace muster::capture
