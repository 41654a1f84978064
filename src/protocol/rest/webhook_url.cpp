#include "protocol/rest/webhook_url.hpp"

#include "muster/ids.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace muster::rest {
namespace {

constexpr std::size_t kUrlMax = 2048;
constexpr std::size_t kHostMax = 253;  // RFC 1035 section 2.3.4.

bool is_host_character(char c) { return is_ascii_alnum(c) || c == '.' || c == '-' || c == ':'; }

bool is_loopback(std::string_view host) {
  if (equals_ignoring_case(host, "localhost") || host == "::1") return true;
  return host.starts_with("127.") && host.find_first_not_of("0123456789.") == std::string_view::npos;
}

/// "name", "name:443", "[::1]:443".
Result<void, std::string> read_authority(std::string_view authority, WebhookUrl& into) {
  if (authority.find('@') != std::string_view::npos)
    return failure(std::string{"names a user, and webhooks are sent none"});
  std::string_view port;
  if (authority.starts_with('[')) {
    const auto end = authority.find(']');
    if (end == std::string_view::npos) return failure(std::string{"has a [ without its ]"});
    into.host = authority.substr(1, end - 1);
    port = authority.substr(end + 1);
  } else {
    into.host = authority.substr(0, authority.find(':'));
    port = authority.substr(into.host.size());
  }
  if (into.host.empty() || into.host.size() > kHostMax || !std::ranges::all_of(into.host, is_host_character))
    return failure(std::string{"names no host"});
  if (port.empty()) return {};
  unsigned number = 0;
  const auto [end, code] = std::from_chars(port.data() + 1, port.data() + port.size(), number);
  if (port.front() != ':' || code != std::errc{} || end != port.data() + port.size() || number < 1 ||
      number > 65'535)
    return failure(std::string{"has no port from 1 to 65535"});
  into.port = static_cast<std::uint16_t>(number);
  return {};
}

}  // namespace

std::string WebhookUrl::shown() const {
  const bool bracketed = host.find(':') != std::string::npos;
  return fmt::format("{}://{}{}{}:{}{}", https ? "https" : "http", bracketed ? "[" : "", host,
                     bracketed ? "]" : "", port, target.substr(0, target.find('?')));
}

Result<WebhookUrl, std::string> parse_webhook_url(std::string_view url) {
  if (url.size() > kUrlMax) return failure(fmt::format("is longer than {} characters", kUrlMax));
  if (!std::ranges::all_of(url, [](char c) { return c > ' ' && c < 0x7F; }))
    return failure(std::string{"holds a character that has to be percent-encoded"});
  if (url.find('#') != std::string_view::npos)
    return failure(std::string{"has a fragment, which is sent to nobody"});
  WebhookUrl parsed;
  const auto scheme = url.substr(0, url.find("://"));
  if (equals_ignoring_case(scheme, "http")) {
    parsed.https = false;
    parsed.port = 80;
  } else if (!equals_ignoring_case(scheme, "https")) {
    return failure(std::string{"begins with neither https:// nor http://"});
  }
  const std::string_view rest = url.substr(scheme.size() + 3);
  const std::string_view authority = rest.substr(0, rest.find_first_of("/?"));
  auto read = read_authority(authority, parsed);
  if (!read) return failure(std::move(read).error());
  if (!parsed.https && !is_loopback(parsed.host))
    return failure(std::string{"is plain http, which is taken for loopback alone"});
  parsed.target = rest.substr(authority.size());
  if (!parsed.target.starts_with('/')) parsed.target.insert(0, "/");
  return parsed;
}

}  // namespace muster::rest
