#include "webhook/webhook.hpp"

#include "net/tests/identities.hpp"
#include "net/tests/loop.hpp"
#include "net/tls_stream.hpp"

#include <boost/asio/buffer.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/read_until.hpp>
#include <boost/asio/write.hpp>
#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <string>
#include <vector>

/// Custom allocation against a server on loopback that answers what a row says; time is the test's.
namespace muster::webhook {
namespace {

using asio::ip::tcp;
using namespace std::chrono_literals;

ServiceName hub(std::string_view name) { return *ServiceName::parse(name); }

std::string answer_of(unsigned status, std::string_view body) {
  return fmt::format("HTTP/1.1 {} X\r\nContent-Length: {}\r\n\r\n{}", status, body.size(), body);
}
const std::string kGood = answer_of(200, R"({"iotHubHostName":"b.azure-devices.net"})");

/// Gives its answers one after the other, the last one again and again; an empty one hangs.
class Server {
 public:
  Server(net::Loop& loop, std::vector<std::string> answers)
      : acceptor_{loop.shard.io(), {asio::ip::address_v4::loopback(), 0}}, answers_{std::move(answers)} {
    asio::co_spawn(loop.shard.io(), serve(), asio::detached);
  }
  std::uint16_t port() const { return acceptor_.local_endpoint().port(); }

  std::vector<std::string> asked;

 private:
  asio::awaitable<void> serve() {
    for (;;) {
      auto socket = std::make_shared<tcp::socket>(co_await acceptor_.async_accept(asio::use_awaitable));
      kept_.push_back(socket);
      std::string text;
      const std::size_t head = co_await asio::async_read_until(*socket, asio::dynamic_buffer(text),
                                                               "\r\n\r\n", asio::use_awaitable);
      const std::size_t at = text.find("Content-Length: ") + 16;
      const std::size_t size = std::stoul(text.substr(at));
      if (text.size() < head + size) {
        co_await asio::async_read(*socket, asio::dynamic_buffer(text),
                                  asio::transfer_exactly(head + size - text.size()), asio::use_awaitable);
      }
      asked.push_back(text);
      const std::string answer = answers_[std::min(asked.size(), answers_.size()) - 1];
      if (answer.empty()) continue;
      co_await asio::async_write(*socket, asio::buffer(answer), asio::use_awaitable);
      socket->close();
    }
  }

  tcp::acceptor acceptor_;
  std::vector<std::string> answers_;
  std::vector<std::shared_ptr<tcp::socket>> kept_;  ///< Those that hang stay open.
};

provisioning::AllocationQuestion question(std::string url) {
  EnrollmentGroup group{.dps = hub("dps"), .id = *EnrollmentGroupId::parse("g")};
  group.settings.webhook_url = std::move(url);
  provisioning::AllocationQuestion asked{.id = *RegistrationId::parse("d"),
                                         .policy = AllocationPolicy::custom,
                                         .candidates = {{hub("a"), "eastus"}, {hub("b"), "westus"}}};
  asked.context.group = std::move(group);
  asked.context.payload_json = R"({"floor":2})";
  return asked;
}

class Asking : public testing::Test {
 protected:
  net::Loop loop;
  WebhookLimits limits;

  using Pending = net::Loop::Pending<provisioning::AllocationChoice>;

