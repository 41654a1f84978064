#include "cli/event_view.hpp"

#include <fmt/format.h>

namespace muster::cli {
namespace {

/// az shows these three only when a device sets them, and the page has none.
constexpr std::string_view kOptionalMembers[] = {"module", "interface", "component"};

/// The service has taken JSON apart already; what is text here was no JSON, or a JSON text.
Json shown_payload(const Json& payload, std::string_view content_type) {
  const bool as_text = !content_type.empty() && content_type.find("json") == std::string_view::npos;
  return as_text && !payload.is_string() ? Json(dump(payload)) : payload;
}

Json object_or_empty(const Json& value) { return value.is_object() ? value : Json::object(); }

}  // namespace

Result<EventParts> parse_event_parts(const std::vector<std::string>& words) {
  EventParts parts;
  for (const std::string& word : words) {
    const bool all = word == "all";
    if (!all && word != "sys" && word != "app" && word != "anno") {
      return failure(ErrorCode::usage,
                     fmt::format("--properties wants sys, app, anno or all, and got {}", word));
    }
    parts.system = parts.system || all || word == "sys";
    parts.application = parts.application || all || word == "app";
    parts.annotations = parts.annotations || all || word == "anno";
  }
  return parts;
}

Json event_view(const Json& sent, const EventParts& parts, std::string_view content_type) {
  const Json event = object_or_empty(at_path(sent, "event"));
  Json shown = Json::object();
  shown["origin"] = at_path(event, "origin");
  for (const std::string_view member : kOptionalMembers) {
    if (!text_at(event, member).empty()) shown[std::string{member}] = text_at(event, member);
  }
  const Json annotations = at_path(event, "annotations");
  if (parts.annotations) shown["annotations"] = object_or_empty(annotations);
  if (parts.system) shown["properties"]["system"] = object_or_empty(at_path(event, "properties.system"));
  if (parts.application)
    shown["properties"]["application"] = object_or_empty(at_path(event, "properties.application"));
  // The service has no payload for a body that is not UTF-8: the bytes stand beside the event.
  if (event.contains("payload")) {
    shown["payload"] = shown_payload(event["payload"], content_type);
  } else {
    shown["bodyBase64"] = at_path(sent, "bodyBase64");
  }
  return Json{{"event", shown}};
}

bool matches_device(std::string_view pattern, std::string_view device_id) {
  // Two positions to come back to, the last star's: linear in both but for stars, which a person types few
  // of.
  std::size_t p = 0, d = 0, star = std::string_view::npos, retry = 0;
  while (d < device_id.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = p++;
      retry = d;
    } else if (p < pattern.size() && (pattern[p] == '?' || pattern[p] == device_id[d])) {
      ++p;
      ++d;
    } else if (star != std::string_view::npos) {
      p = star + 1;
      d = ++retry;
    } else {
      return false;
    }
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace muster::cli
