#pragma once

#include "base/random.hpp"
#include "disk/file.hpp"
#include "eventlog/segmented_log.hpp"
#include "gateway/rest/gateway.hpp"
#include "gateway/rest/router.hpp"
#include "gateway/rest/tests/scripted_stream.hpp"
#include "net/tests/loop.hpp"

#include <boost/asio/post.hpp>
#include <gtest/gtest.h>

#include <charconv>
#include <map>
#include <memory>
#include <string>

namespace muster::rest {

/// An answer as the client reads it.
struct Answer {
  int status = 0;
  std::map<std::string, std::string> headers;  ///< By lower-case name.
  std::string body;
};

/// The Azure names, and localhost as the hub or DPS instance that the path means.
class TestNames final : public ServiceNames {
 public:
  std::optional<Face> face(const FaceQuestion& question) const override {
    if (question.api_of_path == Api::muster || question.api_of_path == Api::arm)
      return Face{*question.api_of_path, std::nullopt};
    if (question.host != "localhost") return face_of_host(question.host);
    if (!question.api_of_path) return std::nullopt;
    return Face{*question.api_of_path,
                ServiceName::parse(*question.api_of_path == Api::hub ? "my-hub" : "my-dps").value()};
  }
  std::vector<std::string> names_of(const ServiceRef& service) const override {
    return {service.kind == ServiceKind::hub ? hub_host_name(service.name) : dps_host_name(service.name),
            "localhost"};
  }
};

/// A service with one hub, one DPS instance, a registry and a log in memory, and its REST gateway. Nothing of
/// it is a mock.
class World {
 public:
  net::Loop loop;
  std::unique_ptr<Random> random = make_seeded_random(7);
  std::unique_ptr<registry::Registry> registry = registry::make_memory_registry();
  std::unique_ptr<disk::Disk> disk = disk::make_memory_disk();
  std::unique_ptr<eventlog::EventLog> log;
  journal::Journal journal{loop.clock, *random};
  hub::SessionDirectory sessions{loop.clock};
  hub::Twins twins{*registry, sessions, loop.clock};
  TestNames names;
  throttle::Throttles throttles{loop.clock, throttle::Profile::azure_s1};
  bool stop_asked = false;
  int services_changes = 0;
  std::uint64_t progress = 0;
  provisioning::PolicyAllocation allocation;
  std::unique_ptr<Gateway> gateway;
  std::shared_ptr<ScriptedStream> connection;

  ServiceName hub = *ServiceName::parse("my-hub");
  ServiceName dps = *ServiceName::parse("my-dps");

  explicit World(HttpLimits limits = {}) {
    eventlog::SegmentedLogConfig config;
    config.directory = "events";
    config.flush_interval = std::chrono::microseconds{0};
    config.reserve_bytes = 0;
    log = *eventlog::open_segmented_log(*disk, loop.clock, config);
    EXPECT_TRUE(log->add_hub("my-hub", 2));
    // Its thread wakes the loop, so that append() can wait for the event itself.
    progress = log->on_progress([&io = loop.shard.io()] { asio::post(io, [] {}); });
    EXPECT_TRUE(write([this](registry::Store& store) -> Result<void> {
      MUSTER_CHECK(store.services().put_hub(Hub{hub, "eastus", 0, 2, loop.clock.wall(), 0}, 0));
      const DpsInstance instance{dps,
                                 "0ne00123ABC",
                                 "eastus",
                                 AllocationPolicy::hashed,
                                 {LinkedHub{hub, "eastus"}},
                                 loop.clock.wall(),
                                 0};
      MUSTER_CHECK(store.services().put_dps(instance, 0));
      return store.services().put_policy({ServiceKind::hub, hub},
                                         {"iothubowner", "a2V5", "a2V5Mg==", {"RegistryWrite"}});
    }));
    gateway = std::make_unique<Gateway>(services(), limits);
    connect();
  }
  ~World() {
    connection->close();
    loop.shard.poll();
    gateway->stop();
    loop.shard.poll();
    registry->stop();
    log->remove_on_progress(progress);
    log->stop();
  }

  Services services() {
    ProcessFace process{[] { return std::string{R"({"status":"ready"})"}; }, [] { return std::string{"{}"}; },
                        [this] { stop_asked = true; },
                        [this]() -> asio::awaitable<void> {
                          ++services_changes;
                          co_return;
                        }};
    Services all{loop.clock, *random,   *registry,          *log,  journal, sessions, twins,
                 names,      throttles, std::move(process), "sub", "rg"};
    all.allocation = &allocation;
    return all;
  }

  Result<void> write(std::function<Result<void>(registry::Store&)> work) {
    return loop.run(registry->write(std::move(work)));
  }

  /// A new connection that is served until it ends.
  std::shared_ptr<net::Loop::Pending<void>> connect(Caller caller = {true, "control"}) {
    connection = std::make_shared<ScriptedStream>(loop.shard);
    return loop.start(gateway->serve(loop.shard, connection, caller));
  }

  /// Sends one request on the open connection (or a new one, when it has ended) and reads its answer.
  Answer ask(std::string_view method, std::string_view host, std::string_view target, std::string body = "",
             std::string extra_headers = "") {
    if (connection->closed) connect();
    connection->sent.clear();
    connection->peer_sends(fmt::format("{} {} HTTP/1.1\r\nHost: {}\r\nContent-Length: {}\r\n{}\r\n{}", method,
                                       target, host, body.size(), extra_headers, body));
    Answer answer;
    loop.until([&] { return take_answer(connection->sent, answer) || connection->closed; });
    return answer;
  }
  Answer ask_hub(std::string_view method, std::string_view target, std::string body = "",
                 std::string headers = "") {
    return ask(method, "my-hub.azure-devices.net", target, std::move(body), std::move(headers));
  }
  Answer ask_dps(std::string_view method, std::string_view target, std::string body = "",
                 std::string headers = "") {
    return ask(method, "my-dps.azure-devices-provisioning.net", target, std::move(body), std::move(headers));
  }
  Answer ask_arm(std::string_view method, std::string_view target, std::string body = "",
                 std::string headers = "") {
    return ask(method, "management", target, std::move(body), std::move(headers));
  }

  /// Appends one event and waits until it is durable.
  void append(std::string_view device, std::string_view body) {
    EventView event;
    event.hub = "my-hub";
    event.device_id = device;
    event.body = as_bytes(body);
    const auto ticket = log->append(event);
    ASSERT_TRUE(ticket) << ticket.error().reason();
    loop.until([&] { return log->durable_ticket() >= *ticket; });
  }

  /// True once `sent` holds a whole answer with a Content-Length (or none, as 204 has).
  static bool take_answer(const std::string& sent, Answer& answer) {
    const auto end = sent.find("\r\n\r\n");
    if (end == std::string::npos) return false;
    answer = {};
    std::from_chars(sent.data() + 9, sent.data() + 12, answer.status);
    for (std::size_t at = sent.find("\r\n") + 2; at < end + 2;) {
      const auto line_end = sent.find("\r\n", at);
      const auto line = sent.substr(at, line_end - at);
      const auto colon = line.find(": ");
      answer.headers[ascii_lower(line.substr(0, colon))] = line.substr(colon + 2);
      at = line_end + 2;
    }
    std::size_t size = 0;
    if (const auto length = answer.headers.find("content-length"); length != answer.headers.end())
      size = std::stoul(length->second);
    if (sent.size() < end + 4 + size) return false;
    answer.body = sent.substr(end + 4, size);
    return true;
  }
};

}  // namespace muster::rest
