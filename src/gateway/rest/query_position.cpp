#include "gateway/rest/query_position.hpp"

#include "base/digest.hpp"

#include <fmt/format.h>

#include <charconv>

namespace muster::rest {
namespace {

/// Changes when what a token holds does: one of an earlier version is then refused and not misread.
constexpr std::string_view kVersion = "q1";
constexpr std::size_t kDigestBytes = 12;

std::string head_of(const ServiceName& hub, std::string_view query) {
  const std::string subject = fmt::format("{}\n{}", hub.key(), query);
  const auto digest = sha256(as_bytes(subject));
  return fmt::format("{}.{}.", kVersion, to_hex(ByteView{digest}.first(kDigestBytes)));
}

}  // namespace

std::string format_position(const ServiceName& hub, std::string_view query, const QueryPosition& position) {
  return fmt::format("{}{}.{}", head_of(hub, query), position.returned, position.after);
}

Result<QueryPosition> parse_position(const ServiceName& hub, std::string_view query, std::string_view token) {
  if (token.empty()) return QueryPosition{};
  const std::string head = head_of(hub, query);
  if (!token.starts_with(head)) {
    return failure(
        ErrorCode::field_invalid,
        "x-ms-continuation: not a token of this query: the text has to be the one that it was given for");
  }
  QueryPosition position;
  const std::string_view rest = token.substr(head.size());
  const auto [end, error] = std::from_chars(rest.data(), rest.data() + rest.size(), position.returned);
  if (error != std::errc{} || end == rest.data() + rest.size() || *end != '.') {
    return failure(ErrorCode::field_invalid, "x-ms-continuation: not a token of this service");
  }
  position.after = rest.substr(static_cast<std::size_t>(end - rest.data()) + 1);
  return position;
}

}  // namespace muster::rest
