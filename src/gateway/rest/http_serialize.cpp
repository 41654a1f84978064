#include "gateway/rest/http_session.hpp"

#include <boost/asio/buffers_iterator.hpp>
#include <boost/beast/http/empty_body.hpp>
#include <boost/beast/http/message.hpp>
#include <boost/beast/http/serializer.hpp>

namespace muster::rest {
namespace {

namespace http = boost::beast::http;

/// What the serializer shows of a head, appended to text.
struct Append {
  std::string& into;
  std::size_t size = 0;

  template <typename Buffers>
  void operator()(boost::beast::error_code& ec, const Buffers& buffers) {
    ec = {};
    for (auto it = boost::asio::buffer_sequence_begin(buffers);
         it != boost::asio::buffer_sequence_end(buffers); ++it) {
      const boost::asio::const_buffer buffer{*it};
      into.append(static_cast<const char*>(buffer.data()), buffer.size());
      size += buffer.size();
    }
  }
};

}  // namespace

std::string serialize(const Response& response, bool is_1_1, bool keep_alive) {
  http::response<http::empty_body> message{http::int_to_status(response.status), is_1_1 ? 11u : 10u};
  message.result(response.status);
  message.set(http::field::server, "muster");
  for (const auto& [name, value] : response.headers) message.insert(name, value);
  message.keep_alive(keep_alive);

  std::string bytes;
  http::response_serializer<http::empty_body> serializer{message};
  boost::beast::error_code ec;
  while (!serializer.is_header_done()) {
    Append append{bytes};
    serializer.next(ec, append);
    if (ec) break;
    serializer.consume(append.size);
  }
  return bytes += response.body;
}

}  // namespace muster::rest
