#pragma once

#include "client/engine.hpp"
#include "muster/client.hpp"
#include "net/scripted_stream.hpp"
#include "protocol/mqtt/packet.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace muster::client {

inline constexpr WallTime kStart = std::chrono::sys_days{std::chrono::year{2026} / 3 / 1};

/// One packet as a line: what tests compare.
inline std::string describe(const mqtt::Packet& packet) {
  if (const auto* connect = std::get_if<mqtt::Connect>(&packet)) {
    return fmt::format("CONNECT {} {} clean={} keep_alive={}", connect->client_id,
                       connect->user_name.value_or("-"), connect->clean_session, connect->keep_alive_s);
  }
  if (const auto* publish = std::get_if<mqtt::Publish>(&packet)) {
    return fmt::format("PUBLISH {} {}{} {} {}", publish->packet_id, publish->qos, publish->dup ? " DUP" : "",
                       publish->topic, as_text(publish->payload));
  }
  if (const auto* subscribe = std::get_if<mqtt::Subscribe>(&packet)) {
    return fmt::format("SUBSCRIBE {} {}", subscribe->topics.front().filter, subscribe->topics.front().qos);
  }
  if (const auto* puback = std::get_if<mqtt::Puback>(&packet))
    return fmt::format("PUBACK {}", puback->packet_id);
  if (std::holds_alternative<mqtt::Pingreq>(packet)) return "PINGREQ";
  if (std::holds_alternative<mqtt::Disconnect>(packet)) return "DISCONNECT";
  return "another packet";
}

/// The service's end of one connection.
struct Connection {
  std::shared_ptr<net::ScriptedPeer> peer;
  Bytes unread;
  std::vector<std::string> said;  ///< Everything that the client sent, in order.

  void send(const mqtt::Packet& packet) {
    Bytes bytes;
    mqtt::encode(packet, bytes);
    peer->push(bytes);
  }
};

/// Hands out scripted connections, or the failures that the test has queued.
class ScriptedDialer final : public Dialer {
 public:
  Task<std::unique_ptr<net::Stream>> dial(net::Shard& shard, DialRequest request) override {
    ++dials;
    hosts.push_back(request.host);
    if (request.credentials) MUSTER_CO_CHECK(request.credentials->load());
    if (!failures.empty()) {
      Error failed = failures.front();
      failures.pop_front();
      co_return failure(std::move(failed));
    }
    auto pair = net::ScriptedStream::make(shard);
    connections.push_back(Connection{pair.peer, {}, {}});
    co_return std::move(pair.stream);
  }

  int dials = 0;
  std::vector<std::string> hosts;
  std::deque<Error> failures;
  std::deque<Connection> connections;
};

/// A client and its services on one thread, one clock that stands still and one seed.
class Rig {
 public:
  using Answer = std::function<void(Connection&, const mqtt::Packet&)>;

  Rig() {
    auto scripted = std::make_unique<ScriptedDialer>();
    dialer = scripted.get();
    auto engine = std::make_unique<Engine>(clock, *random, std::move(scripted));
    engine->threaded = false;
    runtime = std::make_unique<Runtime>(std::move(engine));
  }

  template <typename T>
  struct Pending {
    std::optional<Result<T>> result;
    asio::cancellation_signal cancel;
  };

  template <typename T>
  std::shared_ptr<Pending<T>> start(Task<T> task) {
    auto pending = std::make_shared<Pending<T>>();
    asio::co_spawn(runtime->executor(), std::move(task),
                   asio::bind_cancellation_slot(pending->cancel.slot(),
                                                [pending](std::exception_ptr failed, Result<T> result) {
                                                  if (failed) std::rethrow_exception(failed);
                                                  pending->result = std::move(result);
                                                }));
    settle();
    return pending;
  }

  /// Runs the client, and the services' answers, until both wait.
  void settle() {
    constexpr int kTurnsMax = 10'000;
    for (int turn = 0; turn < kTurnsMax; ++turn) {
      const std::size_t ran = runtime->engine().shard.poll();
      if (!hear() && ran == 0) return;
    }
    ADD_FAILURE() << "the client does not come to rest";
  }

