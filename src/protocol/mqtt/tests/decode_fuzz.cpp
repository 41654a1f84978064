#include "base/assert.hpp"
#include "protocol/mqtt/fault.hpp"
#include "protocol/mqtt/tests/packet_text.hpp"

#include <algorithm>

// For any bytes at all, taken as what a peer sends: the decoder stays inside them (the sanitizers watch); a
// verdict never changes as more bytes arrive; the sizes it reports are possible; what it accepts it can write
// again, byte for byte, and what it writes it accepts; and find_fault finds something exactly where it
// refuses.

namespace muster::mqtt {
namespace {

constexpr std::uint32_t kSizePacketMax = 256 * 1024;

void check_header_verdict(ByteView stream, const Result<FixedHeader, DecodeError>& whole) {
  for (std::size_t arrived = 0; arrived < std::min<std::size_t>(stream.size(), 6); ++arrived) {
    const auto early = decode_fixed_header(stream.first(arrived), kSizePacketMax);
    const bool undecided = !early && early.error() == DecodeError::incomplete;
    MUSTER_ASSERT(undecided || early == whole, "a verdict changed as bytes arrived");
  }
  if (!whole) return;
  MUSTER_ASSERT(whole->size_header >= 2 && whole->size_header <= 5 && whole->size_header <= stream.size(),
                "an impossible header size");
  MUSTER_ASSERT(whole->size_remaining <= kSizePacketMax - whole->size_header, "longer than was allowed");
}

void check_publish(const FixedHeader& header, ByteView body) {
  const auto publish = decode_publish(header, body);
  if (!publish) return;
  MUSTER_ASSERT(is_valid_topic_name(publish->topic), "a topic name that is none");
  MUSTER_ASSERT(topic_matches(publish->topic, publish->topic), "a topic does not match itself");
  MUSTER_ASSERT((publish->qos == 0) == (publish->packet_id == 0), "a packet id without a QoS");
  const std::size_t size_fields = 2 + publish->topic.size() + (publish->qos > 0 ? 2 : 0);
  MUSTER_ASSERT(size_fields + publish->payload.size() == body.size(), "bytes were lost");
}

void check_fault(ByteView packet, bool accepted) {
  const auto fault = find_fault(packet);
  MUSTER_ASSERT(accepted == !fault.has_value(), "why a packet is refused is not what refuses it");
  MUSTER_ASSERT(!fault || fault->position <= packet.size(), "a fault behind the packet");
}

void check_body(const FixedHeader& header, ByteView body) {
  const auto packet = decode_body(header, body);
  if (!packet) {
    MUSTER_ASSERT(packet.error() == DecodeError::malformed, "a whole body is not incomplete");
    return;
  }
  if (header.type == PacketType::publish) check_publish(header, body);

  Bytes first;
  encode(*packet, first);
  const auto again = decode_packet(first, UINT32_MAX);
  MUSTER_ASSERT(again.has_value(), "what was written is not accepted");
  Bytes second;
  encode(*again, second);
  MUSTER_ASSERT(first == second, "decode(encode(x)) is not x");

  const auto* connect = std::get_if<Connect>(&*packet);
  if (connect != nullptr && !connect->is_mqtt_3_1_1()) return;  // Only its name and level were read.
  MUSTER_ASSERT(std::ranges::equal(ByteView{first}.last(body.size()), body), "not written as it came");
}

}  // namespace
}  // namespace muster::mqtt

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace muster::mqtt;
  auto stream = std::as_bytes(std::span{data, size});
  while (true) {
    const auto header = decode_fixed_header(stream, kSizePacketMax);
    check_header_verdict(stream, header);
    if (!header) {
      if (!stream.empty() && header.error() == DecodeError::malformed) check_fault(stream, false);
      return 0;
    }
    const std::size_t size_packet = std::size_t{header->size_header} + header->size_remaining;
    if (stream.size() < size_packet) return 0;
    const auto body = stream.subspan(header->size_header, header->size_remaining);
    check_body(*header, body);
    check_fault(stream.first(size_packet), decode_body(*header, body).has_value());
    stream = stream.subspan(size_packet);
  }
}
