#include "webhook/http_post.hpp"

#include "muster/ids.hpp"
#include "net/connect.hpp"
#include "net/plain_stream.hpp"
#include "net/tls_stream.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/beast/http/parser.hpp>
#include <boost/beast/http/string_body.hpp>
#include <fmt/format.h>

#include <array>
#include <memory>

namespace muster::webhook {
namespace {

namespace http = boost::beast::http;
using Parser = http::response_parser<http::string_body>;

std::string request_text(const rest::WebhookUrl& url, const std::string& body) {
  const bool bracketed = url.host.find(':') != std::string::npos;
  const bool usual = url.port == (url.https ? 443 : 80);
  const std::string host = fmt::format("{}{}{}{}", bracketed ? "[" : "", url.host, bracketed ? "]" : "",
                                       usual ? "" : fmt::format(":{}", url.port));
  return fmt::format(
      "POST {} HTTP/1.1\r\nHost: {}\r\nContent-Type: application/json; charset=utf-8\r\n"
      "Content-Length: {}\r\nAccept: application/json\r\nUser-Agent: muster\r\nConnection: close\r\n\r\n{}",
      url.target, host, body.size(), body);
}

Task<void> write_all(net::Stream& stream, std::string text) {
  ByteView rest = as_bytes(text);
  while (!rest.empty()) {
    MUSTER_CO_TRY(const net::IoResult put, stream.try_write(rest));
    if (put.state == net::IoState::done) rest = rest.subspan(put.size);
    if (put.state == net::IoState::closed)
      co_return failure(ErrorCode::connection_lost, "while it was asked");
    if (put.state == net::IoState::would_block) {
      MUSTER_CO_CHECK(co_await stream.writable());
    }
  }
  co_return Result<void>{};
}

/// Gives the parser what has come; what it does not take yet stays in `inbox`.
Result<void> feed(Parser& parser, std::string& inbox, const PostLimits& limits) {
  while (!inbox.empty() && !parser.is_done()) {
    boost::system::error_code error;
    const std::size_t taken = parser.put(boost::asio::buffer(inbox), error);
    inbox.erase(0, taken);
    if (error == http::error::need_more) {
      if (inbox.size() <= limits.head_bytes_max + limits.answer_bytes_max) return {};
      error = http::error::header_limit;
    }
    if (error == http::error::body_limit || error == http::error::header_limit) {
      return failure(ErrorCode::service_error,
                     fmt::format("the answer is larger than {} bytes of head and {} of body",
                                 limits.head_bytes_max, limits.answer_bytes_max));
    }
    if (error) return failure(ErrorCode::service_error, "the answer is not HTTP: " + error.message());
    if (taken == 0) return {};
  }
  return {};
}

Task<PostAnswer> read_answer(net::Stream& stream, PostLimits limits) {
  Parser parser;
  parser.eager(true);
  parser.header_limit(static_cast<std::uint32_t>(limits.head_bytes_max));
  parser.body_limit(limits.answer_bytes_max);
  std::string inbox;
  std::array<std::byte, 4096> into;
  while (!parser.is_done()) {
    MUSTER_CO_TRY(const net::IoResult got, stream.try_read(into));
    if (got.state == net::IoState::would_block) {
      MUSTER_CO_CHECK(co_await stream.readable());
    } else if (got.state == net::IoState::done) {
      inbox.append(as_text(ByteView{into}.first(got.size)));
      MUSTER_CO_CHECK(feed(parser, inbox, limits));
    } else {
      // A body without a length ends with its connection; any other is cut off.
      boost::system::error_code error;
      parser.put_eof(error);
      if (error || !parser.is_done())
        co_return failure(ErrorCode::connection_lost, "the connection ended before the answer did");
    }
  }
  PostAnswer answer{parser.get().result_int(), std::move(parser.get().body())};
  co_return answer;
}

Task<PostAnswer> exchange(net::Stream& stream, std::string request, PostLimits limits) {
  MUSTER_CO_CHECK(co_await stream.handshake());
  MUSTER_CO_CHECK(co_await write_all(stream, std::move(request)));
  co_return co_await read_answer(stream, limits);
}

}  // namespace

Task<PostAnswer> post(net::Shard& shard, const net::TlsClientContext& tls, rest::WebhookUrl url,
                      std::string body, PostLimits limits) {
  net::ConnectRequest wanted{
      .host = url.host, .port = url.port, .deadline = shard.clock().steady() + limits.connect_timeout};
  // No resolver is asked for the one name that every machine has.
  if (equals_ignoring_case(url.host, "localhost")) wanted.connect_to = net::Endpoint{"127.0.0.1", url.port};
  auto connected = co_await net::connect(shard, std::move(wanted));
  if (!connected) co_return failure(connected.error());
  std::shared_ptr<net::Stream> stream;
  if (url.https) {
    stream = std::make_shared<net::TlsStream>(shard, *std::move(connected), tls, url.host);
  } else {
    stream = std::make_shared<net::PlainStream>(shard, *std::move(connected));
  }
  bool late = false;
  const net::ScopedDeadline deadline{shard, shard.clock().steady() + limits.answer_timeout, [stream, &late] {
                                       late = true;
                                       stream->close();
                                     }};
  std::string request = request_text(url, body);
  auto answer = co_await exchange(*stream, std::move(request), limits);
  stream->close();
  if (!answer && late) {
    co_return failure(ErrorCode::timed_out,
                      fmt::format("no whole answer came within {} ms", limits.answer_timeout.count()));
  }
  co_return answer;
}

}  // namespace muster::webhook
