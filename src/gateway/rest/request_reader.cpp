#include "gateway/rest/request_reader.hpp"

#include "base/assert.hpp"
#include "gateway/rest/http_head.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <fmt/format.h>

namespace muster::rest {

namespace http = boost::beast::http;

namespace {

/// A string that grows as its bytes come: Beast's own would reserve what a stranger announces.
struct GrowingBody : http::string_body {
  class reader : public http::string_body::reader {
   public:
    using http::string_body::reader::reader;
    void init(const boost::optional<std::uint64_t>&, boost::beast::error_code& ec) { ec = {}; }
  };
};

}  // namespace

struct RequestReader::Parser {
  http::request_parser<GrowingBody> beast;
};

RequestReader::RequestReader(const HttpLimits& limits)
    : limits_{limits}, parser_{std::make_unique<Parser>()} {
  parser_->beast.eager(true);
  parser_->beast.header_limit(static_cast<std::uint32_t>(limits.head_bytes_max));
  parser_->beast.body_limit(limits.body_bytes_max);
}

RequestReader::~RequestReader() = default;

bool RequestReader::started() const noexcept { return head_done_ || !inbox_.empty(); }
bool RequestReader::done() const noexcept { return head_done_ && parser_->beast.is_done(); }
std::size_t RequestReader::body_bytes() const noexcept {
  return head_done_ ? parser_->beast.get().body().size() + inbox_.size() : 0;
}
bool RequestReader::has_surplus() const noexcept { return done() && !inbox_.empty(); }
bool RequestReader::take_expects_continue() noexcept {
  return std::exchange(expects_continue_, false) && !done();
}
bool RequestReader::keep_alive() const { return parser_->beast.get().keep_alive(); }
bool RequestReader::is_1_1() const { return parser_->beast.get().version() == 11; }

Result<void> RequestReader::feed(std::string_view bytes) {
  if (!head_done_) return feed_head(bytes);
  inbox_ += bytes;
  return parse_body();
}

Result<void> RequestReader::feed_head(std::string_view bytes) {
  const std::size_t seen = inbox_.size();
  inbox_ += bytes;
  MUSTER_TRY(const auto size, find_head_end(inbox_, seen));
  if (size.value_or(inbox_.size()) > limits_.head_bytes_max) {
    return refuse(431, ErrorCode::request_too_large,
                  fmt::format("the request's head is larger than {} bytes", limits_.head_bytes_max));
  }
  if (!size) return {};
  const auto head = std::string_view{inbox_}.substr(0, *size);
  MUSTER_CHECK(check_head(head));
  if (head.find("\r\n") > limits_.target_bytes_max) {
    return refuse(414, ErrorCode::request_too_large,
                  fmt::format("the target is longer than {} bytes", limits_.target_bytes_max));
  }
  MUSTER_CHECK(parse_head(head));
  inbox_.erase(0, *size);
  MUSTER_CHECK(parse_body());
  if (const auto expect = request_.header("Expect")) {
    if (!equals_ignoring_case(*expect, "100-continue")) {
      return refuse(417, ErrorCode::request_malformed, "Expect is not 100-continue");
    }
    expects_continue_ = true;
  }
  return {};
}

/// The headers are kept as they are now: a trailer after a chunked body must not add to them.
Result<void> RequestReader::parse_head(std::string_view head) {
  head_done_ = true;
  boost::beast::error_code ec;
  parser_->beast.put(boost::asio::buffer(head), ec);
  const auto& message = parser_->beast.get();
  request_.method = std::string{message.method_string()};
  request_.target = std::string{message.target()};
  for (const auto& field : message) request_.headers.emplace_back(field.name_string(), field.value());
  if (ec == http::error::body_limit) return refuse_body();
  if (ec && ec != http::error::need_more) return refuse(400, ErrorCode::request_malformed, ec.message());
  return {};
}

Result<void> RequestReader::parse_body() {
  // Beast asserts that the last chunk comes in five bytes at least, `0 CRLF CRLF`, if it comes first.
  constexpr std::size_t kLastChunkBytes = 5;
  const auto& beast = parser_->beast;
  if (beast.chunked() && inbox_.size() < kLastChunkBytes) return {};
  while (!inbox_.empty() && !parser_->beast.is_done()) {
    boost::beast::error_code ec;
    const std::size_t taken = parser_->beast.put(boost::asio::buffer(inbox_), ec);
    inbox_.erase(0, taken);
    if (ec == http::error::need_more) break;
    if (ec == http::error::body_limit) return refuse_body();
    if (ec) return refuse(400, ErrorCode::request_malformed, ec.message());
    if (taken == 0) break;
  }
  // What is left can only be the beginning of a chunk's header or of the trailer.
  if (!parser_->beast.is_done() && inbox_.size() > limits_.head_bytes_max) {
    return refuse(400, ErrorCode::request_malformed, "a chunk's header is too large");
  }
  return {};
}

Request RequestReader::take() {
  MUSTER_ASSERT(done(), "taken when whole");
  request_.body = std::move(parser_->beast.get().body());
  return std::move(request_);
}

tl::unexpected<Error> RequestReader::refuse_body() {
  return refuse(413, ErrorCode::request_too_large,
                fmt::format("the body is larger than {} bytes", limits_.body_bytes_max));
}

tl::unexpected<Error> RequestReader::refuse(unsigned status, ErrorCode code, std::string reason) {
  refused_status_ = status;
  return failure(code, std::move(reason));
}

}  // namespace muster::rest
