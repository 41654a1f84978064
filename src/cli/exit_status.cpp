#include "cli/exit_status.hpp"

#include "cli/json.hpp"

#include <fmt/format.h>

namespace muster::cli {
namespace {

bool is_unreachable(ErrorCode code) noexcept {
  using enum ErrorCode;
  switch (code) {
    case connect_timeout:
    case connection_lost:
    case not_running:
    case connect_failed:
    case timed_out:
    case not_connected:
    case service_unreachable:
    case name_unresolved:
      return true;
    default:
      return false;
  }
}

/// A reason can hold what a stranger sent; a line break in it must not look like a line of ours.
std::string one_printed_line(std::string_view text) {
  std::string line{text};
  for (char& c : line) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = ' ';
  }
  return line;
}

}  // namespace

ExitStatus exit_status(ErrorCode code) noexcept {
  using enum ErrorCode;
  if (is_unreachable(code)) return ExitStatus::unreachable;
  if (code == usage || code == option_unsupported) return ExitStatus::usage;
  // What a device or a command was pointed at and cannot be used, whatever is wrong with it.
  if (code == device_config_invalid || code == file_unreadable || code == own_certificate_expired ||
      code == own_certificate_not_yet_valid || code == key_mismatch || code == key_uri_unsupported) {
    return ExitStatus::configuration;
  }
  if (code == hub_refused || code == provisioning_failed || code == server_untrusted)
    return ExitStatus::refused;
  switch (static_cast<unsigned>(code) / 1000) {
    case 6:
      return ExitStatus::configuration;
    case 2:
    case 3:
    case 4:
      return ExitStatus::refused;
    default:
      return ExitStatus::failed;
  }
}

std::string_view exit_status_name(ExitStatus status) noexcept {
  switch (status) {
    case ExitStatus::done:
      return "done";
    case ExitStatus::failed:
      return "failed";
    case ExitStatus::usage:
      return "usage";
    case ExitStatus::configuration:
      return "configuration";
    case ExitStatus::unreachable:
      return "unreachable";
    case ExitStatus::refused:
      return "refused";
  }
  return "failed";
}

void write_error(std::ostream& err, const Error& error, bool as_json) {
  const std::string id = error_id(error.code());
  if (as_json) {
    const Json object{{"code", id},
                      {"title", std::string{error.title()}},
                      {"reason", error.reason()},
                      {"remedy", std::string{error.remedy()}}};
    err << dump(object) << '\n';
    return;
  }
  err << fmt::format("error {}  {}\n  {}\n  do: {}\n  more: muster explain {}\n", id, error.title(),
                     one_printed_line(error.reason()), one_printed_line(error.remedy()), id);
}

}  // namespace muster::cli
