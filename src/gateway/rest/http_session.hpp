#pragma once

#include "base/task.hpp"
#include "gateway/rest/http_limits.hpp"
#include "gateway/rest/http_message.hpp"
#include "net/shard.hpp"
#include "net/stream.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>

namespace muster::rest {

/// Makes the answer to one request. Never fails: what fails is an answer too.
using Answerer = std::function<asio::awaitable<Response>(const Request&)>;

/// Makes the answer to what is no request, or too large a one: of it, as far as its head was read.
using Refuser = std::function<Response(unsigned status, const Error& error, const Request& so_far)>;

/// Asked once of a request whose head has come, before much of its body is kept: the answer, if it is
/// refused.
using HeadJudge = std::function<asio::awaitable<std::optional<Response>>(const Request& head)>;

/// One HTTP/1.1 connection for its whole life: request, answer, request, ... One shard; one coroutine. A
/// second request before the first is answered (pipelining) is refused: with 400 when it comes with the
/// first, else by closing after the answer.
class HttpSession final : private BodyWriter {
 public:
  HttpSession(net::Shard& shard, std::shared_ptr<net::Stream> stream, const HttpLimits& limits,
              Answerer answer, Refuser refuser = {}, HeadJudge judge = {});

  /// Runs until the connection ends; closes it. Succeeds for every ordinary end, timeouts included.
  Task<void> run();

 private:
  enum class Next : bool { close, keep };

  Task<Next> exchange();
  enum class Received : std::uint8_t { whole, ended, refused };

  Task<Received> receive(class RequestReader& reader);
  /// True: it was answered with a refusal.
  Task<bool> refused_by_head(const class RequestReader& reader);
  Task<Next> respond(const class RequestReader& reader, Response response);
  Task<void> refuse(const class RequestReader& reader, unsigned status, const Error& error);
  Task<void> last_answer(Response response);
  Task<void> linger();
  Task<void> write_all(std::string bytes);
  bool peer_sent_more();

  Task<void> write(std::string text) override;
  void on_peer_gone(std::function<void()> notify) override;

  net::Shard& shard_;
  std::shared_ptr<net::Stream> stream_;
  const HttpLimits limits_;
  Answerer answer_;
  Refuser refuser_;       ///< Empty: muster's own form.
  HeadJudge judge_;       ///< Empty: every head is good.
  bool chunked_ = false;  ///< Of the streaming answer under way.
  bool timed_out_ = false;
};

/// The head and body of an answer as bytes, by Beast's serializer. `length_known` false: Transfer-Encoding
/// chunked in 1.1.
std::string serialize(const Response& response, bool is_1_1, bool keep_alive);

}  // namespace muster::rest
