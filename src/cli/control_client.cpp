#include "cli/control_client.hpp"

#include "cli/control_connection.hpp"
#include "muster/ids.hpp"

#include <fmt/format.h>

namespace muster::cli {
namespace {

constexpr auto kTuple = asio::as_tuple(asio::use_awaitable);

asio::awaitable<Result<Response>> exchange(std::string socket_path, Request request) {
  auto connected = co_await connect_control(socket_path);
  if (!connected) co_return failure(std::move(connected).error());
  ControlStream stream = std::move(*connected);
  auto sent = co_await write_request(stream, socket_path, std::move(request));
  if (!sent) co_return failure(std::move(sent).error());

  beast::flat_buffer buffer;
  http::response_parser<http::string_body> parser;
  parser.body_limit(kResponseBytesMax);
  auto [code, read] = co_await http::async_read(stream, buffer, parser, kTuple);
  if (code) co_return failure(broken(socket_path, code));
  Response response = head_of(parser.get());
  response.body = std::move(parser.get().body());
  co_return response;
}

}  // namespace

Result<Response> send_request(const std::string& socket_path, const Request& request) {
  asio::io_context context{1};
  Result<Response> result = failure(ErrorCode::service_unreachable, "the request was not sent");
  asio::co_spawn(context, exchange(socket_path, request),
                 [&result](const std::exception_ptr& thrown, Result<Response> outcome) {
                   // Only an allocation can throw in there, and out of memory ends the process.
                   if (thrown) std::terminate();
                   result = std::move(outcome);
                 });
  context.run();
  return result;
}

std::string describe_request(const Request& request) {
  std::string text = fmt::format("{} {} HTTP/1.1\nHost: {}\n", request.method, request.target, request.host);
  for (const auto& [name, value] : request.headers) text += fmt::format("{}: {}\n", name, value);
  if (!request.body.empty()) text += fmt::format("\n{}\n", request.body);
  return text;
}

std::string percent_encoded(std::string_view text) {
  std::string encoded;
  for (const char c : text) {
    if (is_ascii_alnum(c) || std::string_view{"-._~"}.find(c) != std::string_view::npos) {
      encoded += c;
    } else {
      encoded += fmt::format("%{:02X}", static_cast<unsigned char>(c));
    }
  }
  return encoded;
}

}  // namespace muster::cli
