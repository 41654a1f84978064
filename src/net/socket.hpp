#pragma once

namespace muster::net {

/// Reads and forgets what has arrived, up to 64 KiB, before a socket is closed: closing over unread bytes
/// would send a reset in place of FIN, and that can overtake the last words that the peer has yet to read.
void throw_away_unread(int descriptor);

}  // namespace muster::net
