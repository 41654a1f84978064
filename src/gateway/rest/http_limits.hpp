#pragma once

#include <chrono>
#include <cstddef>

namespace muster::rest {

/// What one HTTP connection may cost. All hold on every listener. Those that an operator may want to change
/// are keys of the configuration (limits.http_*).
struct HttpLimits {
  /// Request line and headers, beyond it 431; also what one chunk's header may be.
  std::size_t head_bytes_max = 16 * 1024;
  std::size_t body_bytes_max = 1024 * 1024;  ///< Beyond it 413.
  /// Of a body, from a caller of whom nobody knows yet whether it may make the call.
  std::size_t stranger_body_bytes_max = 16 * 1024;
  std::size_t target_bytes_max = 8 * 1024;     ///< Beyond it 414.
  std::chrono::seconds handshake_timeout{30};  ///< Of TLS; then the connection is closed.
  std::chrono::seconds idle_timeout{75};       ///< Between requests; then the connection is closed.
  std::chrono::seconds request_timeout{15};    ///< From a request's first byte to its last; then 408.
  /// Without the peer taking a byte of the answer; then the connection is closed.
  std::chrono::seconds write_timeout{30};
  /// For so long, what a refused peer still sends is read and dropped, so that it sees the answer.
  std::chrono::milliseconds linger_timeout{1'000};
  std::size_t event_streams_max = 64;  ///< Open event streams of one gateway; beyond it 429.
  std::size_t event_threads = 2;       ///< Threads that read the log for them.
};

}  // namespace muster::rest
