#include "eventlog/tests/forwarding_log.hpp"
#include "gateway/rest/event_source.hpp"
#include "gateway/rest/tests/world.hpp"

#include <algorithm>
#include <functional>
#include <vector>

namespace muster::rest {
namespace {

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (auto at = text.find(part); at != std::string_view::npos; at = text.find(part, at + 1)) ++found;
  return found;
}

/// The `id:` values of a stream's text, in order.
std::vector<std::string> ids_of(const std::string& text) {
  std::vector<std::string> ids;
  const std::string lines = "\n" + text;
  for (auto at = lines.find("\nid: "); at != std::string::npos; at = lines.find("\nid: ", at + 1)) {
    ids.emplace_back(lines.substr(at + 5, lines.find('\n', at + 1) - at - 5));
  }
  return ids;
}

/// A device that the log keeps in the partition.
std::string device_in(std::uint32_t partition) {
  for (int i = 0;; ++i) {
    const auto id = fmt::format("device-{}", i);
    if (eventlog::partition_of(id, 2) == partition) return id;
  }
}

std::string read_all(EventSource& source) {
  std::string text;
  while (true) {
    const auto chunk = source.next();
    if (!chunk) return text + "failed: " + chunk.error().reason();
    text += chunk->text;
    if (chunk->at_end) return text;
  }
}

std::unique_ptr<EventSource> open(World& world, EventRequest request) {
  request.hub = "my-hub";
  auto source = EventSource::open(*world.log, std::move(request));
  EXPECT_TRUE(source) << source.error().reason();
  return *std::move(source);
}

class EventSourceTest : public testing::Test {
 protected:
  World world;
  const std::string first = device_in(0), second = device_in(1);

  /// Ten events, a second apart, in turns of the two partitions.
  void SetUp() override {
    for (int i = 0; i < 10; ++i) {
      world.append(i % 2 == 0 ? first : second, fmt::format(R"({{"n":{}}})", i));
      world.loop.clock.advance(std::chrono::seconds{1});
    }
  }
  static EventRequest from_start() {
    EventRequest request;
    request.from = eventlog::FromStart{};
    return request;
  }
};

TEST_F(EventSourceTest, MergesPartitionsInTheOrderOfTime) {
  const auto source = open(world, from_start());
  const auto text = read_all(*source);
  std::size_t at = 0;
  for (int i = 0; i < 10; ++i) {
    const auto next = text.find(fmt::format(R"("n":{})", i));
    ASSERT_NE(next, std::string::npos) << i << " in " << text;
    EXPECT_GT(next, at) << i;
    at = next;
  }
  EXPECT_EQ(count(text, "\ndata: "), 10u);
  EXPECT_NE(text.find("\"sequenceNumber\":4"), std::string::npos) << text;
  EXPECT_NE(text.find("\"enqueuedTimeUtc\""), std::string::npos);
  EXPECT_TRUE(source->next()->at_end);
  world.append(second, "\"later\"");
  EXPECT_EQ(count(read_all(*source), "later"), 1u);
}

TEST_F(EventSourceTest, OfOnePartitionOrOneDevice) {
  auto request = from_start();
  request.partition = 1;
  EXPECT_EQ(ids_of(read_all(*open(world, request))).size(), 5u);
  request = from_start();
  request.device_id = first;
  const auto text = read_all(*open(world, request));
  EXPECT_EQ(ids_of(text).size(), 5u);
  EXPECT_EQ(count(text, second), 0u);
}

TEST_F(EventSourceTest, ResumesAfterEveryEventWithoutLossOrRepetition) {
  const auto all = ids_of(read_all(*open(world, from_start())));
  ASSERT_EQ(all.size(), 10u);
  for (std::size_t i = 0; i < all.size(); ++i) {
    EventRequest request;
    const auto colon = all[i].find(':');
    request.after = EventPosition{static_cast<std::uint32_t>(std::stoul(all[i].substr(0, colon))),
                                  std::stoull(all[i].substr(colon + 1))};
    const auto rest = ids_of(read_all(*open(world, request)));
    EXPECT_EQ(rest, std::vector<std::string>(all.begin() + static_cast<std::ptrdiff_t>(i) + 1, all.end()))
        << "after " << all[i];
  }
}

TEST_F(EventSourceTest, ResumesAmongEventsOfOneInstant) {
  for (int i = 0; i < 3; ++i) {  // The clock stands still.
    world.append(first, "\"same\"");
    world.append(second, "\"same\"");
  }
  const auto all = ids_of(read_all(*open(world, from_start())));
  ASSERT_EQ(all.size(), 16u);
  for (std::size_t i = 10; i < all.size(); ++i) {
    EventRequest request;
    const auto colon = all[i].find(':');
    request.after = EventPosition{static_cast<std::uint32_t>(std::stoul(all[i].substr(0, colon))),
                                  std::stoull(all[i].substr(colon + 1))};
    EXPECT_EQ(ids_of(read_all(*open(world, request))).size(), all.size() - i - 1) << "after " << all[i];
  }
}

TEST_F(EventSourceTest, RefusesAPositionThatIsNone) {
  EventRequest request;
  request.hub = "my-hub";
  request.partition = 7;
  EXPECT_FALSE(EventSource::open(*world.log, request));
  request.partition.reset();
  request.after = EventPosition{0, 1};
  EXPECT_FALSE(EventSource::open(*world.log, request));
  request.after.reset();
  request.hub = "other";
  EXPECT_FALSE(EventSource::open(*world.log, request));
}

/// The world's log, with something that happens after each read of it.
class InterruptedLog final : public eventlog::ForwardingLog {
 public:
  InterruptedLog(eventlog::EventLog& log, std::function<void(int)> after_read)
      : ForwardingLog{log}, after_read_{std::move(after_read)} {}

