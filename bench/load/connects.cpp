// Connect churn: TCP, TLS, CONNECT to CONNACK, then DISCONNECT and close; and devices that connect and are
// idle.

#include "meter.hpp"
#include "modes.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <unistd.h>

namespace muster::bench {
namespace {

class ConnectLoad : public Handler {
 public:
  ConnectLoad(const Work& work, Chains chains) : work_{work}, chains_{chains} {}

  void run() {
    DeviceSet set = read_devices(work_.choice);
    Loop loop{work_.target, set, *this};
    const std::size_t at_a_time = std::min(work_.concurrency, set.devices.size());
    for (std::size_t n = 0; n < at_a_time; ++n) peers_.emplace_back(n);
    // Once round for chains that were judged before, and for the sessions to resume.
    if (chains_ != Chains::fresh) churn(loop, set, 0, set.devices.size());
    say("connected", fmt::format(",\"devices\":{}", set.devices.size()));
    latencies_.clear();
    resumed_ = 0;
    Meter meter{work_.server_pid};
    meter.begin();
    const bool ended =
        churn(loop, set, ns_of(work_.seconds), chains_ == Chains::fresh ? set.devices.size() : SIZE_MAX);
    const std::string used = meter.end();
    say("done",
        fmt::format(",\"connects\":{},\"resumed\":{},\"used_up\":{}", latencies_.count(), resumed_, ended) +
            quantiles("connect", latencies_) + used);
  }

  void on_open(Peer& peer) override {
    latencies_.add(now_ns() - peer.started_ns);
    if (peer.resumed) ++resumed_;
    open_.push_back(&peer);
  }
  void on_packet(Peer& peer, const Packet& packet) override {
    fail("{}: packet type {} after CONNACK", peer.device->id, static_cast<int>(packet.type));
  }

 private:
  /// Begins connections until `count` have been begun, or for `duration_ns` when that is not 0, and ends when
  /// all of them are closed, so that what the server did is what was counted. Whether it was the count that
  /// ended it.
  bool churn(Loop& loop, DeviceSet& set, std::uint64_t duration_ns, std::size_t count) {
    const std::uint64_t until = now_ns() + duration_ns;
    // In turn, and none that is still connected: its second connection would end the first.
    std::deque<Device*> free;
    for (Device& device : set.devices) free.push_back(&device);
    std::size_t begun = 0;
    std::size_t connected = 0;
    const auto begin = [&](Peer& peer) {
      if (begun == count || (duration_ns != 0 && now_ns() >= until)) return;
      ++begun;
      ++connected;
      peer.device = free.front();
      free.pop_front();
      peer.user_name = hub_user_name(work_.target, *peer.device);
      loop.open(peer, chains_ == Chains::resume);
    };
    for (Peer& peer : peers_) begin(peer);
    while (connected > 0) {
      loop.step(kSecondNs);
      for (Peer* peer : std::exchange(open_, {})) {
        loop.finish(*peer);
        --connected;
        free.push_back(peer->device);
        begin(*peer);
      }
    }
    return begun == count;
  }

  const Work& work_;
  Chains chains_;
  std::deque<Peer> peers_;
  std::vector<Peer*> open_;
  Histogram latencies_;
  std::uint64_t resumed_ = 0;
};

class IdleLoad : public Handler {
 public:
  void run(const Work& work) {
    DeviceSet set = read_devices(work.choice);
    std::deque<Peer> peers;
    Loop loop{work.target, set, *this};
    connect_all(loop, work, set, peers);
    say("ready", fmt::format(",\"devices\":{}", peers.size()));
    const std::uint64_t until = now_ns() + ns_of(work.seconds);
    while (now_ns() < until && !stdin_closed()) loop.step(100'000'000);
    say("done", fmt::format(",\"devices\":{}", peers.size()));
  }

  void on_open(Peer&) override {}
  void on_packet(Peer& peer, const Packet& packet) override {
    fail("{}: packet type {} to an idle device", peer.device->id, static_cast<int>(packet.type));
  }

 private:
  static bool stdin_closed() {
    pollfd input{.fd = STDIN_FILENO, .events = POLLIN, .revents = 0};
    char byte = 0;
    return poll(&input, 1, 0) > 0 && read(STDIN_FILENO, &byte, 1) <= 0;
  }
};

}  // namespace

void run_connects(const Work& work, Chains chains) { ConnectLoad{work, chains}.run(); }
void run_idle(const Work& work) { IdleLoad{}.run(work); }

}  // namespace muster::bench
