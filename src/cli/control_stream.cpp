#include "cli/control_connection.hpp"

#include <fmt/format.h>

#include <array>
#include <csignal>

namespace muster::cli {
namespace {

constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);
constexpr std::size_t kRefusalBytesMax = 1u << 20;

/// One stream being followed: the connection, and the two things that may end it from outside.
class Follower {
 public:
  Follower(asio::io_context& context, std::string socket_path, std::chrono::seconds silence)
      : socket_path_{std::move(socket_path)},
        silence_{silence},
        quiet_{context},
        signals_{context, SIGINT, SIGTERM} {
    parser_.body_limit(boost::none);  // A stream has no end; memory is bounded by chunk_.
    signals_.async_wait([this](const boost::system::error_code& code, int) {
      if (!code) end(StreamEnd::interrupted);
    });
    restart_silence();
  }

  asio::awaitable<Result<StreamEnd>> run(Request request, std::function<Heard(std::string_view)> read,
                                         std::function<Error(const Response&)> refused) {
    Result<StreamEnd> outcome = co_await follow(std::move(request), std::move(read), std::move(refused));
    quiet_.cancel();
    signals_.cancel();
    if (end_) co_return *end_;
    co_return outcome;
  }

 private:
  void end(StreamEnd why) {
    if (!end_) end_ = why;
    if (stream_) stream_->cancel();
  }

  void restart_silence() {
    if (silence_.count() == 0) return;
    quiet_.expires_after(silence_);
    quiet_.async_wait([this](const boost::system::error_code& code) {
      if (!code) end(StreamEnd::silence);
    });
  }

  asio::awaitable<Result<StreamEnd>> follow(Request request, std::function<Heard(std::string_view)> read,
                                            std::function<Error(const Response&)> refused) {
    auto connected = co_await connect_control(socket_path_);
    if (!connected) co_return failure(std::move(connected).error());
    stream_ = std::make_unique<ControlStream>(std::move(*connected));
    auto sent = co_await write_request(*stream_, socket_path_, std::move(request));
    if (!sent) co_return failure(std::move(sent).error());
    auto [head_code, head] = co_await http::async_read_header(*stream_, buffer_, parser_, kTuple);
    if (head_code) co_return failure(broken(socket_path_, head_code));

    Response response = head_of(parser_.get());
    while (true) {
      if (end_) co_return *end_;
      auto chunk = co_await next_chunk();
      if (response.status != 200) {
        if (chunk) response.body += *chunk;
        if (!chunk || parser_.is_done() || response.body.size() > kRefusalBytesMax) {
          co_return failure(refused(response));
        }
        continue;
      }
      if (!chunk) co_return failure(std::move(chunk).error());
      const Heard heard = read(*chunk);
      if (heard == Heard::enough) co_return StreamEnd::enough;
      if (heard == Heard::event) restart_silence();
    }
  }

  /// The next bytes of the body, as they come; service_unreachable at its end.
  asio::awaitable<Result<std::string_view>> next_chunk() {
    if (parser_.is_done()) co_return failure(broken(socket_path_, http::error::end_of_stream));
    parser_.get().body().data = chunk_.data();
    parser_.get().body().size = chunk_.size();
    stream_->expires_after(kStreamSilenceMax);
    auto [code, size] = co_await http::async_read_some(*stream_, buffer_, parser_, kTuple);
    if (code && code != http::error::need_buffer) co_return failure(broken(socket_path_, code));
    co_return std::string_view{chunk_.data(), chunk_.size() - parser_.get().body().size};
  }

  std::string socket_path_;
  std::chrono::seconds silence_;
  asio::steady_timer quiet_;
  asio::signal_set signals_;
  std::optional<StreamEnd> end_;
  std::unique_ptr<ControlStream> stream_;
  beast::flat_buffer buffer_;
  std::array<char, 16384> chunk_{};
  http::response_parser<http::buffer_body> parser_;
};

}  // namespace

Result<StreamEnd> follow_stream(const std::string& socket_path, const Request& request,
                                std::chrono::seconds silence,
                                const std::function<Heard(std::string_view)>& read,
                                const std::function<Error(const Response&)>& refused) {
  asio::io_context context{1};
  Follower follower{context, socket_path, silence};
  Result<StreamEnd> result = failure(ErrorCode::service_unreachable, "the stream was not opened");
  asio::co_spawn(context, follower.run(request, read, refused),
                 [&result](const std::exception_ptr& thrown, Result<StreamEnd> outcome) {
                   if (thrown) std::terminate();
                   result = std::move(outcome);
                 });
  context.run();
  return result;
}

}  // namespace muster::cli