  Webhook make() { return Webhook{loop.shard, *net::TlsClientContext::make({}), limits}; }
  std::shared_ptr<Pending> start(Webhook& webhook, const Server& server, std::string_view path = "/") {
    return loop.start(webhook.ask(question(fmt::format("http://127.0.0.1:{}{}", server.port(), path))));
  }
  /// Lets what can happen happen; then the clock moves, until the answer is there.
  Result<provisioning::AllocationChoice> finish(const std::shared_ptr<Pending>& pending,
                                                std::chrono::milliseconds step) {
    for (int i = 0; i < 1'000 && !pending->done(); ++i) {
      loop.shard.io().restart();
      if (loop.shard.io().run_one_for(20ms) == 0) loop.clock.advance(step);
    }
    if (!pending->done()) return failure(ErrorCode::timed_out, "the test gave up");
    return *pending->result;
  }
};

TEST_F(Asking, SendsTheQuestionAndTakesTheAnswer) {
  Server server{loop,
                {answer_of(200, R"({"iotHubHostName":"B.azure-devices.net","initialTwin":)"
                                R"({"tags":{"a":1}},"payload":{"p":2}})")}};
  Webhook webhook = make();
  const auto choice = finish(start(webhook, server, "/allocate?code=secret"), 1ms);
  ASSERT_TRUE(choice) << choice.error().reason();
  EXPECT_EQ(choice->hub, hub("b"));
  EXPECT_EQ(choice->initial_twin_json, R"({"tags":{"a":1},"properties":{"desired":{}}})");
  EXPECT_EQ(choice->payload_json, R"({"p":2})");
  EXPECT_EQ(choice->why.find("secret"), std::string::npos) << "a key may be in the query";
  ASSERT_EQ(server.asked.size(), 1u);
  const std::string& text = server.asked[0];
  EXPECT_TRUE(text.starts_with("POST /allocate?code=secret HTTP/1.1\r\n")) << text;
  const auto body = nlohmann::json::parse(text.substr(text.find("\r\n\r\n") + 4));
  EXPECT_EQ(body["enrollmentGroup"]["enrollmentGroupId"], "g");
  EXPECT_EQ(body["deviceRuntimeContext"]["registrationId"], "d");
  EXPECT_EQ(body["deviceRuntimeContext"]["payload"]["floor"], 2);
  EXPECT_EQ(body["linkedHubs"], nlohmann::json({"a.azure-devices.net", "b.azure-devices.net"}));
}

struct Row {
  const char* name;
  std::string answer;
  std::size_t asked;  ///< Times.
  const char* why;
};

class BadAnswer : public Asking, public testing::WithParamInterface<Row> {};

TEST_P(BadAnswer, FailsTheAllocationAndSaysWhy) {
  Server server{loop, {GetParam().answer}};
  Webhook webhook = make();
  const auto choice = finish(start(webhook, server), 1'000ms);
  ASSERT_FALSE(choice);
  EXPECT_EQ(choice.error().code(), ErrorCode::allocation_failed);
  EXPECT_NE(choice.error().reason().find(GetParam().why), std::string::npos) << choice.error().reason();
  EXPECT_EQ(server.asked.size(), GetParam().asked);
}

INSTANTIATE_TEST_SUITE_P(
    Rows, BadAnswer,
    testing::Values(
        Row{"another_hub", answer_of(200, R"({"iotHubHostName":"c.azure-devices.net"})"), 1,
            "c.azure-devices.net is none of the linked hubs"},
        Row{"no_hub", answer_of(200, "{}"), 1, "iotHubHostName: is missing"},
        Row{"no_host_name", answer_of(200, R"({"iotHubHostName":"b"})"), 1, "not the full host name"},
        Row{"bad_twin", answer_of(200, R"({"iotHubHostName":"b.azure-devices.net","initialTwin":7})"), 1,
            "initialTwin: "},
        Row{"not_json", answer_of(200, "hello"), 1, "not JSON"},
        Row{"empty", answer_of(204, ""), 1, "the answer of http://127.0.0.1"},
        Row{"refused", answer_of(400, "{}"), 1, "status 400"},
        Row{"redirect", "HTTP/1.1 302 X\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n", 1,
            "redirects are not followed"},
        Row{"out_of_order", answer_of(500, "{}"), 3, "status 500 (3 attempts)"},
        Row{"busy", answer_of(429, "{}"), 3, "status 429"},
        Row{"too_large", answer_of(200, std::string(65 * 1024, ' ')), 1, "larger than"},
        Row{"endless_head", "HTTP/1.1 200 X\r\n" + std::string(100 * 1024, 'a'), 1, "larger than"},
        Row{"not_http", "hello\r\n\r\n", 1, "not HTTP"},
        Row{"cut_off", "HTTP/1.1 200 X\r\nContent-Length: 10\r\n\r\nabc", 3, "ended before the answer did"},
        Row{"hangs", "", 3, "no whole answer came within 10000 ms"}),
    [](const auto& row) { return std::string{row.param.name}; });

TEST_F(Asking, AsksAgainWhoIsOutOfOrder) {
  Server server{loop, {answer_of(503, ""), kGood}};
  Webhook webhook = make();
  const auto choice = finish(start(webhook, server), 100ms);
  ASSERT_TRUE(choice) << choice.error().reason();
  EXPECT_EQ(server.asked.size(), 2u);
}

TEST_F(Asking, ABodyMayComeInChunksOrUntilTheEnd) {
  Server server{loop,
                {"HTTP/1.1 200 X\r\nTransfer-Encoding: chunked\r\n\r\n28\r\n"
                 R"({"iotHubHostName":"b.azure-devices.net"})"
                 "\r\n0\r\n\r\n",
                 "HTTP/1.1 200 X\r\n\r\n"
                 R"({"iotHubHostName":"b.azure-devices.net"})"}};
  Webhook webhook = make();
  EXPECT_TRUE(finish(start(webhook, server), 1ms));
  EXPECT_TRUE(finish(start(webhook, server), 1ms));
}

TEST_F(Asking, NobodyListens) {
  std::uint16_t port = 0;
  {
    const tcp::acceptor acceptor{loop.shard.io(), {asio::ip::address_v4::loopback(), 0}};
    port = acceptor.local_endpoint().port();
  }
  Webhook webhook = make();
  const auto choice =
      finish(loop.start(webhook.ask(question(fmt::format("http://localhost:{}/", port)))), 100ms);
  ASSERT_FALSE(choice);
  EXPECT_NE(choice.error().reason().find("(3 attempts)"), std::string::npos) << choice.error().reason();
}

TEST_F(Asking, MoreThanItsShareWaitForTheirTurnAndNotForEver) {
  limits.calls_max = 1;
  limits.attempts_max = 1;
  limits.post.answer_timeout = 7'000ms;
  limits.wait_timeout = 5'000ms;
  Server server{loop, {"", kGood}};
  Webhook webhook = make();
  const auto first = start(webhook, server);
  loop.until([&] { return server.asked.size() == 1; });
  const auto second = start(webhook, server);
  const auto late = finish(second, 5'000ms);
  ASSERT_FALSE(late);
  EXPECT_NE(late.error().reason().find("1 calls were under way for 5000 ms"), std::string::npos)
      << late.error().reason();
  const auto third = start(webhook, server);
  EXPECT_FALSE(finish(first, 2'500ms)) << "it hung";
  EXPECT_TRUE(finish(third, 1ms)) << "the turn is handed on";
}

TEST_F(Asking, PlainHttpIsForLoopbackAlone) {
  Webhook webhook = make();
  for (const char* url : {"http://192.0.2.1/", "http://example.com/", "ftp://127.0.0.1/", "", "https://",
                          "https://user@host/", "http://127.0.0.1.example.com/"}) {
    const auto choice = finish(loop.start(webhook.ask(question(url))), 1ms);
    ASSERT_FALSE(choice) << url;
    EXPECT_NE(choice.error().reason().find("the webhook URL"), std::string::npos) << choice.error().reason();
  }
}

/// One connection: the handshake, the request's first bytes, an answer.
Task<void> serve_tls(net::Shard& shard, tcp::acceptor& acceptor, const net::TlsServerContext& context) {
  tcp::socket socket = co_await acceptor.async_accept(asio::use_awaitable);
  net::Accepted accepted{net::Descriptor{socket.release()}, {}};
  net::TlsStream stream{shard, std::move(accepted), context};
  MUSTER_CO_CHECK(co_await stream.handshake());
  MUSTER_CO_CHECK(co_await net::read_exactly(stream, 4));
  MUSTER_CO_CHECK(co_await net::write_all(stream, kGood));
  stream.end_writing();
  co_return Result<void>{};
}

TEST_F(Asking, HttpsIsBelievedByTheRootsAlone) {
  const auto& identities = net::Identities::get();
  const auto context = identities.server();
  limits.attempts_max = 1;
  net::TlsClientOptions with_root;
  with_root.system_roots_too = true;
  with_root.roots = {identities.server_ca.certificate};
  for (const bool trusted : {false, true}) {
    tcp::acceptor acceptor{loop.shard.io(), {asio::ip::address_v4::loopback(), 0}};
    const auto served = loop.start(serve_tls(loop.shard, acceptor, *context));
    auto roots = net::TlsClientContext::make(trusted ? with_root : net::TlsClientOptions{});
    Webhook webhook{loop.shard, *roots, limits};
    const auto url = fmt::format("https://localhost:{}/", acceptor.local_endpoint().port());
    const auto choice = finish(loop.start(webhook.ask(question(url))), 1ms);
    EXPECT_EQ(choice.has_value(), trusted) << (choice ? "" : choice.error().reason());
    loop.until([&] { return served->done(); });
  }
}

}  // namespace
}  // namespace muster::webhook
