#include "cli/control_connection.hpp"

#include "muster/ids.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/un.h>
#include <unistd.h>

#include <filesystem>

namespace muster::cli {
namespace {

constexpr std::chrono::seconds kConnectTimeout{5};
constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);

/// A folder held open, so that a socket in it can be named by a short path: sun_path holds 107 bytes and a
/// world may lie deeper than that.
class HeldFolder {
 public:
  explicit HeldFolder(const std::string& folder) : descriptor_{::open(folder.c_str(), O_PATH | O_CLOEXEC)} {}
  HeldFolder(const HeldFolder&) = delete;
  HeldFolder& operator=(const HeldFolder&) = delete;
  ~HeldFolder() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  std::string path() const { return fmt::format("/proc/self/fd/{}", descriptor_); }

 private:
  int descriptor_;
};

Error connect_error(const std::string& socket_path, const boost::system::error_code& code) {
  if (code == boost::system::errc::permission_denied) {
    return Error{ErrorCode::permission_denied, fmt::format("{} belongs to another user", socket_path)};
  }
  if (code == boost::system::errc::no_such_file_or_directory ||
      code == boost::system::errc::connection_refused) {
    return Error{ErrorCode::not_running, fmt::format("nothing listens at {}", socket_path)};
  }
  return broken(socket_path, code);
}

http::request<http::string_body> to_http(const Request& request) {
  http::request<http::string_body> message;
  message.method_string(request.method);
  message.target(request.target);
  message.version(11);
  message.set(http::field::host, request.host);
  message.set(http::field::user_agent, "muster-cli");
  message.set(http::field::accept, "application/json");
  message.set(http::field::connection, "close");
  for (const auto& [name, value] : request.headers) message.set(name, value);
  if (!request.body.empty()) message.set(http::field::content_type, "application/json; charset=utf-8");
  message.body() = request.body;
  message.prepare_payload();
  // Azure's clients send the length of an empty body too (service/09).
  if (request.body.empty() && request.method != "GET") message.set(http::field::content_length, "0");
  return message;
}

}  // namespace

Error broken(const std::string& socket_path, const boost::system::error_code& code) {
  if (code == beast::error::timeout) {
    return Error{ErrorCode::service_unreachable, fmt::format("{} did not answer in time", socket_path)};
  }
  if (code == http::error::end_of_stream || code == http::error::partial_message ||
      code == asio::error::eof) {
    return Error{ErrorCode::service_unreachable,
                 fmt::format("the service closed the connection at {}", socket_path)};
  }
  return Error{ErrorCode::service_unreachable, fmt::format("{}: {}", socket_path, code.message())};
}

asio::awaitable<Result<ControlStream>> connect_control(std::string socket_path) {
  ControlStream stream{co_await asio::this_coro::executor};
  const std::filesystem::path path{socket_path};
  const HeldFolder folder{path.parent_path().empty() ? "." : path.parent_path().string()};
  const bool fits = socket_path.size() < sizeof(sockaddr_un{}.sun_path);
  const asio::local::stream_protocol::endpoint endpoint{
      fits ? socket_path : fmt::format("{}/{}", folder.path(), path.filename().string())};
  stream.expires_after(kConnectTimeout);
  auto [code] = co_await stream.async_connect(endpoint, kTuple);
  if (code) co_return failure(connect_error(socket_path, code));
  co_return stream;
}

asio::awaitable<Result<void>> write_request(ControlStream& stream, std::string socket_path, Request request) {
  stream.expires_after(kAnswerTimeout);
  const auto message = to_http(request);
  auto [code, written] = co_await http::async_write(stream, message, kTuple);
  if (code) co_return failure(broken(socket_path, code));
  co_return Result<void>{};
}

Response head_of(const http::response_header<>& header) {
  Response response;
  response.status = header.result_int();
  for (const auto& field : header) {
    response.headers[ascii_lower(std::string_view{field.name_string()})] = std::string{field.value()};
  }
  return response;
}

}  // namespace muster::cli
