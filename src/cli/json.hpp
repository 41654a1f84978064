#pragma once

#include "base/result.hpp"

#include <nlohmann/json.hpp>

#include <string>
#include <string_view>

namespace muster::cli {

/// Keeps members in the order in which the service wrote them, which is the order in which the pages show
/// them.
using Json = nlohmann::ordered_json;

/// service_error with `what` ("the list of devices") when the text is not JSON.
Result<Json> parse_json(std::string_view text, std::string_view what);

/// The value at a path of member names joined by dots ("authentication.type"); null when any is missing.
Json at_path(const Json& value, std::string_view path);

/// The text of a string member; empty when it is missing or is no string.
std::string text_at(const Json& value, std::string_view path);

/// One line, for tables and messages: strings bare, everything else as JSON.
std::string one_line(const Json& value);

/// JSON text in UTF-8; bytes that are not are replaced, never thrown at.
std::string dump(const Json& value, int indent = -1);

}  // namespace muster::cli
