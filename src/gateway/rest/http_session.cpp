#include "gateway/rest/http_session.hpp"

#include "base/log.hpp"
#include "gateway/rest/request_reader.hpp"
#include "protocol/rest/problem.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <fmt/format.h>

namespace muster::rest {
namespace {

constexpr std::string_view kContinue = "HTTP/1.1 100 Continue\r\n\r\n";

/// Waits on the stream alone, so that a peer which goes while an answer streams is noticed at once; and our
/// own close.
asio::awaitable<void> watch_peer(std::shared_ptr<net::Stream> stream, std::function<void()> notify) {
  static_cast<void>(co_await stream->readable());
  notify();
}

}  // namespace

HttpSession::HttpSession(net::Shard& shard, std::shared_ptr<net::Stream> stream, const HttpLimits& limits,
                         Answerer answer, Refuser refuser, HeadJudge judge)
    : shard_{shard},
      stream_{std::move(stream)},
      limits_{limits},
      answer_{std::move(answer)},
      refuser_{std::move(refuser)},
      judge_{std::move(judge)} {}

Task<void> HttpSession::run() {
  Result<void> ended;
  while (true) {
    const auto next = co_await exchange();
    if (!next) ended = failure(next.error());
    if (!next || *next == Next::close) break;
  }
  stream_->close();
  // How most connections end is no failure: the peer went, or was idle for too long.
  if (!ended && (timed_out_ || ended.error().code() == ErrorCode::cancelled ||
                 ended.error().code() == ErrorCode::connection_lost)) {
    ended = Result<void>{};
  }
  co_return ended;
}

/// One request and its answer.
Task<HttpSession::Next> HttpSession::exchange() {
  RequestReader reader{limits_};
  const auto received = co_await receive(reader);
  if (!received) {
    const ErrorCode code = received.error().code();
    if (code != ErrorCode::request_malformed && code != ErrorCode::request_too_large)
      co_return failure(received.error());
    MUSTER_CO_CHECK(co_await refuse(reader, reader.refused_status(), received.error()));
    co_return Next::close;
  }
  if (*received != Received::whole) co_return Next::close;
  if (reader.has_surplus()) {
    const Error error{ErrorCode::request_malformed,
                      "more bytes follow the request: wait for the answer before the next"};
    MUSTER_CO_CHECK(co_await refuse(reader, 400, error));
    co_return Next::close;
  }
  const Request request = reader.take();
  Response response = co_await answer_(request);
  if (request.method == "HEAD") response.body.clear();  // An answer to HEAD has no body, whatever it says.
  auto next = co_await respond(reader, std::move(response));
  co_return next;
}

/// `ended`: by the peer, or it was idle for too long, before another request began.
Task<HttpSession::Received> HttpSession::receive(RequestReader& reader) {
  const auto give_up = [this] {
    timed_out_ = true;
    stream_->close();
  };
  bool judged = !judge_;
  auto deadline =
      std::make_unique<net::ScopedDeadline>(shard_, shard_.clock().steady() + limits_.idle_timeout, give_up);
  while (!reader.done()) {
    MUSTER_CO_TRY(const auto io, stream_->try_read(shard_.scratch()));
    if (io.state == net::IoState::closed) co_return Received::ended;
    if (io.state == net::IoState::would_block) {
      if (reader.take_expects_continue()) {
        MUSTER_CO_CHECK(co_await write_all(std::string{kContinue}));
      }
      const auto ready = co_await stream_->readable();
      if (timed_out_) co_return Received::ended;
      if (!ready) co_return failure(ready.error());
      continue;
    }
    if (!reader.started()) {
      // The request has begun: from here the client has a fixed time, however slowly it drips. The last thing
      // it hears is 408.
      deadline = std::make_unique<net::ScopedDeadline>(
          shard_, shard_.clock().steady() + limits_.request_timeout, [this, give_up] {
            Response late = Response::text(408, "request timeout\n");
            const std::string bytes = serialize(late, true, false);
            static_cast<void>(stream_->try_write(as_bytes(bytes)));
            give_up();
          });
    }
    const auto bytes = as_text(ByteView{shard_.scratch()}.first(io.size));
    MUSTER_CO_CHECK(reader.feed(bytes));
    if (judged || reader.body_bytes() <= limits_.stranger_body_bytes_max) continue;
    judged = true;
    MUSTER_CO_TRY(const bool refused, co_await refused_by_head(reader));
    if (refused) co_return Received::refused;
  }
  co_return Received::whole;
}

Task<bool> HttpSession::refused_by_head(const RequestReader& reader) {
  std::optional<Response> refusal = co_await judge_(reader.so_far());
  if (!refusal) co_return false;
  MUSTER_CO_CHECK(co_await last_answer(*std::move(refusal)));
  co_return true;
}

Task<HttpSession::Next> HttpSession::respond(const RequestReader& reader, Response response) {
  const auto stream = std::move(response.stream);
  const auto after_written = std::move(response.after_written);
  const bool keep = reader.keep_alive() && !stream && !peer_sent_more();
  chunked_ = stream && reader.is_1_1();
  if (stream) response.body.clear();
  if (chunked_) response.headers.emplace_back("Transfer-Encoding", "chunked");
  if (!stream && response.status != 204)
    response.headers.emplace_back("Content-Length", std::to_string(response.body.size()));
  MUSTER_CO_CHECK(co_await write_all(serialize(response, reader.is_1_1(), keep)));
  if (after_written) after_written();
  if (stream) {
    MUSTER_CO_CHECK(co_await stream(static_cast<BodyWriter&>(*this)));
    if (chunked_) {
      MUSTER_CO_CHECK(co_await write_all("0\r\n\r\n"));
    }
  }
  co_return keep ? Next::keep : Next::close;
}

Task<void> HttpSession::refuse(const RequestReader& reader, unsigned status, const Error& error) {
  Response response;
  if (refuser_) {
    response = refuser_(status, error, reader.so_far());
  } else {
    log::info("rest", "refused code={} status={} remote={} reason={}", error_id(error.code()), status,
              log::field(stream_->peer().remote.address), log::field(error.reason()));
    response = Response::json(format_muster_problem({error, "", shard_.clock().wall()}), status);
  }
  co_return co_await last_answer(std::move(response));
}

Task<void> HttpSession::last_answer(Response response) {
  response.headers.emplace_back("Content-Length", std::to_string(response.body.size()));
  MUSTER_CO_CHECK(co_await write_all(serialize(response, true, false)));
  co_return co_await linger();
}

/// Closing while bytes of the peer's lie unread would reset the connection, and the peer might never see the
/// answer.
Task<void> HttpSession::linger() {
  const net::ScopedDeadline deadline{shard_, shard_.clock().steady() + limits_.linger_timeout, [this] {
                                       timed_out_ = true;
                                       stream_->close();
                                     }};
  while (true) {
    MUSTER_CO_TRY(const auto io, stream_->try_read(shard_.scratch()));
    if (io.state == net::IoState::closed) co_return Result<void>{};
    if (io.state == net::IoState::would_block) {
      MUSTER_CO_CHECK(co_await stream_->readable());
    }
  }
}

Task<void> HttpSession::write_all(std::string bytes) {
  ByteView rest = as_bytes(bytes);
  while (!rest.empty()) {
    MUSTER_CO_TRY(const auto io, stream_->try_write(rest));
    if (io.state == net::IoState::closed) co_return failure(ErrorCode::connection_lost, "the peer closed");
    if (io.state == net::IoState::done) {
      rest = rest.subspan(io.size);
      continue;
    }
    bool stalled = false;
    const net::ScopedDeadline deadline{shard_, shard_.clock().steady() + limits_.write_timeout,
                                       [this, &stalled] {
                                         stalled = true;
                                         stream_->close();
                                       }};
    const auto ready = co_await stream_->writable();
    if (stalled) co_return failure(ErrorCode::peer_stalled, "the peer took no byte in time");
    if (!ready) co_return failure(ready.error());
  }
  co_return Result<void>{};
}

/// Looks without waiting. What it reads is dropped: the connection ends after the answer.
bool HttpSession::peer_sent_more() {
  const auto io = stream_->try_read(shard_.scratch());
  return !io || io->state != net::IoState::would_block;
}

Task<void> HttpSession::write(std::string text) {
  if (text.empty()) co_return Result<void>{};
  if (!chunked_) co_return co_await write_all(std::move(text));
  co_return co_await write_all(fmt::format("{:x}\r\n{}\r\n", text.size(), text));
}

void HttpSession::on_peer_gone(std::function<void()> notify) {
  asio::co_spawn(shard_.io(), watch_peer(stream_, std::move(notify)), asio::detached);
}

}  // namespace muster::rest
