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
    for (std::size_t n = 0; n < work_.concurrency; ++n) peers_.emplace_back(n);
    // Once round for chains that were judged before, and for the sessions to resume.
    if (chains_ != Chains::fresh) churn(loop, set, 0, set.devices.size());
    say("connected", fmt::format(",\"devices\":{}", set.devices.size()));
    latencies_.clear();
    resumed_ = 0;
    Meter meter{work_.server_pid};
    meter.begin();
    const bool ended =
        churn(loop, set, ns_of(work_.seconds), chains_ == Chains::fresh ? set.devices.size() : SIZE_MAX);
    // What is still under way is finished outside of the figures; all connections that were counted are
    // closed.
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
  /// Until `count` have connected, or for `duration_ns` when that is not 0; whether all `count` have.
  bool churn(Loop& loop, DeviceSet& set, std::uint64_t duration_ns, std::size_t count) {
    const std::uint64_t until = now_ns() + duration_ns;
    std::size_t begun = 0;
    std::size_t done = 0;
    const auto begin = [&](Peer& peer) {
      peer.device = &set.devices[begun++ % set.devices.size()];
      peer.user_name = hub_user_name(work_.target, *peer.device);
      loop.open(peer, chains_ == Chains::resume);
    };
    for (Peer& peer : peers_) {
      if (begun < count) begin(peer);
    }
    while (done < count && (duration_ns == 0 || now_ns() < until)) {
      loop.step(100'000'000);
      for (Peer* peer : std::exchange(open_, {})) {
        loop.finish(*peer);
        ++done;
        if (begun < count) begin(*peer);
      }
    }
    return done >= count;
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