  Result<std::unique_ptr<eventlog::Reader>> open_reader(std::string_view hub, std::uint32_t partition,
                                                        eventlog::ReadPosition from) override {
    MUSTER_TRY(auto reader, ForwardingLog::open_reader(hub, partition, from));
    return std::make_unique<InterruptedReader>(std::move(reader), *this);
  }

 private:
  class InterruptedReader final : public eventlog::Reader {
   public:
    InterruptedReader(std::unique_ptr<eventlog::Reader> reader, InterruptedLog& log)
        : reader_{std::move(reader)}, log_{log} {}
    Result<eventlog::ReadBatch> read(std::size_t size_max) override {
      auto batch = reader_->read(size_max);
      log_.after_read_(++log_.reads_);
      return batch;
    }
    std::uint64_t next_sequence_number() const override { return reader_->next_sequence_number(); }
    std::uint64_t next_offset() const override { return reader_->next_offset(); }

   private:
    std::unique_ptr<eventlog::Reader> reader_;
    InterruptedLog& log_;
  };

  std::function<void(int)> after_read_;
  int reads_ = 0;
};

TEST_F(EventSourceTest, ACommitBetweenTwoReadsDoesNotOvertake) {
  EventRequest request;  // From the latest.
  request.hub = "my-hub";
  // After the first round, which sees one event of the second partition, the first partition gets one: it is
  // read in the second round, lies beyond what is sent yet, and stays in hand with the log at its end behind
  // it.
  InterruptedLog log{*world.log, [&](int reads) {
                       if (reads == 2) world.append(first, "\"b\"");
                     }};
  const auto source = EventSource::open(log, request);
  ASSERT_TRUE(source) << source.error().reason();
  world.append(second, "\"a\"");
  std::string text = (*source)->next()->text;
  world.append(first, "\"c\"");
  world.append(second, "\"d\"");
  text += read_all(**source);
  std::vector<std::size_t> places;
  for (const char event : {'a', 'b', 'c', 'd'}) {
    places.push_back(text.find(fmt::format("\"payload\":\"{}\"", event)));
    EXPECT_NE(places.back(), std::string::npos) << event << " in " << text;
  }
  EXPECT_TRUE(std::ranges::is_sorted(places)) << text;
}

TEST_F(EventSourceTest, ResumesAfterAClockThatWentBack) {
  world.loop.clock.jump_wall(-std::chrono::hours{1});
  for (int i = 0; i < 2; ++i) {
    world.append(second, "\"back\"");
    world.append(first, "\"back\"");
  }
  const auto all = ids_of(read_all(*open(world, from_start())));
  ASSERT_EQ(all.size(), 14u);
  for (std::size_t i = 9; i < all.size(); ++i) {
    EventRequest request;
    const auto colon = all[i].find(':');
    request.after = EventPosition{static_cast<std::uint32_t>(std::stoul(all[i].substr(0, colon))),
                                  std::stoull(all[i].substr(colon + 1))};
    EXPECT_EQ(ids_of(read_all(*open(world, request))).size(), all.size() - i - 1) << "after " << all[i];
  }
}

class EventStreamTest : public testing::Test {
 protected:
  HttpLimits limits{.event_streams_max = 1};
  World world{limits};