  void advance(std::chrono::nanoseconds by) {
    clock.advance(by);
    settle();
  }
  /// In steps, since what falls due can ask for more.
  void advance_slowly(std::chrono::seconds by) {
    for (std::chrono::milliseconds done{0}; done < by; done += std::chrono::milliseconds{100}) {
      advance(std::chrono::milliseconds{100});
    }
  }

  Connection& connection(std::size_t index) { return dialer->connections.at(index); }

  TestClock clock{kStart};
  std::unique_ptr<Random> random = make_seeded_random(7);
  ScriptedDialer* dialer = nullptr;
  std::unique_ptr<Runtime> runtime;
  Answer answer;  ///< Empty: the services are silent.

 private:
  /// False when nothing new came.
  bool hear() {
    bool heard = false;
    for (std::size_t i = 0; i < dialer->connections.size(); ++i) {
      Connection& from = dialer->connections[i];
      const Bytes written = from.peer->take_written();
      from.unread.insert(from.unread.end(), written.begin(), written.end());
      while (const auto header = mqtt::decode_fixed_header(from.unread, 1'000'000)) {
        const std::size_t size = std::size_t{header->size_header} + header->size_remaining;
        if (from.unread.size() < size) break;
        const Bytes packet{from.unread.begin(), from.unread.begin() + static_cast<std::ptrdiff_t>(size)};
        from.unread.erase(from.unread.begin(), from.unread.begin() + static_cast<std::ptrdiff_t>(size));
        const auto decoded = mqtt::decode_body(*header, ByteView{packet}.subspan(header->size_header));
        if (!decoded) {
          ADD_FAILURE() << "the client sent what is not MQTT";
          return false;
        }
        from.said.push_back(describe(*decoded));
        if (answer) answer(from, *decoded);
        heard = true;
      }
    }
    return heard;
  }
};

/// Credentials that only count how often they were asked.
class CountingCredentials final : public Credentials {
 public:
  Result<CredentialPem> load() override {
    ++loads;
    return CredentialPem{};
  }
  int loads = 0;
};

/// Accepts everything as a hub does: CONNACK 0, and a PUBACK for each PUBLISH with QoS 1.
inline void accept_all(Connection& from, const mqtt::Packet& packet) {
  if (std::holds_alternative<mqtt::Connect>(packet)) from.send(mqtt::Connack{});
  if (const auto* publish = std::get_if<mqtt::Publish>(&packet)) from.send(mqtt::Puback{publish->packet_id});
}
/// Accepts the connection and is silent from then on.
inline void accept_connect(Connection& from, const mqtt::Packet& packet) {
  if (std::holds_alternative<mqtt::Connect>(packet)) from.send(mqtt::Connack{});
}

/// DPS: assigns on the first poll.
inline void send_response(Connection& from, const std::string& topic, const std::string& body) {
  mqtt::Publish response;
  response.topic = topic;
  response.payload = as_bytes(body);
  response.packet_id = 1;
  response.qos = 1;
  from.send(response);
}
inline void assign_on_poll(Connection& from, const mqtt::Packet& packet) {
  if (std::holds_alternative<mqtt::Connect>(packet)) from.send(mqtt::Connack{});
  if (const auto* subscribe = std::get_if<mqtt::Subscribe>(&packet)) {
    from.send(mqtt::Suback{subscribe->packet_id, {1}});
  }
  const auto* publish = std::get_if<mqtt::Publish>(&packet);
  if (publish == nullptr) return;
  from.send(mqtt::Puback{publish->packet_id});
  if (publish->topic.find("iotdps-register") != std::string_view::npos) {
    send_response(from, "$dps/registrations/res/202/?$rid=1&retry-after=3",
                  R"({"operationId":"5.op","status":"assigning"})");
  } else if (publish->topic.find("iotdps-get-operationstatus") != std::string_view::npos) {
    send_response(from, "$dps/registrations/res/200/?$rid=2",
                  R"({"operationId":"5.op","status":"assigned","registrationState":{"registrationId":"dev1",)"
                  R"("assignedHub":"hub1.azure-devices.net","deviceId":"dev1","status":"assigned",)"
                  R"("substatus":"initialAssignment"}})");
  }
}

}  // namespace muster::client
