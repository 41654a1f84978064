#pragma once

namespace muster::net {

/// Sends FIN and throws away what has arrived, up to 64 KiB: closing over unread bytes would send a reset,
/// and that can overtake the last words that the peer has yet to read. The descriptor is closed by its owner.
void close_gently(int descriptor);

}  // namespace muster::net
