#include "base/assert.hpp"
#include "protocol/capture/capture.hpp"

#include <algorithm>

// For any file: what is read lies inside it and is not more than it; the pieces of a stream ascend; each
// stream's ends can be printed.

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace muster::capture;
  const auto file = std::as_bytes(std::span{data, size});
  const auto capture = read_capture(file);
  if (!capture) {
    MUSTER_ASSERT(capture.error().find("byte ") != std::string::npos, "a refusal without its place");
    return 0;
  }
  for (const Frame& frame : capture->frames) {
    MUSTER_ASSERT(frame.bytes.size() <= kFrameBytesMax, "a frame beyond the limit");
    MUSTER_ASSERT(
        frame.bytes.empty() || (frame.bytes.data() >= file.data() &&
                                frame.bytes.data() + frame.bytes.size() <= file.data() + file.size()),
        "a frame outside of the file");
  }
  std::size_t bytes = 0;
  for (const Stream& stream : reassemble(*capture).streams) {
    bytes += stream.bytes.size();
    MUSTER_ASSERT(!stream.pieces.empty() && stream.pieces.front().begin == 0, "a byte without a time");
    MUSTER_ASSERT(std::ranges::is_sorted(stream.pieces, {}, &Piece::begin), "pieces out of order");
    MUSTER_ASSERT(!to_text(stream.from).empty() && !to_text(stream.to).empty(), "an end without a name");
  }
  MUSTER_ASSERT(bytes <= file.size(), "more than there was");
  return 0;
}
