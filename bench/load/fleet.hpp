#pragma once

#include "fail.hpp"
#include "loop.hpp"

#include <algorithm>
#include <cstddef>
#include <deque>
#include <functional>

namespace muster::bench {

/// What every mode is told.
struct Work {
  Target target;
  DeviceChoice choice;
  int server_pid = 0;
  double warm_seconds = 2;
  double seconds = 5;
  std::size_t concurrency = 64;  ///< Connections that are being made at a time.
};

constexpr std::uint64_t kSecondNs = 1'000'000'000;
inline std::uint64_t ns_of(double seconds) { return static_cast<std::uint64_t>(seconds * 1e9); }

inline std::string hub_user_name(const Target& target, const Device& device) {
  return target.server_name + "/" + device.id + "/?api-version=2021-04-12";
}

/// Connects a peer for every device and returns when all are open.
inline void connect_all(Loop& loop, const Work& work, DeviceSet& set, std::deque<Peer>& peers) {
  constexpr std::uint64_t kTimeoutNs = 120 * kSecondNs;
  const std::uint64_t until = now_ns() + kTimeoutNs;
  std::size_t begun = 0;
  std::size_t open = 0;
  for (std::size_t n = 0; n < set.devices.size(); ++n) {
    Peer& peer = peers.emplace_back(n);
    peer.device = &set.devices[n];
    peer.user_name = hub_user_name(work.target, *peer.device);
  }
  while (open < peers.size()) {
    while (begun < peers.size() && begun - open < work.concurrency) loop.open(peers[begun++], false);
    loop.step(kSecondNs);
    // Peers open roughly in the order in which they began, so this looks at few of them twice.
    while (open < begun && peers[open].stage == Peer::Stage::open) ++open;
    if (now_ns() > until)
      fail("after {} s only {} of {} devices are connected", kTimeoutNs / kSecondNs, open, peers.size());
  }
}

}  // namespace muster::bench
