#pragma once

#include "base/result.hpp"
#include "gateway/rest/http_limits.hpp"
#include "gateway/rest/http_message.hpp"

#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace muster::rest {

/// Bytes in, one request out: the gate of http_head, then Beast's parser. Pure; one for each request.
class RequestReader {
 public:
  explicit RequestReader(const HttpLimits& limits);
  ~RequestReader();

  /// Takes bytes as they come. request_malformed, request_too_large (refused_status() says 413, 414 or 431);
  /// nothing may be fed after a failure.
  Result<void> feed(std::string_view bytes);

  bool started() const noexcept;            ///< A byte of the request has come.
  bool done() const noexcept;               ///< The request is whole.
  std::size_t body_bytes() const noexcept;  ///< So much of the body has come.
  /// The client asked for "100 Continue" and still holds its body back. True once.
  bool take_expects_continue() noexcept;
  /// Bytes beyond the request: the client did not wait for its answer.
  bool has_surplus() const noexcept;
  unsigned refused_status() const noexcept { return refused_status_; }

  /// Method, target and headers, once the head has come and was good; else empty.
  const Request& so_far() const noexcept { return request_; }

  bool keep_alive() const;
  bool is_1_1() const;
  Request take();

 private:
  struct Parser;
  Result<void> feed_head(std::string_view bytes);
  Result<void> parse_head(std::string_view head);
  Result<void> parse_body();
  tl::unexpected<Error> refuse_body();
  tl::unexpected<Error> refuse(unsigned status, ErrorCode code, std::string reason);

  const HttpLimits limits_;
  std::unique_ptr<Parser> parser_;
  std::string inbox_;  ///< What the parser has not taken.
  Request request_;
  unsigned refused_status_ = 400;
  bool head_done_ = false;
  bool expects_continue_ = false;
};

}  // namespace muster::rest
