#include "base/assert.hpp"
#include "base/bytes.hpp"
#include "gateway/rest/http_head.hpp"
#include "gateway/rest/query_position.hpp"
#include "gateway/rest/request_reader.hpp"
#include "gateway/rest/target.hpp"

#include <algorithm>

// The input is a byte that says in what pieces the rest arrives, and what a client sends: a request. However
// it is cut, it reads the same; what is accepted holds nothing that a second parser could read otherwise; and
// limits hold.

namespace muster::rest {
namespace {

constexpr HttpLimits kLimits{.head_bytes_max = 1024, .body_bytes_max = 2048, .target_bytes_max = 512};

struct Read {
  bool refused = false;
  bool done = false;
  bool surplus = false;
  Request request;
};

Read read(std::string_view text, std::size_t piece) {
  RequestReader reader{kLimits};
  Read read;
  while (!text.empty() && !reader.done()) {
    const auto part = text.substr(0, piece);
    text.remove_prefix(part.size());
    if (const auto fed = reader.feed(part); !fed) {
      const unsigned status = reader.refused_status();
      MUSTER_ASSERT(status >= 400 && status < 500, "a status that blames us");
      MUSTER_ASSERT(is_valid_utf8(as_bytes(fed.error().reason())), "a reason that is not UTF-8");
      read.refused = true;
      return read;
    }
    (void)reader.take_expects_continue();
  }
  read.done = reader.done();
  if (!read.done) return read;
  read.surplus = reader.has_surplus() || !text.empty();
  (void)reader.keep_alive();
  read.request = reader.take();
  return read;
}

void check_request(const Request& request) {
  MUSTER_ASSERT(request.body.size() <= kLimits.body_bytes_max, "a body over its limit");
  MUSTER_ASSERT(request.target.size() <= kLimits.target_bytes_max, "a target over its limit");
  int hosts = 0;
  for (const auto& [name, value] : request.headers) {
    MUSTER_ASSERT(name.find_first_of(" :\r\n") == std::string::npos, "a name that is not one");
    MUSTER_ASSERT(value.find_first_of(std::string_view{"\r\n\0", 3}) == std::string::npos,
                  "a value of two lines");
    hosts += equals_ignoring_case(name, "host");
  }
  MUSTER_ASSERT(hosts <= 1, "two hosts");
  for (const PlusSign plus : {PlusSign::plain, PlusSign::space}) {
    const auto target = parse_target(request.target, plus);
    if (!target) continue;
    for (const std::string& segment : target->segments) {
      MUSTER_ASSERT(!segment.empty() && segment.find('\0') == std::string::npos,
                    "an empty segment, or a NUL");
    }
  }
}

void check_pieces(std::string_view text, std::size_t piece) {
  const Read whole = read(text, text.size());
  const Read cut = read(text, piece);
  if (whole.done) check_request(whole.request);
  if (cut.done) check_request(cut.request);
  // What comes behind a whole request is not looked at where it comes later.
  if (whole.refused || cut.refused) return;
  MUSTER_ASSERT(whole.done == cut.done, "whole at once, and not in pieces");
  if (!whole.done) return;
  MUSTER_ASSERT(whole.request.method == cut.request.method && whole.request.target == cut.request.target &&
                    whole.request.headers == cut.request.headers && whole.request.body == cut.request.body,
                "another request in pieces");
}

void check_position(std::string_view token) {
  const ServiceName hub = *ServiceName::parse("h");
  const auto position = parse_position(hub, "SELECT * FROM devices", token);
  if (!position) return;
  const std::string again = format_position(hub, "SELECT * FROM devices", *position);
  const auto read = parse_position(hub, "SELECT * FROM devices", again);
  MUSTER_ASSERT(read && read->after == position->after && read->returned == position->returned,
                "another position");
}

}  // namespace
}  // namespace muster::rest

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace muster::rest;
  if (size == 0) return 0;
  const std::string_view text{reinterpret_cast<const char*>(data) + 1, size - 1};
  check_pieces(text, std::max<std::size_t>(1, data[0] % 64));
  check_position(text);
  return 0;
}
