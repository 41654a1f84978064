#include "cli/tests/stub_service.hpp"
#include "cli/tests/test_shell.hpp"
#include "eventlog/commit_stream.hpp"
#include "eventlog/format/segment_format.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::cli {
namespace {

using testing::HasSubstr;
using testing::SizeIs;

/// A world with a log of two hubs in several segments, whose service has been killed.
class LogCommands : public testing::Test {
 protected:
  LogCommands() {
    eventlog::SegmentedLogConfig config;
    config.directory = folder_ + "/events";
    config.segment_bytes = 2048;
    config.flush_interval = std::chrono::microseconds{0};
    config.reserve_bytes = 0;
    log_ = *eventlog::CommitStream::open(*shell_.disk, shell_.clock, config, eventlog::Drive::by_hand);
    EXPECT_TRUE(log_->add_hub("hub-a", 1));
    EXPECT_TRUE(log_->add_hub("hub-b", 2));
  }

  void append(std::string_view hub, std::string_view device, std::string_view body) {
    EventView event;
    event.hub = hub;
    event.device_id = device;
    event.generation_id = "1";
    event.auth_method = AuthMethod::x509_ca;
    event.properties = "room=4";
    event.body = as_bytes(body);
    ASSERT_TRUE(log_->append(event));
    while (log_->run_once()) {
    }
    shell_.clock.advance(std::chrono::seconds{1});
  }

  void fill() {
    for (int i = 0; i < 6; ++i) append("hub-a", "d1", "{\"n\":" + std::to_string(i) + "}");
    append("hub-b", "d2", "\xff\xfe");
  }

  TestShell::Outcome run(std::vector<std::string> words) {
    words.insert(words.end(), {"--data", folder_});
    return shell_.run(words);
  }

  std::string segment(std::uint64_t number) const {
    return folder_ + "/events/" + eventlog::segment_name(number);
  }

  void flip(const std::string& path, std::uint64_t at) {
    const auto file = *shell_.disk->open(path, disk::OpenMode::read_write);
    Bytes byte(1);
    ASSERT_TRUE(file->read_at(at, byte));
    byte[0] ^= std::byte{1};
    ASSERT_TRUE(file->write_at(at, byte));
  }

  static std::vector<Json> lines_of(const std::string& text) {
    std::vector<Json> lines;
    std::istringstream in{text};
    for (std::string line; std::getline(in, line);) lines.push_back(Json::parse(line));
    return lines;
  }

