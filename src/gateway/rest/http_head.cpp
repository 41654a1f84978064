#include "gateway/rest/http_head.hpp"

#include "base/log.hpp"
#include "muster/ids.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace muster::rest {
namespace {

constexpr std::size_t kContentLengthDigitsMax = 18;

/// tchar of RFC 9110 section 5.6.2.
bool is_token_char(char c) {
  return is_ascii_alnum(c) ||
         (c != '\0' && std::string_view{"!#$%&'*+-.^_`|~"}.find(c) != std::string_view::npos);
}
bool is_token(std::string_view text) { return !text.empty() && std::ranges::all_of(text, is_token_char); }

tl::unexpected<Error> malformed(std::string reason) {
  return failure(ErrorCode::request_malformed, std::move(reason));
}

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\t')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\t')) text.remove_suffix(1);
  return text;
}

/// Takes the line before the next CRLF, and the CRLF.
std::string_view take_line(std::string_view& rest) {
  const auto end = rest.find("\r\n");
  const auto line = rest.substr(0, end);
  rest.remove_prefix(end + 2);
  return line;
}

struct RequestLine {
  bool is_1_1;
};

Result<RequestLine> check_request_line(std::string_view line) {
  const auto first = line.find(' ');
  const auto last = line.rfind(' ');
  if (first == std::string_view::npos || first == last)
    return malformed("the request line is not METHOD target HTTP/1.1");
  if (!is_token(line.substr(0, first))) return malformed("the method is not a token");
  const auto target = line.substr(first + 1, last - first - 1);
  if (!target.starts_with('/') && target != "*") return malformed("the target does not begin with /");
  const auto printable = [](char c) { return c > 0x20 && c < 0x7F; };
  if (!std::ranges::all_of(target, printable))
    return malformed("the target holds a space or a character beyond ASCII");
  if (target.find('#') != std::string_view::npos) return malformed("the target holds a fragment");
  const auto version = line.substr(last + 1);
  if (version != "HTTP/1.1" && version != "HTTP/1.0") {
    return malformed(fmt::format("version {} found, HTTP/1.1 wanted", log::field(version)));
  }
  return RequestLine{version == "HTTP/1.1"};
}

/// What of the headers decides where a message ends.
struct Framing {
  int hosts = 0, lengths = 0, encodings = 0;
  int authorizations = 0, conditions = 0;  ///< What two readers might each take another one of.
};

Result<void> check_field(std::string_view line, Framing& framing) {
  if (line.front() == ' ' || line.front() == '\t') return malformed("a header line is folded");
  const auto colon = line.find(':');
  if (colon == std::string_view::npos) return malformed("a header line has no colon");
  const auto name = line.substr(0, colon);
  if (!is_token(name)) return malformed(fmt::format("header name {} is not a token", log::field(name)));
  const auto value = trimmed(line.substr(colon + 1));
  const auto allowed = [](char c) {
    return c == '\t' || (static_cast<unsigned char>(c) >= 0x20 && c != 0x7F);
  };
  if (!std::ranges::all_of(value, allowed))
    return malformed(fmt::format("header {} holds a control character", name));

  if (equals_ignoring_case(name, "host")) ++framing.hosts;
  if (equals_ignoring_case(name, "authorization")) ++framing.authorizations;
  if (equals_ignoring_case(name, "if-match")) ++framing.conditions;
  if (equals_ignoring_case(name, "content-length")) {
    ++framing.lengths;
    const auto digit = [](char c) { return c >= '0' && c <= '9'; };
    if (value.empty() || value.size() > kContentLengthDigitsMax || !std::ranges::all_of(value, digit)) {
      return malformed("Content-Length is not a plain number");
    }
  }
  if (equals_ignoring_case(name, "transfer-encoding")) {
    ++framing.encodings;
    if (!equals_ignoring_case(value, "chunked")) return malformed("Transfer-Encoding is not exactly chunked");
  }
  return {};
}

}  // namespace

Result<std::optional<std::size_t>> find_head_end(std::string_view bytes, std::size_t seen) {
  // Back over what may be the first bytes of an end that the last read cut in two.
  for (std::size_t i = seen > 3 ? seen - 3 : 0; i < bytes.size(); ++i) {
    const char c = bytes[i];
    if (c == '\0') return malformed("the head holds a NUL");
    if (c == '\n' && (i == 0 || bytes[i - 1] != '\r')) return malformed("a line ends in a bare LF");
    if (i > 0 && bytes[i - 1] == '\r' && c != '\n') return malformed("the head holds a bare CR");
    if (c == '\n' && i >= 3 && bytes.substr(i - 3, 4) == "\r\n\r\n") return std::optional{i + 1};
  }
  return std::optional<std::size_t>{};
}

Result<void> check_head(std::string_view head) {
  std::string_view rest = head;
  MUSTER_TRY(const auto line, check_request_line(take_line(rest)));
  Framing framing;
  while (rest != "\r\n") {
    MUSTER_CHECK(check_field(take_line(rest), framing));
  }
  if (framing.hosts > 1 || (framing.hosts == 0 && line.is_1_1))
    return malformed("exactly one Host header is wanted");
  if (framing.lengths > 1) return malformed("Content-Length is there more than once");
  if (framing.authorizations > 1) return malformed("Authorization is there more than once");
  if (framing.conditions > 1) return malformed("If-Match is there more than once");
  if (framing.encodings > 1) return malformed("Transfer-Encoding is there more than once");
  if (framing.encodings > 0 && framing.lengths > 0)
    return malformed("both Content-Length and Transfer-Encoding are there");
  if (framing.encodings > 0 && !line.is_1_1) return malformed("Transfer-Encoding in HTTP/1.0");
  return {};
}

}  // namespace muster::rest
