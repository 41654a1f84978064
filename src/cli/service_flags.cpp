#include "cli/service_flags.hpp"

#include "base/bytes.hpp"

#include <fmt/format.h>

namespace muster::cli {
Flag add_service_name(Flags& flags, ServiceKind kind, std::string& value, bool short_name) {
  const bool is_hub = kind == ServiceKind::hub;
  const std::string names =
      fmt::format("{}{}", is_hub ? "--hub-name" : "--dps-name", short_name ? ",-n" : "");
  return flags.text(names, value, "NAME",
                    is_hub ? "Which hub; may be left out when there is one"
                           : "Which DPS instance; may be left out when there is one");
}

Result<std::string> read_text_file(Shell& shell, const std::string& path, std::uint64_t bytes_max) {
  auto bytes = disk::read_all(shell.disk, path, bytes_max);
  if (!bytes) return failure(ErrorCode::file_unreadable, bytes.error().reason());
  return std::string{as_text(*bytes)};
}

Result<Json> json_argument(Invocation& invocation, const std::string& text, std::string_view flag) {
  std::string source = text;
  const bool in_place = text.find_first_of("{[") != std::string::npos;
  if (!in_place) {
    MUSTER_TRY(source, read_text_file(invocation.shell(), text));
  }
  Json value = Json::parse(source, nullptr, false);
  if (!value.is_object()) {
    return failure(
        Error{ErrorCode::usage, fmt::format("{} is not a JSON object: {}", flag, text)}.with_remedy(
            fmt::format("Write {} '{{\"name\": \"value\"}}', or name a file that holds such an object.",
                        flag)));
  }
  return value;
}

std::string quoted_etag(const std::string& etag) {
  return etag.starts_with('"') ? etag : fmt::format("\"{}\"", etag.empty() ? "*" : etag);
}

}  // namespace muster::cli