  std::shared_ptr<net::Loop::Pending<void>> open(const std::string& query, const std::string& headers = "") {
    world.connection->close();
    if (open_) world.loop.until([&] { return open_->done(); });  // It gives its slot back.
    open_ = world.connect();
    world.connection->peer_sends(fmt::format(
        "GET /muster/v1/hubs/my-hub/events{} HTTP/1.1\r\nHost: muster\r\n{}\r\n", query, headers));
    return open_;
  }
  std::shared_ptr<net::Loop::Pending<void>> open_;
  bool sent(std::string_view text) { return world.connection->sent.find(text) != std::string::npos; }
  void until_sent(std::string_view text) {
    world.loop.until([&] { return sent(text); });
  }
};

TEST_F(EventStreamTest, SendsWhatIsThereAndWhatComes) {
  world.append("pump-07", R"({"n":1})");
  const auto ended = open("?from=start");
  until_sent(R"("n":1)");
  EXPECT_TRUE(sent("HTTP/1.1 200 OK\r\n") && sent("Content-Type: text/event-stream"))
      << world.connection->sent;
  world.append("pump-07", R"({"n":2})");
  until_sent(R"("n":2)");
  EXPECT_EQ(count(world.connection->sent, R"("n":1)"), 1u);
  world.connection->peer_closes();
  world.loop.until([&] { return ended->done(); });
  EXPECT_TRUE(world.connection->closed);
}

TEST_F(EventStreamTest, FromLatestByDefault) {
  world.append("pump-07", R"({"n":1})");
  open("");
  until_sent(": muster event stream");
  world.append("pump-07", R"({"n":2})");
  until_sent(R"("n":2)");
  EXPECT_FALSE(sent(R"("n":1)"));
}

TEST_F(EventStreamTest, ACommentInSilence) {
  open("");
  until_sent(": muster event stream");
  // The stream asks for its deadline once it has found the log at its end, on a thread of its own.
  for (int i = 0; i < 200 && !sent(": keep-alive"); ++i) {
    world.loop.shard.io().restart();
    world.loop.shard.io().run_one_for(std::chrono::milliseconds{50});
    world.loop.clock.advance(std::chrono::seconds{15});
  }
  EXPECT_TRUE(sent(": keep-alive"));
}

TEST_F(EventStreamTest, ResumesAfterLastEventId) {
  world.append("pump-07", R"({"n":1})");
  world.append("pump-07", R"({"n":2})");
  open("?from=start");
  until_sent(R"("n":2)");
  const auto ids = ids_of(world.connection->sent);
  open("", "Last-Event-ID: " + ids[0] + "\r\n");
  until_sent(R"("n":2)");
  EXPECT_FALSE(sent(R"("n":1)"));
}

TEST_F(EventStreamTest, RefusesByNameOfTheParameter) {
  for (const auto& [query, headers, text] : std::vector<std::tuple<std::string, std::string, std::string>>{
           {"?from=5", "", "from: an offset"},
           {"?from=soon", "", "from: "},
           {"?partition=x", "", "partition: "},
           {"?partition=9", "", "MU-"},
           {"?partition=1", "Last-Event-ID: 0:0\r\n", "Last-Event-ID: "},
           {"", "Last-Event-ID: five\r\n", "Last-Event-ID: "}}) {
    open(query, headers);
    Answer answer;
    world.loop.until([&] { return World::take_answer(world.connection->sent, answer); });
    EXPECT_GE(answer.status, 400) << query;
    EXPECT_NE(answer.body.find(text), std::string::npos) << query << ": " << answer.body;
  }
  open("");
  until_sent(": muster event stream");
  const auto first = world.connection;
  world.connect();
  world.connection->peer_sends("GET /muster/v1/hubs/my-hub/events HTTP/1.1\r\nHost: muster\r\n\r\n");
  until_sent("HTTP/1.1 429 ");
  first->close();
}

TEST_F(EventStreamTest, ASlowConsumerHoldsAPositionAndGetsEverything) {
  world.connection->close();
  world.connect();
  world.connection->peer_takes(400);
  const std::string body = "\"" + std::string(2000, 'x') + "\"";
  for (int i = 0; i < 200; ++i) world.append("pump-07", body);
  world.connection->peer_sends(
      "GET /muster/v1/hubs/my-hub/events?from=start HTTP/1.1\r\nHost: muster\r\n\r\n");
  world.loop.until([&] { return world.connection->sent.size() == 400; });
  world.connection->peer_takes(SIZE_MAX);
  world.loop.until([&] { return count(world.connection->sent, "\ndata: ") == 200; });
  EXPECT_EQ(ids_of(world.connection->sent).size(), 200u);
}

TEST_F(EventStreamTest, StoppingTheGatewayEndsTheStream) {
  const auto ended = open("");
  until_sent(": muster event stream");
  world.gateway->stop();
  world.loop.until([&] { return ended->done(); });
  EXPECT_TRUE(world.connection->closed);
}

}  // namespace
}  // namespace muster::rest
