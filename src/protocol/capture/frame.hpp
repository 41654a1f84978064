#pragma once

#include "protocol/capture/capture.hpp"

#include <optional>

namespace muster::capture {

/// One TCP segment. `payload` borrows from the frame.
struct Segment {
  Endpoint from, to;
  std::uint32_t sequence = 0;
  bool syn = false;
  ByteView payload;
};

/// The TCP segment in a frame; nullopt for another protocol, a fragment, and a frame that was cut before its
/// TCP header ended.
std::optional<Segment> segment_of(const Frame& frame);

}  // namespace muster::capture