  std::string folder_ = "w";
  TestShell shell_;
  std::unique_ptr<eventlog::CommitStream> log_;
};

TEST_F(LogCommands, InspectListsSegmentsWithWhatTheyHold) {
  fill();
  const auto outcome = run({"log", "inspect", "-o", "json"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  const Json list = Json::parse(outcome.out);
  ASSERT_GE(list.size(), 2u);
  EXPECT_EQ(list[0]["state"], "sealed");
  EXPECT_EQ(list[0]["batches"], 3);
  EXPECT_EQ(list[0]["partitions"][0]["hub"], "hub-a");
  EXPECT_EQ(list[0]["partitions"][0]["lastSequenceNumber"], 2);
  EXPECT_EQ(list[0]["oldest"], "2026-01-21T12:53:20.0000000Z");
  EXPECT_EQ(list[list.size() - 1]["state"], "live");
  EXPECT_THAT(run({"log", "inspect", "-o", "table"}).out, HasSubstr("1        sealed  3        hub-a  0"));
}

TEST_F(LogCommands, InspectShowsEveryFieldOfARecord) {
  append("hub-a", "d1", "{\"n\":1}");
  const Json list = Json::parse(run({"log", "inspect", "1", "-o", "json"}).out);
  ASSERT_EQ(list.size(), 1u);
  const Json& record = list[0];
  EXPECT_EQ(record["position"], 560);
  EXPECT_EQ(record["batch"], 1);
  EXPECT_EQ(record["hub"], "hub-a");
  EXPECT_EQ(record["partition"], 0);
  EXPECT_EQ(record["sequenceNumber"], 0);
  EXPECT_EQ(record["offset"], 0);
  EXPECT_EQ(record["deviceId"], "d1");
  EXPECT_EQ(record["enqueuedTimeUtc"], "2026-01-21T12:53:20.0000000Z");
  EXPECT_EQ(record["properties"]["room"], "4");
  EXPECT_EQ(record["payload"]["n"], 1);
  EXPECT_EQ(record["authentication"], "X.509 by CA");
  const std::string words = run({"log", "inspect", segment(1), "-o", "table"}).out;
  EXPECT_THAT(words, HasSubstr("payload           {\"n\":1}\n")) << words;
}

TEST_F(LogCommands, RecordsAreChosenByTimeOffsetPartitionDeviceAndLimit) {
  fill();
  const auto count = [&](std::vector<std::string> words) {
    words.insert(words.begin(), {"log", "export"});
    const auto outcome = run(words);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return lines_of(outcome.out).size();
  };
  EXPECT_EQ(count({}), 7u);
  EXPECT_EQ(count({"--hub-name", "HUB-A"}), 6u);
  EXPECT_EQ(count({"--device", "d2"}), 1u);
  EXPECT_EQ(count({"--device", "d*"}), 7u);
  EXPECT_EQ(count({"--from", "2026-01-21T12:53:22Z"}), 5u);
  EXPECT_EQ(count({"--from", "2026-01-21T12:53:22Z", "--to", "2026-01-21T12:53:24Z"}), 2u);
  EXPECT_EQ(count({"--to", "2026-01-21T12:53:20Z"}), 0u);
  const Json third = lines_of(run({"log", "export"}).out)[2];
  const std::string offset = third["offset"];
  EXPECT_EQ(count({"--partition", "0", "--hub-name", "hub-a", "--from", offset}), 4u);
  EXPECT_EQ(count({"--partition", "0", "--hub-name", "hub-a", "--to", offset}), 2u);
  EXPECT_EQ(Json::parse(run({"log", "inspect", "1", "--limit", "2", "-o", "json"}).out).size(), 2u);
  EXPECT_THAT(run({"log", "export", "--from", "7"}).err, HasSubstr("--partition 0 --from 7"));
  EXPECT_EQ(run({"log", "export", "--from", "yesterday"}).status, 2);
  EXPECT_EQ(run({"log", "inspect", "--limit", "2"}).status, 2)
      << "it chooses records, and no segment is named";
}

TEST_F(LogCommands, ExportHasTheFormOfMonitorEvents) {
  fill();
  const auto lines = lines_of(run({"log", "export"}).out);
  ASSERT_THAT(lines, SizeIs(7));
  EXPECT_EQ(lines[1]["hub"], "hub-a");
  EXPECT_EQ(lines[1]["event"]["origin"], "d1");
  EXPECT_EQ(lines[1]["event"]["payload"]["n"], 1);
  EXPECT_EQ(lines[1]["event"]["properties"]["application"]["room"], "4");
  EXPECT_EQ(lines[1]["sequenceNumber"], 1);
  EXPECT_EQ(lines[1]["partition"], 0);
  EXPECT_EQ(lines[6]["bodyBase64"], "//4=");
}

TEST_F(LogCommands, VerifyEndsWith0WhenSound) {
  fill();
  const auto outcome = run({"log", "verify"});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("events    7\n"));
  EXPECT_THAT(outcome.out, HasSubstr("verdict   sound\n"));
}

TEST_F(LogCommands, DamageIsLocatedAndTheRestIsShown) {
  fill();
  flip(segment(1), 1024 + 100);
  const auto verified = run({"log", "verify"});
  EXPECT_EQ(verified.status, 1);
  EXPECT_THAT(verified.out, HasSubstr("verdict   damaged\n"));
  EXPECT_THAT(verified.out, HasSubstr("byte    1024\n"));
  EXPECT_THAT(verified.out, HasSubstr("at most 1 events, by sequence number: hub-a partition 0: 1 to 1"));
  EXPECT_THAT(verified.err, HasSubstr("error MU-5005"));
  EXPECT_THAT(verified.err, HasSubstr(segment(1) + ", byte 1024"));

  const Json report = Json::parse(run({"log", "verify", "-o", "json"}).out);
  EXPECT_EQ(report["sound"], false);
  EXPECT_EQ(report["findings"][0]["lost"][0]["firstSequenceNumber"], 1);

  const auto exported = run({"log", "export"});
  EXPECT_EQ(exported.status, 1);
  EXPECT_THAT(lines_of(exported.out), SizeIs(6));
  EXPECT_THAT(exported.err, HasSubstr("byte 1024"));
  EXPECT_EQ(run({"log", "inspect", "1", "-o", "json"}).status, 1);
}

TEST_F(LogCommands, AnUnreadableHeaderIsListedAndExportedAround) {
  fill();
  flip(segment(1), 20);
  EXPECT_EQ(Json::parse(run({"log", "inspect", "-o", "json"}).out)[0]["state"], "unreadable");
  const auto exported = run({"log", "export"});
  EXPECT_EQ(exported.status, 1);
  EXPECT_THAT(lines_of(exported.out), SizeIs(4));
}

TEST_F(LogCommands, ATornTailIsNoDamage) {
  fill();
  const std::uint64_t number = log_->figures().durable_end.segment;
  const auto file = *shell_.disk->open(segment(number), disk::OpenMode::read_write);
  ASSERT_TRUE(file->write_at(log_->figures().durable_end.position, as_bytes("MUBT")));
  const auto verified = run({"log", "verify"});
  EXPECT_EQ(verified.status, 0) << verified.err;
  EXPECT_THAT(verified.out, HasSubstr("sound, with findings that are harmless"));
  EXPECT_THAT(verified.out, HasSubstr("the next start sets it right"));
  EXPECT_EQ(run({"log", "export"}).status, 0);
  const Json segments = Json::parse(run({"log", "inspect", "-o", "json"}).out);
  EXPECT_EQ(segments.back()["state"], "torn");
}

TEST_F(LogCommands, WhatIsNotThereIsSaid) {
  const auto none = shell_.run({"log", "verify", "--data", "nowhere"});
  EXPECT_EQ(none.status, 3);
  EXPECT_THAT(none.err, HasSubstr("nowhere/events: there is no such event log"));
  EXPECT_THAT(run({"log", "inspect", "77"}).err, HasSubstr("there is no such segment"));
  EXPECT_THAT(run({"log", "verify", "1"}).err, HasSubstr("a segment alone cannot be verified"));
}

TEST_F(LogCommands, ALogIsFoundByEachOfItsNames) {
  append("hub-a", "d1", "x");
  for (const std::string& where :
       {std::string{}, folder_, folder_ + "/events", folder_ + "/events/", segment(1), std::string{"1"}}) {
    std::vector<std::string> words{"log", "export"};
    if (!where.empty()) words.push_back(where);
    EXPECT_THAT(lines_of(run(words).out), SizeIs(1)) << where;
  }
}

/// While the service runs, what it has not said to be durable is not shown.
TEST(LogOfARunningService, IsReadAsFarAsItIsDurable) {
  TestShell shell;
  shell.disk = disk::make_real_disk();
  eventlog::DurableEnd end;
  StubService service{[&](const StubService::Asked&) {
    return StubService::Answer{
        .body = dump(
            Json{{"eventLog", {{"durableEnd", {{"segment", end.segment}, {"position", end.position}}}}}})};
  }};
  eventlog::SegmentedLogConfig config;
  config.directory = service.folder() + "/events";
  config.flush_interval = std::chrono::microseconds{0};
  config.reserve_bytes = 0;
  const auto log = *eventlog::CommitStream::open(*shell.disk, shell.clock, config, eventlog::Drive::by_hand);
  ASSERT_TRUE(log->add_hub("h", 1));
  const auto append = [&] {
    EventView event;
    event.hub = "h";
    event.device_id = "d";
    event.body = as_bytes("x");
    ASSERT_TRUE(log->append(event));
    while (log->run_once()) {
    }
  };
  append();
  end = log->figures().durable_end;
  append();
  const auto verified = shell.run({"log", "verify", "--data", service.folder(), "-o", "json"});
  EXPECT_EQ(verified.status, 0) << verified.err;
  EXPECT_EQ(Json::parse(verified.out)["events"], 1);
  EXPECT_EQ(Json::parse(verified.out)["serviceRuns"], true);
  end = log->figures().durable_end;
  EXPECT_EQ(Json::parse(shell.run({"log", "verify", "--data", service.folder(), "-o", "json"}).out)["events"],
            2);
}

TEST(LogOfARunningService, OneThatDoesNotSayWhatIsDurableIsRefused) {
  TestShell shell;
  shell.disk = disk::make_real_disk();
  StubService service{[](const StubService::Asked&) { return StubService::Answer{.body = "{}"}; }};
  ASSERT_TRUE(shell.disk->make_directory(service.folder() + "/events"));
  const auto outcome = shell.run({"log", "verify", "--data", service.folder()});
  EXPECT_NE(outcome.status, 0);
  EXPECT_THAT(outcome.err, HasSubstr("does not say what of its log is durable"));
}

}  // namespace
}  // namespace muster::cli
