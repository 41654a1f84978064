#pragma once

#include <boost/asio.hpp>
#include <boost/beast/core.hpp>
#include <boost/beast/http.hpp>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <functional>
#include <mutex>
#include <string>
#include <thread>
#include <vector>

namespace muster::cli {

/// A control socket in a folder of its own that answers as it is told, one connection at a time, and keeps
/// what was asked.
class StubService {
 public:
  struct Asked {
    std::string method, host, target, body, if_match, continuation;
  };
  struct Answer {
    unsigned status = 200;
    std::string body = "{}";
    std::string continuation = {};
    std::string raw = {};  ///< Sent as it is in place of all the rest, and the connection closed.
  };
  using Script = std::function<Answer(const Asked&)>;

  explicit StubService(Script script) : script_{std::move(script)} {
    char name[] = "/tmp/muster-cli-XXXXXX";
    folder_ = ::mkdtemp(name);
    acceptor_ = boost::asio::local::stream_protocol::acceptor{
        context_, boost::asio::local::stream_protocol::endpoint{folder_ + "/control.sock"}};
    thread_ = std::thread{[this] { serve(); }};
  }
  ~StubService() {
    stopping_ = true;
    // A last connection wakes the accept, which nothing else would.
    boost::asio::local::stream_protocol::socket last{context_};
    boost::system::error_code ignored;
    last.connect(boost::asio::local::stream_protocol::endpoint{folder_ + "/control.sock"}, ignored);
    thread_.join();
    std::filesystem::remove_all(folder_);
  }
  StubService(const StubService&) = delete;
  StubService& operator=(const StubService&) = delete;

  const std::string& folder() const { return folder_; }
  std::vector<Asked> asked() const {
    const std::lock_guard lock{mutex_};
    return asked_;
  }

 private:
  void serve() {
    while (true) {
      boost::system::error_code code;
      boost::asio::local::stream_protocol::socket socket{context_};
      acceptor_.accept(socket, code);
      if (code || stopping_) return;
      answer(socket);
    }
  }

  void answer(boost::asio::local::stream_protocol::socket& socket) {
    namespace http = boost::beast::http;
    boost::system::error_code code;
    boost::beast::flat_buffer buffer;
    http::request<http::string_body> request;
    http::read(socket, buffer, request, code);
    if (code) return;
    const Asked asked{std::string{request.method_string()},
                      std::string{request[http::field::host]},
                      std::string{request.target()},
                      request.body(),
                      std::string{request[http::field::if_match]},
                      std::string{request["x-ms-continuation"]}};
    {
      const std::lock_guard lock{mutex_};
      asked_.push_back(asked);
    }
    const Answer answer = script_(asked);
    if (!answer.raw.empty()) {
      boost::asio::write(socket, boost::asio::buffer(answer.raw), code);
      return;
    }
    http::response<http::string_body> response{static_cast<http::status>(answer.status), 11, answer.body};
    response.set(http::field::content_type, "application/json; charset=utf-8");
    if (!answer.continuation.empty()) response.set("x-ms-continuation", answer.continuation);
    response.prepare_payload();
    http::write(socket, response, code);
  }

  Script script_;
  boost::asio::io_context context_;
  boost::asio::local::stream_protocol::acceptor acceptor_{context_};
  std::string folder_;
  std::atomic<bool> stopping_{false};
  mutable std::mutex mutex_;
  std::vector<Asked> asked_;
  std::thread thread_;
};

}  // namespace muster::cli
