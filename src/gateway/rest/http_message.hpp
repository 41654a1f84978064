#pragma once

#include "base/task.hpp"
#include "muster/ids.hpp"

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace muster::rest {

using Header = std::pair<std::string, std::string>;

/// One whole request, as it came.
struct Request {
  std::string method;
  std::string target;  ///< Origin form, still percent-encoded.
  std::vector<Header> headers;
  std::string body;

  /// The first of that name, in any case of letters.
  std::optional<std::string_view> header(std::string_view name) const {
    for (const auto& [key, value] : headers) {
      if (equals_ignoring_case(key, name)) return value;
    }
    return std::nullopt;
  }
};

/// Where a streaming answer goes. Lives on the session's shard.
class BodyWriter {
 public:
  virtual ~BodyWriter() = default;
  /// Waits until the peer's buffers have taken all of it. connection_lost, peer_stalled.
  virtual Task<void> write(std::string text) = 0;
  /// Calls `notify` once, on the shard, when the peer has closed or sent anything more: the stream is to end.
  virtual void on_peer_gone(std::function<void()> notify) = 0;
};

/// One answer. With `stream` the body has no known length: it is called once the head is written, and the
/// connection ends after it.
struct Response {
  unsigned status = 200;
  std::vector<Header> headers;
  std::string body;
  std::function<Task<void>(BodyWriter&)> stream;
  std::function<void()> after_written;  ///< Called once the peer has the answer.

  static Response json(std::string body, unsigned status = 200) {
    Response response;
    response.status = status;
    response.headers = {{"Content-Type", "application/json; charset=utf-8"}};
    response.body = std::move(body);
    return response;
  }
  static Response text(unsigned status, std::string body) {
    Response response;
    response.status = status;
    response.headers = {{"Content-Type", "text/plain; charset=utf-8"}};
    response.body = std::move(body);
    return response;
  }
  static Response no_content() {
    Response response;
    response.status = 204;
    return response;
  }
  Response&& with(std::string name, std::string value) && {
    headers.emplace_back(std::move(name), std::move(value));
    return std::move(*this);
  }
};

}  // namespace muster::rest
