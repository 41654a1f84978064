#include "protocol/rest/json_fields.hpp"

#include "base/assert.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace muster::rest {
namespace {

/// Deepest nesting of brackets outside strings: judged on the text, before anything is built from it.
int nesting_of(std::string_view text) {
  int depth = 0, deepest = 0;
  bool in_string = false;
  for (std::size_t i = 0; i < text.size(); ++i) {
    const char c = text[i];
    if (in_string) {
      if (c == '\\') ++i;
      if (c == '"') in_string = false;
      continue;
    }
    if (c == '"') in_string = true;
    if (c == '{' || c == '[') deepest = std::max(deepest, ++depth);
    if (c == '}' || c == ']') --depth;
  }
  return deepest;
}

}  // namespace

Result<nlohmann::json> parse_json(std::string_view body) {
  if (nesting_of(body) > kJsonDepthMax) {
    return failure(ErrorCode::request_malformed,
                   fmt::format("the body is nested deeper than {}", kJsonDepthMax));
  }
  try {
    return nlohmann::json::parse(body);
  } catch (const nlohmann::json::parse_error& error) {
    return failure(ErrorCode::request_malformed, fmt::format("the body is not JSON, at byte {}", error.byte));
  } catch (const nlohmann::json::out_of_range&) {
    return failure(ErrorCode::request_malformed, "the body holds a number out of range");
  }
}

Result<nlohmann::json> parse_json_object(std::string_view body) {
  MUSTER_TRY(nlohmann::json value, parse_json(body));
  if (!value.is_object()) {
    return failure(ErrorCode::request_malformed,
                   fmt::format("the body is {}, an object is wanted", value.type_name()));
  }
  return value;
}

nlohmann::ordered_json stored_json(std::string_view text) {
  auto value = nlohmann::ordered_json::parse(text, nullptr, false);
  MUSTER_ASSERT(!value.is_discarded(), "stored JSON is JSON");
  return value;
}

std::string write_json(const nlohmann::ordered_json& value) {
  return value.dump(-1, ' ', false, nlohmann::ordered_json::error_handler_t::replace);
}

const nlohmann::json* Fields::find(std::string_view name) const {
  const auto member = object_->find(name);
  return member == object_->end() || member->is_null() ? nullptr : &*member;
}

Result<std::optional<std::string>> Fields::text(std::string_view name) const {
  const auto* value = find(name);
  if (!value) return std::optional<std::string>{};
  if (!value->is_string()) return failure(invalid(name, "a string is wanted"));
  return std::optional{value->get<std::string>()};
}

Result<std::string> Fields::required_text(std::string_view name) const {
  MUSTER_TRY(auto value, text(name));
  if (!value) return failure(invalid(name, "is missing"));
  return *std::move(value);
}

Result<std::optional<bool>> Fields::boolean(std::string_view name) const {
  const auto* value = find(name);
  if (!value) return std::optional<bool>{};
  if (!value->is_boolean()) return failure(invalid(name, "true or false is wanted"));
  return std::optional{value->get<bool>()};
}

Result<std::optional<Fields>> Fields::object(std::string_view name) const {
  const auto* value = find(name);
  if (!value) return std::optional<Fields>{};
  if (!value->is_object()) return failure(invalid(name, "an object is wanted"));
  return std::optional{Fields{*value, path_of(name)}};
}

Error Fields::invalid(std::string_view name, std::string_view why) const {
  return refused(ErrorCode::field_invalid, name, why);
}

Error Fields::refused(ErrorCode code, std::string_view name, std::string_view why) const {
  return Error{code, fmt::format("{}: {}", path_of(name), why)};
}

std::string Fields::path_of(std::string_view name) const {
  return path_.empty() ? std::string{name} : fmt::format("{}.{}", path_, name);
}

}  // namespace muster::rest
