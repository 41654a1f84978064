#pragma once

#include "base/result.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::cli {

/// One event of a text/event-stream.
struct StreamEvent {
  std::string id;
  std::string name;
  std::string data;
};

/// Takes an event stream apart (WHATWG HTML, "Server-sent events", interpreting an event stream). Bytes may
/// come in any pieces. Comments, which keep the connection alive, make no event.
class EventStreamReader {
 public:
  /// An event above this is not one of the hub's: a message has at most 256 KiB, in JSON at most six times
  /// that.
  static constexpr std::size_t kEventBytesMax = 4u << 20;

  /// The events that `bytes` completed. service_error when one grows beyond kEventBytesMax.
  Result<std::vector<StreamEvent>> push(std::string_view bytes);

 private:
  void take_line(std::string_view line, std::vector<StreamEvent>& events);

  std::string line_;
  bool skip_feed_ = false;  ///< The last byte was CR: an LF that follows belongs to it.
  StreamEvent event_;
  bool has_data_ = false;
};

}  // namespace muster::cli
