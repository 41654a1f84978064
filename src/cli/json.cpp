#include "cli/json.hpp"

#include <fmt/format.h>

namespace muster::cli {

Result<Json> parse_json(std::string_view text, std::string_view what) {
  Json value = Json::parse(text, nullptr, false);
  if (value.is_discarded()) {
    return failure(ErrorCode::service_error, fmt::format("{} is not JSON ({} bytes)", what, text.size()));
  }
  return value;
}

Json at_path(const Json& value, std::string_view path) {
  const Json* here = &value;
  while (!path.empty()) {
    const std::size_t dot = path.find('.');
    const std::string_view name = path.substr(0, dot);
    if (!here->is_object()) return nullptr;
    const auto member = here->find(name);
    if (member == here->end()) return nullptr;
    here = &*member;
    path = dot == std::string_view::npos ? std::string_view{} : path.substr(dot + 1);
  }
  return *here;
}

std::string text_at(const Json& value, std::string_view path) {
  const Json found = at_path(value, path);
  return found.is_string() ? found.get<std::string>() : std::string{};
}

std::string one_line(const Json& value) {
  if (value.is_null()) return "";
  return value.is_string() ? value.get<std::string>() : dump(value);
}

std::string dump(const Json& value, int indent) {
  return value.dump(indent, ' ', false, Json::error_handler_t::replace);
}

}  // namespace muster::cli
