#pragma once

#include "cli/control_client.hpp"

#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>

#include <string>

namespace muster::cli {

namespace asio = boost::asio;
namespace beast = boost::beast;
namespace http = boost::beast::http;

/// A Unix stream socket with deadlines.
using ControlStream = beast::basic_stream<asio::local::stream_protocol>;

/// A connected stream, or not_running, permission_denied or service_unreachable.
asio::awaitable<Result<ControlStream>> connect_control(std::string socket_path);

/// Sends the request and gives its answer kAnswerTimeout to begin and end; service_unreachable.
asio::awaitable<Result<void>> write_request(ControlStream& stream, std::string socket_path, Request request);
Response head_of(const http::response_header<>& header);

/// A connection that broke: service_unreachable with what the system said.
Error broken(const std::string& socket_path, const boost::system::error_code& code);

}  // namespace muster::cli
