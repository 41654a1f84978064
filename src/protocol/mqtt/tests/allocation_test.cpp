#include "protocol/mqtt/tests/packet_text.hpp"

#include <gtest/gtest.h>

#include <cstdlib>
#include <new>

namespace {
std::size_t allocation_count = 0;
}

void* operator new(std::size_t size) {
  ++allocation_count;
  void* memory = std::malloc(size > 0 ? size : 1);
  if (memory == nullptr) std::abort();
  return memory;
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }

namespace muster::mqtt {
namespace {

TEST(Allocation, DecodingAPublishMakesNone) {
  const Bytes bytes = packet_bytes("32 14 00 0c 'devices/d/\xC3\xBC' 00 07 'xyzt'");
  const std::size_t before = allocation_count;
  const auto header = decode_fixed_header(bytes, 1000);
  const auto publish = decode_publish(*header, ByteView{bytes}.subspan(header->size_header));
  EXPECT_EQ(allocation_count, before);
  EXPECT_TRUE(publish);
}

TEST(Allocation, EncodingAPublishMakesOne) {
  const std::string payload(1000, 'x');
  Bytes out;
  const std::size_t before = allocation_count;
  encode(
      Publish{.topic = "devices/d/messages/events/", .payload = as_bytes(payload), .packet_id = 1, .qos = 1},
      out);
  EXPECT_EQ(allocation_count, before + 1);
}

}  // namespace
}  // namespace muster::mqtt
