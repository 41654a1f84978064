#include "net/unix_socket.hpp"

#include "base/log.hpp"

#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/post.hpp>
#include <fcntl.h>
#include <fmt/format.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <system_error>

#include <cerrno>
#include <filesystem>

namespace muster::net {
namespace {

namespace asio = boost::asio;
using asio::local::stream_protocol;

constexpr int kUnixBacklog = 64;
constexpr std::chrono::milliseconds kAcceptPause{100};

/// A socket address for a path of any length: sun_path holds 107 characters, and the folder's descriptor
/// stands for the rest.
struct UnixAddress {
  Descriptor folder;
  sockaddr_un address{};
};

Result<UnixAddress> unix_address(const std::string& path, ErrorCode code) {
  UnixAddress result;
  result.address.sun_family = AF_UNIX;
  std::string name = path;
  if (name.size() >= sizeof result.address.sun_path) {
    const std::filesystem::path whole{path};
    result.folder = Descriptor{::open(whole.parent_path().c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC)};
    if (!result.folder)
      return failure(code, fmt::format("{}: {}", path, std::generic_category().message(errno)));
    name = fmt::format("/proc/self/fd/{}/{}", result.folder.get(), whole.filename().native());
  }
  if (name.size() >= sizeof result.address.sun_path)
    return failure(code, fmt::format("{}: the name is too long", path));
  name.copy(result.address.sun_path, name.size());
  return result;
}

const sockaddr* as_sockaddr(const UnixAddress& address) {
  return reinterpret_cast<const sockaddr*>(&address.address);
}

bool is_socket(const std::string& path) {
  struct stat found {};
  return ::lstat(path.c_str(), &found) == 0 && S_ISSOCK(found.st_mode);
}

/// The mode of the socket before bind() is that of the file it makes (less the umask), so there is no moment
/// with another.
Result<Descriptor> listen_at(const std::string& path) {
  MUSTER_TRY(const UnixAddress address, unix_address(path, ErrorCode::io_failed));
  if (is_socket(path)) ::unlink(path.c_str());
  Descriptor socket{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0)};
  const bool listening = socket && ::fchmod(socket.get(), 0600) == 0 &&
                         ::bind(socket.get(), as_sockaddr(address), sizeof address.address) == 0 &&
                         ::chmod(path.c_str(), 0600) == 0 && ::listen(socket.get(), kUnixBacklog) == 0;
  if (listening) return socket;
  const ErrorCode code = errno == EACCES ? ErrorCode::permission_denied : ErrorCode::io_failed;
  return failure(code, fmt::format("{}: {}", path, std::generic_category().message(errno)));
}

}  // namespace

struct UnixListener::State : std::enable_shared_from_this<State> {
  State(Shard& on, stream_protocol::acceptor bound) : shard{on}, acceptor{std::move(bound)} {}

  void accept_next() {
    acceptor.async_accept(
        [self = shared_from_this()](const boost::system::error_code& ec, stream_protocol::socket socket) {
          self->accepted(ec, std::move(socket));
        });
  }

  void accepted(const boost::system::error_code& ec, stream_protocol::socket socket) {
    if (!acceptor.is_open()) return;
    if (ec && ec != boost::system::errc::connection_aborted) {
      shard.at(shard.clock().steady() + kAcceptPause, [self = shared_from_this()] {
        if (self->acceptor.is_open()) self->accept_next();
      });
      return;
    }
    if (!ec) admit(Descriptor{socket.release()});
    if (acceptor.is_open()) accept_next();
  }

  void admit(Descriptor socket) {
    const auto peer = peer_credentials(socket.get());
    if (!peer || (peer->uid != ::geteuid() && peer->uid != 0)) {
      log::warning("net", "control connection refused uid={}", peer ? static_cast<long>(peer->uid) : -1L);
      return;
    }
    on_accept(std::move(socket), *peer, shard);
  }

  Shard& shard;
  stream_protocol::acceptor acceptor;
  OnAccept on_accept;
};

Result<UnixListener> UnixListener::open(Shard& shard, const std::string& path) {
  MUSTER_TRY(Descriptor socket, listen_at(path));
  stream_protocol::acceptor acceptor{shard.io()};
  boost::system::error_code ec;
  acceptor.assign(stream_protocol{}, socket.get(), ec);
  if (ec) return failure(ErrorCode::io_failed, fmt::format("{}: {}", path, ec.message()));
  socket.release();
  return UnixListener{std::make_shared<State>(shard, std::move(acceptor)), path};
}

UnixListener::~UnixListener() {
  if (state_) ::unlink(path_.c_str());
  stop();
}

void UnixListener::start(OnAccept on_accept) {
  asio::post(state_->shard.io(), [state = state_, on_accept = std::move(on_accept)]() mutable {
    if (!state->acceptor.is_open()) return;
    state->on_accept = std::move(on_accept);
    state->accept_next();
  });
}

void UnixListener::stop() {
  if (!state_) return;
  asio::post(state_->shard.io(), [state = state_] {
    boost::system::error_code ignored;
    state->acceptor.close(ignored);
  });
}

Result<Descriptor> connect_unix(const std::string& path) {
  MUSTER_TRY(const UnixAddress address, unix_address(path, ErrorCode::connect_failed));
  // Blocking: a Unix-domain connect succeeds or fails at once, unless the backlog is full.
  Descriptor descriptor{::socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0)};
  if (!descriptor || ::connect(descriptor.get(), as_sockaddr(address), sizeof address.address) != 0) {
    return failure(ErrorCode::connect_failed,
                   fmt::format("{}: {}", path, std::generic_category().message(errno)));
  }
  return descriptor;
}

}  // namespace muster::net
