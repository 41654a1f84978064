#include "pki/openssl.hpp"

#include <ctime>

namespace muster::pki {

std::string ErrorScope::first() const {
  const unsigned long code = ERR_peek_error();
  const char* reason = ERR_reason_error_string(code);
  return reason != nullptr ? reason : "unknown error";
}

std::string text_of(BIO& memory) {
  char* data = nullptr;
  const long size = BIO_get_mem_data(&memory, &data);
  return size > 0 ? std::string(data, static_cast<std::size_t>(size)) : std::string{};
}

std::optional<WallTime> to_wall_time(const ASN1_TIME* time) {
  std::tm parts{};
  if (time == nullptr || ASN1_TIME_to_tm(time, &parts) != 1) return std::nullopt;
  const std::chrono::year_month_day date{std::chrono::year{parts.tm_year + 1900},
                                         std::chrono::month{static_cast<unsigned>(parts.tm_mon) + 1},
                                         std::chrono::day{static_cast<unsigned>(parts.tm_mday)}};
  return WallTime{std::chrono::sys_days{date}} + std::chrono::hours{parts.tm_hour} +
         std::chrono::minutes{parts.tm_min} + std::chrono::seconds{parts.tm_sec};
}

time_t to_seconds(WallTime time) {
  return static_cast<time_t>(std::chrono::floor<std::chrono::seconds>(time).time_since_epoch().count());
}

std::string to_text(const X509_NAME* name) {
  const OwnedBio out{BIO_new(BIO_s_mem())};
  // UTF-8 stays readable: only control characters and what RFC 2253 reserves are escaped.
  X509_NAME_print_ex(out.get(), name, 0, XN_FLAG_RFC2253 & ~static_cast<unsigned long>(ASN1_STRFLGS_ESC_MSB));
  return text_of(*out);
}

std::string shown(WallTime time) {
  std::string text = format_utc(time);
  if (const auto t = text.find('T'); t != std::string::npos) text[t] = ' ';
  return text;
}

std::string shown(const std::string& name) {
  constexpr std::size_t kShownMax = 200;
  if (name.empty()) return "(no name)";
  if (name.size() <= kShownMax) return name;
  // Not in the middle of a UTF-8 sequence.
  std::size_t end = kShownMax;
  while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xC0u) == 0x80u) --end;
  return name.substr(0, end) + "...";
}

}  // namespace muster::pki
