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

std::string quoted_etag(const std::string& etag) {
  return etag.starts_with('"') ? etag : fmt::format("\"{}\"", etag.empty() ? "*" : etag);
}

}  // namespace muster::cli
