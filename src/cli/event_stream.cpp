#include "cli/event_stream.hpp"

#include <fmt/format.h>

namespace muster::cli {

void EventStreamReader::take_line(std::string_view line, std::vector<StreamEvent>& events) {
  if (line.empty()) {
    if (has_data_) events.push_back(event_);
    event_.data.clear();
    event_.name.clear();  // The id stays: it is the last one seen.
    has_data_ = false;
    return;
  }
  const std::size_t colon = line.find(':');
  if (colon == 0) return;
  const std::string_view field = line.substr(0, colon);
  std::string_view value = colon == std::string_view::npos ? std::string_view{} : line.substr(colon + 1);
  if (value.starts_with(' ')) value.remove_prefix(1);
  if (field == "data") {
    if (has_data_) event_.data += '\n';
    event_.data += value;
    has_data_ = true;
  } else if (field == "id") {
    event_.id = value;
  } else if (field == "event") {
    event_.name = value;
  }
}

Result<std::vector<StreamEvent>> EventStreamReader::push(std::string_view bytes) {
  std::vector<StreamEvent> events;
  for (const char c : bytes) {
    const bool ends = c == '\n' || c == '\r';
    if (c == '\n' && skip_feed_) {
      skip_feed_ = false;
      continue;
    }
    skip_feed_ = c == '\r';
    if (ends) {
      take_line(line_, events);
      line_.clear();
    } else {
      line_ += c;
    }
    if (line_.size() + event_.data.size() > kEventBytesMax) {
      return failure(ErrorCode::service_error,
                     fmt::format("an event has more than {} bytes", kEventBytesMax));
    }
  }
  return events;
}

}  // namespace muster::cli
