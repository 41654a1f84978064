#include "protocol/mqtt/packet.hpp"

namespace muster::mqtt {
namespace {

constexpr std::size_t kTopicSizeMax = 65'535;  // [MQTT-4.7.3-3].

/// [MQTT-4.7.3-1], [MQTT-4.7.3-2], [MQTT-4.7.3-3]: what names and filters have in common.
bool has_legal_text(std::string_view topic) noexcept {
  return !topic.empty() && topic.size() <= kTopicSizeMax && topic.find('\0') == std::string_view::npos;
}

/// Cuts the first level off `rest`, which becomes nullopt-like ("no more") when there was no separator.
std::string_view take_level(std::string_view& rest, bool& more) noexcept {
  const std::size_t end = rest.find('/');
  const std::string_view level = rest.substr(0, end);
  more = end != std::string_view::npos;
  rest.remove_prefix(more ? end + 1 : rest.size());
  return level;
}

}  // namespace

bool is_valid_topic_name(std::string_view topic) noexcept {
  return has_legal_text(topic) && topic.find_first_of("+#") == std::string_view::npos;  // [MQTT-4.7.1-1].
}

bool is_valid_topic_filter(std::string_view filter) noexcept {
  if (!has_legal_text(filter)) return false;
  bool more = true;
  while (more) {
    const std::string_view level = take_level(filter, more);
    if (level.find_first_of("+#") == std::string_view::npos) continue;
    if (level.size() != 1) return false;     // [MQTT-4.7.1-3], [MQTT-4.7.1-2].
    if (level == "#" && more) return false;  // [MQTT-4.7.1-2].
  }
  return true;
}

bool topic_matches(std::string_view filter, std::string_view topic) noexcept {
  const bool wild_start = filter.starts_with('+') || filter.starts_with('#');
  if (wild_start && topic.starts_with('$')) return false;  // [MQTT-4.7.2-1].

  bool more_filter = true;
  bool more_topic = true;
  while (more_filter && more_topic) {
    const std::string_view wanted = take_level(filter, more_filter);
    if (wanted == "#") return true;
    const std::string_view level = take_level(topic, more_topic);
    if (wanted != "+" && wanted != level) return false;
  }
  // 4.7.1.2: "sport/#" matches "sport" too, '#' standing for the parent and any number of children.
  if (more_filter) return filter == "#";
  return !more_topic;
}

}  // namespace muster::mqtt
