// A consumer of a hub's event stream over the world's control socket: how long after it was due a stamped
// message arrives.

#include "meter.hpp"
#include "modes.hpp"

#include <fmt/format.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <cstring>

namespace muster::bench {
namespace {

constexpr std::size_t kReadBytes = 256 * 1024;
/// Before the stamp: a payload that is JSON is part of the event's own.
constexpr std::string_view kStampMark = R"("payload":{"t":)";
constexpr std::size_t kStampBytes = kStampMark.size() + 19;

int connect_unix(const std::string& path) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  if (path.size() >= sizeof address.sun_path) fail("{} is too long for a socket", path);
  std::memcpy(address.sun_path, path.c_str(), path.size() + 1);
  const int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
  if (connect(fd, reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    fail("{}: {}", path, std::strerror(errno));
  }
  return fd;
}

std::uint64_t wall_ns() {
  return static_cast<std::uint64_t>(std::chrono::system_clock::now().time_since_epoch() /
                                    std::chrono::nanoseconds{1});
}

class Consumer {
 public:
  explicit Consumer(const Consuming& consuming) : fd_{connect_unix(consuming.socket)} {
    const std::string request = fmt::format(
        "GET /muster/v1/hubs/{}/events?from=latest HTTP/1.1\r\nHost: muster\r\nAccept: "
        "text/event-stream\r\n\r\n",
        consuming.hub);
    if (send(fd_, request.data(), request.size(), 0) != static_cast<ssize_t>(request.size())) {
      fail("{}: {}", consuming.socket, std::strerror(errno));
    }
  }
  ~Consumer() { close(fd_); }
  Consumer(const Consumer&) = delete;
  Consumer& operator=(const Consumer&) = delete;

  void run() {
    read_head();
    say("ready");
    std::array<pollfd, 2> waited{
        {{.fd = fd_, .events = POLLIN, .revents = 0}, {.fd = STDIN_FILENO, .events = POLLIN, .revents = 0}}};
    while (poll(waited.data(), waited.size(), -1) >= 0) {
      if (waited[0].revents != 0) take();
      // Standard input closes when no more will come; what is there already is still taken.
      else if (waited[1].revents != 0)
        break;
    }
    say("done", fmt::format(",\"events\":{}", latencies_.count()) + quantiles("consumed", latencies_));
  }

 private:
  void read_head() {
    while (text_.find("\r\n\r\n") == std::string::npos) receive();
    if (!text_.starts_with("HTTP/1.1 200"))
      fail("the event stream was answered: {}", text_.substr(0, text_.find('\r')));
    text_.erase(0, text_.find("\r\n\r\n") + 4);
  }

  void receive() {
    const std::size_t held = text_.size();
    text_.resize(held + kReadBytes);
    const ssize_t size = read(fd_, text_.data() + held, kReadBytes);
    if (size <= 0)
      fail("the event stream ended: {}", size == 0 ? "closed by the server" : std::strerror(errno));
    text_.resize(held + static_cast<std::size_t>(size));
  }

  void take() {
    receive();
    const std::uint64_t now = wall_ns();
    std::size_t at = 0;  // What is before this has been looked at.
    std::size_t mark = 0;
    while ((mark = text_.find(kStampMark, at)) != std::string::npos && mark + kStampBytes <= text_.size()) {
      std::uint64_t due = 0;
      std::from_chars(text_.data() + mark + kStampMark.size(), text_.data() + mark + kStampBytes, due);
      latencies_.add(now > due ? now - due : 0);
      at = mark + kStampBytes;
    }
    // What was read may end in the middle of a stamp; what is shorter than one is kept until more has come.
    if (mark == std::string::npos) mark = text_.size() - std::min(text_.size(), kStampBytes - 1);
    text_.erase(0, std::max(at, mark));
  }

  int fd_;
  std::string text_;
  Histogram latencies_;
};

}  // namespace

void run_consumer(const Consuming& consuming) { Consumer{consuming}.run(); }

}  // namespace muster::bench
