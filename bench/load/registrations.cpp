// Whole registrations of new devices: connect, subscribe, register, poll until assigned, disconnect.

#include "meter.hpp"
#include "modes.hpp"

#include <fmt/format.h>

#include <queue>

namespace muster::bench {
namespace {

/// The value of a string member, by its name; the documents of DPS hold no escaped quotes in the two that are
/// read.
std::string_view member(std::string_view json, std::string_view name) {
  const auto at = json.find(fmt::format("\"{}\":", name));
  if (at == std::string_view::npos) return {};
  const auto from = json.find('"', at + name.size() + 3);
  return from == std::string_view::npos ? std::string_view{}
                                        : json.substr(from + 1, json.find('"', from + 1) - from - 1);
}

class RegistrationLoad : public Handler {
 public:
  RegistrationLoad(const Work& work, const Registrations& how) : work_{work}, how_{how} {}

  void run() {
    DeviceSet set = read_devices(work_.choice);
    Loop loop{work_.target, set, *this};
    for (std::size_t n = 0; n < work_.concurrency; ++n) peers_.emplace_back(n);
    states_.resize(peers_.size());
    say("connected", fmt::format(",\"devices\":{}", set.devices.size()));
    Meter meter{work_.server_pid};
    meter.begin();
    const std::uint64_t until = now_ns() + ns_of(work_.seconds);
    for (Peer& peer : peers_) begin_next(loop, set, peer);
    while (latencies_.count() < set.devices.size() && now_ns() < until) {
      loop.step(10'000'000);
      poll_due(loop);
      for (Peer* peer : std::exchange(assigned_, {})) {
        loop.finish(*peer);
        begin_next(loop, set, *peer);
      }
    }
    const std::string used = meter.end();
    say("done", fmt::format(",\"registrations\":{},\"polls\":{},\"used_up\":{}", latencies_.count(), polls_,
                            latencies_.count() == set.devices.size()) +
                    quantiles("registration", latencies_) + used);
  }

  void on_open(Peer& peer) override { append_subscribe(peer.out, 1, "$dps/registrations/res/#"); }

  void on_packet(Peer& peer, const Packet& packet) override {
    State& state = states_[peer.number];
    if (packet.type == PacketType::puback) return;
    if (packet.type == PacketType::suback) {
      append_publish(peer.out, 2, "$dps/registrations/PUT/iotdps-register/?$rid=1",
                     fmt::format(R"({{"registrationId":"{}"}})", peer.device->id));
      return;
    }
    if (packet.type != PacketType::publish)
      fail("{}: packet type {}", peer.device->id, static_cast<int>(packet.type));
    const std::size_t topic_size = read_u16(packet.body);
    const auto topic = packet.body.substr(2, topic_size);
    auto rest = packet.body.substr(2 + topic_size);
    if ((packet.flags & 6) != 0) {
      append_puback(peer.out, read_u16(rest));
      rest.remove_prefix(2);
    }
    if (!topic.starts_with("$dps/registrations/res/2")) fail("{}: {} {}", peer.device->id, topic, rest);
    const auto status = member(rest, "status");
    if (status == "assigned") {
      latencies_.add(now_ns() - peer.started_ns);
      assigned_.push_back(&peer);
    } else if (status == "assigning") {
      state.operation_id = member(rest, "operationId");
      polls_due_.emplace(now_ns() + ns_of(how_.poll_seconds), &peer);
    } else {
      fail("{}: {}", peer.device->id, rest);
    }
  }

 private:
  struct State {
    std::string operation_id;
  };

  void begin_next(Loop& loop, DeviceSet& set, Peer& peer) {
    if (begun_ == set.devices.size()) return;
    peer.device = &set.devices[begun_++];
    peer.user_name =
        fmt::format("{}/registrations/{}/api-version=2019-03-31", how_.id_scope, peer.device->id);
    loop.open(peer, false);
  }

  void poll_due(Loop& loop) {
    const std::uint64_t now = now_ns();
    while (!polls_due_.empty() && polls_due_.front().first <= now) {
      Peer& peer = *polls_due_.front().second;
      polls_due_.pop();
      ++polls_;
      append_publish(peer.out, 3,
                     fmt::format("$dps/registrations/GET/iotdps-get-operationstatus/?$rid=2&operationId={}",
                                 states_[peer.number].operation_id),
                     " ");
      loop.flush(peer);
    }
  }

  const Work& work_;
  const Registrations& how_;
  std::deque<Peer> peers_;
  std::vector<State> states_;
  std::queue<std::pair<std::uint64_t, Peer*>>
      polls_due_;  ///< In the order of time, since all wait equally long.
  std::vector<Peer*> assigned_;
  Histogram latencies_;
  std::size_t begun_ = 0;
  std::uint64_t polls_ = 0;
};

}  // namespace

void run_registrations(const Work& work, const Registrations& registrations) {
  RegistrationLoad{work, registrations}.run();
}

}  // namespace muster::bench
