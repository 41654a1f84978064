#include "gateway/rest/http_session.hpp"

#include "gateway/rest/tests/scripted_stream.hpp"
#include "net/tests/loop.hpp"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace muster::rest {
namespace {

using namespace std::chrono_literals;

/// A session whose answers are the request's target, on a clock that stands still.
class HttpSessionTest : public testing::Test {
 protected:
  net::Loop loop;
  HttpLimits limits;
  std::shared_ptr<ScriptedStream> stream = std::make_shared<ScriptedStream>(loop.shard);
  std::unique_ptr<net::Signal> gate = std::make_unique<net::Signal>(loop.shard);
  int answered = 0;
  bool hold = false;
  std::function<Task<void>(BodyWriter&)> body;
  HeadJudge judge;
  std::unique_ptr<HttpSession> session;
  std::shared_ptr<net::Loop::Pending<void>> ended;

  static asio::awaitable<Response> answer_to(HttpSessionTest* test, const Request& request) {
    ++test->answered;
    if (test->hold) static_cast<void>(co_await test->gate->wait());
    Response response = Response::text(200, request.target + request.body);
    response.stream = test->body;
    co_return response;
  }
  void serve() {
    session = std::make_unique<HttpSession>(
        loop.shard, stream, limits, [this](const Request& request) { return answer_to(this, request); },
        Refuser{}, judge);
    ended = loop.start(session->run());
    loop.shard.poll();
  }
  void send(std::string_view text) {
    stream->peer_sends(text);
    loop.shard.poll();
  }
  void advance(std::chrono::nanoseconds by) {
    loop.clock.advance(by);
    loop.shard.poll();
  }
  void TearDown() override {
    stream->close();
    gate->close();
    loop.shard.poll();
    EXPECT_TRUE(ended->done());
  }
};

TEST_F(HttpSessionTest, AnswersRequestAfterRequestOnOneConnection) {
  serve();
  send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_NE(stream->sent.find("HTTP/1.1 200 OK\r\n"), std::string::npos) << stream->sent;
  EXPECT_NE(stream->sent.find("Content-Length: 2\r\n"), std::string::npos) << stream->sent;
  EXPECT_TRUE(stream->sent.ends_with("\r\n\r\n/a")) << stream->sent;
  send("POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\n\r\n");
  send("hi");
  EXPECT_TRUE(stream->sent.ends_with("/bhi"));
  EXPECT_FALSE(stream->closed);
  EXPECT_EQ(answered, 2);
}

asio::awaitable<std::optional<Response>> judge_by_target(const Request& head) {
  if (head.target == "/mine") co_return std::nullopt;
  co_return Response::text(401, "not yours");
}

TEST_F(HttpSessionTest, LargeBodyIsKeptForThoseWhoMayMakeTheCall) {
  struct Row {
    std::string_view target;
    std::size_t sent;
    std::string_view answer;  ///< When so much has been sent.
  };
  constexpr std::string_view kNothing;
  for (const Row& row : {Row{"/mine", 16 * 1024 + 1, kNothing}, Row{"/theirs", 16 * 1024, kNothing},
                         Row{"/theirs", 16 * 1024 + 1, "HTTP/1.1 401"}}) {
    stream = std::make_shared<ScriptedStream>(loop.shard);
    judge = judge_by_target;
    serve();
    send(fmt::format("POST {} HTTP/1.1\r\nHost: h\r\nContent-Length: 100000\r\n\r\n", row.target));
    send(std::string(row.sent, 'x'));
    EXPECT_EQ(stream->sent.substr(0, 12), row.answer) << row.target << row.sent;
    send(std::string(100'000 - row.sent, 'x'));
    EXPECT_EQ(std::exchange(answered, 0), row.target == "/mine" ? 1 : 0) << row.target << row.sent;
    stream->close();
    loop.shard.poll();
  }
}

TEST_F(HttpSessionTest, ClosesWhereTheClientWantsIt) {
  struct Row {
    const char* request;
    bool closes;
  };
  for (const Row row : {Row{"GET / HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n", true},
                        Row{"GET / HTTP/1.0\r\n\r\n", true},
                        Row{"GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", false}}) {
    stream = std::make_shared<ScriptedStream>(loop.shard);
    serve();
    send(row.request);
    EXPECT_EQ(stream->closed, row.closes) << row.request;
    stream->close();
    loop.shard.poll();
  }
}

TEST_F(HttpSessionTest, RefusesTwoRequestsAtOnceAndRunsNeither) {
  serve();
  send("GET /a HTTP/1.1\r\nHost: h\r\n\r\nGET /b HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_EQ(answered, 0);
  EXPECT_TRUE(stream->sent.starts_with("HTTP/1.1 400 ")) << stream->sent;
  EXPECT_NE(stream->sent.find("Connection: close"), std::string::npos);
  EXPECT_FALSE(stream->closed) << "what the peer still sends is read, so that it sees the answer";
  advance(limits.linger_timeout);
  EXPECT_TRUE(stream->closed);
}

TEST_F(HttpSessionTest, ASecondRequestBeforeTheAnswerEndsTheConnection) {
  hold = true;
  serve();
  send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
  send("GET /b HTTP/1.1\r\nHost: h\r\n\r\n");
  gate->notify();
  loop.shard.poll();
  EXPECT_EQ(answered, 1);
  EXPECT_TRUE(stream->sent.ends_with("/a"));
  EXPECT_NE(stream->sent.find("Connection: close"), std::string::npos);
  EXPECT_TRUE(stream->closed);
}

TEST_F(HttpSessionTest, MalformedGetsOneAnswerAndIsCut) {
  serve();
  send("GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n");
  EXPECT_TRUE(stream->sent.starts_with("HTTP/1.1 400 ")) << stream->sent;
  EXPECT_NE(stream->sent.find("MU-4001"), std::string::npos);
  const std::size_t size = stream->sent.size();
  send("GET /b HTTP/1.1\r\nHost: h\r\n\r\n");
  stream->peer_closes();
  loop.shard.poll();
  EXPECT_EQ(stream->sent.size(), size);
  EXPECT_EQ(answered, 0);
  EXPECT_TRUE(stream->closed);
}

TEST_F(HttpSessionTest, TooLargeIsSaidWithItsOwnStatus) {
  limits.body_bytes_max = 10;
  serve();
  send("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 11\r\n\r\n");
  EXPECT_TRUE(stream->sent.starts_with("HTTP/1.1 413 ")) << stream->sent;
  advance(limits.linger_timeout);
  EXPECT_TRUE(stream->closed);
}

TEST_F(HttpSessionTest, AnIdleConnectionIsClosedWithoutAWord) {
  serve();
  advance(limits.idle_timeout - 1s);
  EXPECT_FALSE(stream->closed);
  advance(1s);
  EXPECT_TRUE(stream->closed);
  EXPECT_EQ(stream->sent, "");
  ASSERT_TRUE(ended->done());
  EXPECT_TRUE(*ended->result);
}

TEST_F(HttpSessionTest, ARequestHasAFixedTimeHoweverItDrips) {
  serve();
  send("GET / HTTP/1.1\r\n");
  for (auto waited = 0s; waited < limits.request_timeout; waited += 5s) {
    EXPECT_FALSE(stream->closed);
    send("X: y\r\n");
    advance(5s);
  }
  EXPECT_TRUE(stream->closed);
  EXPECT_TRUE(stream->sent.starts_with("HTTP/1.1 408 ")) << stream->sent;
}

TEST_F(HttpSessionTest, ASlowAnswerIsNoTimeoutOfTheRequest) {
  hold = true;
  serve();
  send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
  advance(limits.request_timeout + limits.idle_timeout);
  gate->notify();
  loop.shard.poll();
  EXPECT_TRUE(stream->sent.ends_with("/a"));
  EXPECT_FALSE(stream->closed);
}

TEST_F(HttpSessionTest, APeerThatTakesNothingIsCut) {
  serve();
  stream->peer_takes(5);
  send("GET /a HTTP/1.1\r\nHost: h\r\n\r\n");
  advance(limits.write_timeout - 1s);
  EXPECT_FALSE(stream->closed);
  stream->peer_takes(5);
  loop.shard.poll();
  advance(limits.write_timeout - 1s);
  EXPECT_FALSE(stream->closed) << "every byte taken gives new time";
  advance(1s);
  EXPECT_TRUE(stream->closed);
  ASSERT_TRUE(ended->done());
  ASSERT_FALSE(*ended->result);
  EXPECT_EQ(ended->result->error().code(), ErrorCode::peer_stalled);
}

TEST_F(HttpSessionTest, InvitesABodyThatIsHeldBack) {
  serve();
  send("POST /b HTTP/1.1\r\nHost: h\r\nContent-Length: 2\r\nExpect: 100-continue\r\n\r\n");
  EXPECT_EQ(stream->sent, "HTTP/1.1 100 Continue\r\n\r\n");
  send("hi");
  EXPECT_TRUE(stream->sent.ends_with("/bhi"));
}

TEST_F(HttpSessionTest, HeadHasNoBody) {
  serve();
  send("HEAD /a HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_TRUE(stream->sent.ends_with("\r\n\r\n")) << stream->sent;
}

Task<void> two_writes(BodyWriter& writer) {
  MUSTER_CO_CHECK(co_await writer.write("hello"));
  co_return co_await writer.write("0123456789abcdef");
}

TEST_F(HttpSessionTest, StreamsInChunksAndEndsTheConnection) {
  body = two_writes;
  serve();
  send("GET / HTTP/1.1\r\nHost: h\r\n\r\n");
  EXPECT_NE(stream->sent.find("Transfer-Encoding: chunked\r\n"), std::string::npos) << stream->sent;
  EXPECT_TRUE(stream->sent.ends_with("\r\n\r\n5\r\nhello\r\n10\r\n0123456789abcdef\r\n0\r\n\r\n"))
      << stream->sent;
  EXPECT_TRUE(stream->closed);
}

TEST_F(HttpSessionTest, StreamsToHttp10UntilTheEnd) {
  body = two_writes;
  serve();
  send("GET / HTTP/1.0\r\n\r\n");
  EXPECT_TRUE(stream->sent.ends_with("\r\n\r\nhello0123456789abcdef")) << stream->sent;
  EXPECT_TRUE(stream->closed);
}

}  // namespace
}  // namespace muster::rest
