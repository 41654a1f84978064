#pragma once

#include "devices.hpp"
#include "packets.hpp"

#include <netinet/in.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace muster::bench {

/// Nanoseconds of the monotonic clock: what every latency here is measured by.
std::uint64_t now_ns();

/// Where the load goes, and how it says who it is.
struct Target {
  std::string address = "127.0.0.1";
  std::uint16_t port = 8883;
  std::string server_name = "bench.azure-devices.net";  ///< SNI.
  std::string tls = "1.3";
  /// Local addresses to connect from, in turn: one address has about 28 000 ports.
  unsigned sources = 1;
};

/// One connection, used again for one device after another. Belongs to the loop that opened it.
class Peer {
 public:
  enum class Stage : std::uint8_t { closed, tcp, tls, connack, open };

  explicit Peer(std::size_t place = 0) : number{place} {}

  std::size_t number;  ///< Its place among the peers; the handler keeps its own state by it.
  Device* device = nullptr;
  std::string user_name;
  std::string
      out;  ///< What the handler wants sent; the loop sends it after the handler returns, or at flush().
  Stage stage = Stage::closed;
  std::uint64_t started_ns = 0;
  bool resumed = false;

 private:
  friend class Loop;
  int fd_ = -1;
  Ssl ssl_;
  std::string in_;         ///< The beginning of a packet whose rest is still to come.
  std::size_t sent_ = 0;   ///< Of `out`.
  bool writable_ = false;  ///< Whether epoll is asked for EPOLLOUT.
};

/// What happens on connections. None of these may open or finish a peer: that is done between two steps of
/// the loop.
class Handler {
 public:
  virtual ~Handler() = default;
  virtual void on_open(Peer& peer) = 0;  ///< CONNACK said yes.
  virtual void on_packet(Peer& peer, const Packet& packet) = 0;
  /// All that had arrived has been handled; `peer.out` is sent next.
  virtual void on_drained(Peer& /*peer*/) {}
};

/// Every connection of the load, on one thread: epoll, with OpenSSL on the descriptors. The server's
/// certificate is not verified and its name not compared: the load measures the server, and both servers are
/// spared the same.
class Loop {
 public:
  Loop(const Target& target, DeviceSet& set, Handler& handler);
  ~Loop();
  Loop(const Loop&) = delete;
  Loop& operator=(const Loop&) = delete;

  /// Begins to connect `peer` for `peer.device`, offering the device's session when `resume`.
  void open(Peer& peer, bool resume);
  /// DISCONNECT, close_notify, close. A session that came with this connection stays with the device.
  void finish(Peer& peer);
  /// Sends what `peer.out` holds, as far as the socket takes it.
  void flush(Peer& peer);
  /// Waits for at most this long and handles what came.
  void step(std::uint64_t wait_ns);

 private:
  void advance(Peer& peer);
  void begin_tls(Peer& peer);
  void handshake(Peer& peer);
  void receive(Peer& peer);
  void handle_packets(Peer& peer, std::string_view bytes);
  void handle_connack(Peer& peer, const Packet& packet);
  void want_write(Peer& peer, bool wanted);
  [[noreturn]] void lost(const Peer& peer, std::string_view doing, int outcome);

  Target target_;
  sockaddr_in address_{};
  DeviceSet& set_;
  Handler& handler_;
  SslContext context_;
  int epoll_;
  std::vector<char> inbox_;
  unsigned next_source_ = 0;
  bool resume_ = false;
};

}  // namespace muster::bench
