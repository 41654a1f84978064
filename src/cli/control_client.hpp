#pragma once

#include "base/result.hpp"

#include <chrono>
#include <functional>
#include <map>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace muster::cli {

/// One REST call over a world's control socket. `host` says which service is meant, as it would on the
/// network (docs/reference/control-rest.md).
struct Request {
  std::string method = "GET";
  std::string host{};
  std::string target{};  ///< Path and query, percent-encoded.
  std::string body{};    ///< JSON, or empty.
  std::vector<std::pair<std::string, std::string>> headers{};
};

struct Response {
  unsigned status = 0;
  std::map<std::string, std::string> headers;  ///< Names in lower case.
  std::string body;
};

/// Named limits of the client: a service that hangs or floods must not take the terminal with it.
inline constexpr std::chrono::seconds kAnswerTimeout{60};
inline constexpr std::chrono::seconds kStreamSilenceMax{60};  ///< The service sends a comment every 15 s.
inline constexpr std::uint64_t kResponseBytesMax = 256u << 20;

/// Sends one request and waits for the whole answer, whatever its status.
///
/// Errors    not_running          nothing listens at the socket
///           permission_denied    the socket is another user's
///           service_unreachable  the connection broke, or no answer came within kAnswerTimeout: the request
///           may or may
///                                not have been carried out
/// Threads   blocks the caller.
Result<Response> send_request(const std::string& socket_path, const Request& request);

/// What the reader of a stream made of the bytes it was given.
enum class Heard : std::uint8_t { nothing, event, enough };
/// Why following a stream ended, when it ended well.
enum class StreamEnd : std::uint8_t { silence, interrupted, enough };

/// Sends one request and hands its body on as it arrives, until `read` has enough, no event came for
/// `silence` (zero: for ever), or the process is told to stop by SIGINT or SIGTERM.
///
/// Errors    as send_request; service_unreachable also when the service ends the stream. An answer other than
/// 200 is
///           returned by `refused` as it came.
Result<StreamEnd> follow_stream(const std::string& socket_path, const Request& request,
                                std::chrono::seconds silence,
                                const std::function<Heard(std::string_view)>& read,
                                const std::function<Error(const Response&)>& refused);

/// The request as HTTP, for --show-request.
std::string describe_request(const Request& request);

/// Percent-encodes everything but RFC 3986's unreserved characters: for one path segment or one query value.
std::string percent_encoded(std::string_view text);

}  // namespace muster::cli
