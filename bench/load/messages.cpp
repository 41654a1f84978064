// Telemetry of many devices: closed loop (each keeps a window full) or open loop (each message has a time at
// which it is due, and its latency counts from that time, however late it was sent).

#include "meter.hpp"
#include "modes.hpp"

#include <fmt/format.h>

#include <chrono>

namespace muster::bench {
namespace {

constexpr std::size_t kPendingMax = 1024;  ///< Messages that one device may have open in the open loop.

struct Sender {
  std::string front;  ///< The PUBLISH up to its packet id.
  std::deque<std::uint64_t>
      pending;  ///< When each unacknowledged message was due, oldest first: PUBACKs come in that order.
  std::uint16_t oldest_id = 1;
  std::uint16_t next_id = 1;
};

std::uint16_t after(std::uint16_t id) { return id == 0xFFFF ? 1 : static_cast<std::uint16_t>(id + 1); }

/// {"t":0000000000000000000,"pad":"xxx..."} of that many bytes.
std::string make_payload(std::size_t size) {
  std::string payload = R"({"t":0000000000000000000,"pad":")";
  payload[5] = '1';  // A number begins with no zero.
  if (size > payload.size() + 2) payload.append(size - payload.size() - 2, 'x');
  return payload + "\"}";
}

class MessageLoad : public Handler {
 public:
  MessageLoad(const Work& work, const Messages& messages)
      : work_{work}, messages_{messages}, payload_{make_payload(messages.payload_bytes)} {}

  void run() {
    DeviceSet set = read_devices(work_.choice);
    std::deque<Peer> peers;
    Loop loop{work_.target, set, *this};
    for (const auto& device : set.devices) senders_.push_back(make_sender(device));
    connect_all(loop, work_, set, peers);
    say("connected", fmt::format(",\"devices\":{}", peers.size()));
    begin_ns_ = now_ns();
    if (messages_.rate == 0) {
      for (Peer& peer : peers) {
        fill_window(peer);
        loop.flush(peer);
      }
    }
    spend(loop, peers, ns_of(work_.warm_seconds));
    Meter meter{work_.server_pid};
    acks_.clear();
    meter.begin();
    spend(loop, peers, ns_of(work_.seconds));
    say("done", fmt::format(",\"messages\":{}", acks_.count()) + quantiles("ack", acks_) + meter.end());
  }

  void on_open(Peer&) override {}

  void on_packet(Peer& peer, const Packet& packet) override {
    Sender& sender = senders_[peer.number];
    if (packet.type != PacketType::puback || sender.pending.empty() ||
        read_u16(packet.body) != sender.oldest_id) {
      fail("{}: packet type {} where PUBACK {} is next", peer.device->id, static_cast<int>(packet.type),
           sender.oldest_id);
    }
    sender.oldest_id = after(sender.oldest_id);
    acks_.add(now_ns() - sender.pending.front());
    sender.pending.pop_front();
  }

  void on_drained(Peer& peer) override {
    if (messages_.rate != 0 || begin_ns_ == 0) return;
    if (senders_[peer.number].pending.size() <= messages_.refill) fill_window(peer);
  }

 private:
  Sender make_sender(const Device& device) const {
    const std::string topic = fmt::format("devices/{}/messages/events/", device.id);
    Sender sender;
    append_header(sender.front, 0x32, 2 + topic.size() + 2 + payload_.size());
    append_text(sender.front, topic);
    return sender;
  }

  void send(Peer& peer, std::uint64_t due_ns) {
    Sender& sender = senders_[peer.number];
    if (messages_.stamp) stamp(due_ns);
    peer.out.append(sender.front);
    append_u16(peer.out, sender.next_id);
    peer.out.append(payload_);
    sender.next_id = after(sender.next_id);
    sender.pending.push_back(due_ns);
  }

  void fill_window(Peer& peer) {
    const std::uint64_t now = now_ns();
    while (senders_[peer.number].pending.size() < messages_.window) send(peer, now);
  }

  /// The wall clock's time of a moment of the monotonic one, which another process can compare with its own.
  void stamp(std::uint64_t due_ns) {
    const auto wall = std::chrono::system_clock::now().time_since_epoch() / std::chrono::nanoseconds{1};
    fmt::format_to_n(payload_.begin() + 5, 19, "{:019}",
                     static_cast<std::uint64_t>(wall) - (now_ns() - due_ns));
  }

  void spend(Loop& loop, std::deque<Peer>& peers, std::uint64_t duration_ns) {
    const std::uint64_t until = now_ns() + duration_ns;
    for (std::uint64_t now = now_ns(); now < until; now = now_ns()) {
      loop.step(messages_.rate == 0 ? until - now : send_due(loop, peers, now));
    }
  }

  /// Sends what is due by `now`, device after device, and returns how long nothing else will be.
  std::uint64_t send_due(Loop& loop, std::deque<Peer>& peers, std::uint64_t now) {
    while (true) {
      const auto due =
          begin_ns_ + static_cast<std::uint64_t>(static_cast<double>(sent_) * 1e9 / messages_.rate);
      if (due > now) return due - now;
      Peer& peer = peers[sent_++ % peers.size()];
      if (senders_[peer.number].pending.size() >= kPendingMax) {
        fail("{}: {} messages are not acknowledged: the server does not keep up", peer.device->id,
             kPendingMax);
      }
      send(peer, due);
      loop.flush(peer);
    }
  }

  const Work& work_;
  const Messages& messages_;
  std::string payload_;
  std::deque<Sender> senders_;
  Histogram acks_;
  std::uint64_t begin_ns_ = 0;
  std::uint64_t sent_ = 0;
};

}  // namespace

void run_messages(const Work& work, const Messages& messages) { MessageLoad{work, messages}.run(); }

}  // namespace muster::bench
