#pragma once

#include "base/task.hpp"
#include "net/descriptor.hpp"
#include "net/plain_stream.hpp"
#include "net/shard.hpp"

#include <functional>
#include <memory>
#include <string>

namespace muster::net {

/// A Unix-domain socket that only its owner and root may talk to: the world's control socket.
class UnixListener {
 public:
  /// Called on the shard, for peers that are this process's user or root.
  using OnAccept = std::function<void(Descriptor, const PeerCredentials&, Shard&)>;

  /// Makes the socket file at `path`, 0600 from its first moment, and listens. A socket left behind at `path`
  /// is replaced: call with the world's lock held. Its folder should be the owner's alone (0700). Paths of
  /// any length. io_failed, permission_denied with the path.
  static Result<UnixListener> open(Shard& shard, const std::string& path);
  UnixListener(UnixListener&&) = default;
  UnixListener& operator=(UnixListener&&) = delete;
  /// Stops, and removes the socket file.
  ~UnixListener();

  /// From any thread; accepts until stop(). Other users' connections are closed at once.
  void start(OnAccept on_accept);
  void stop();

 private:
  struct State;
  UnixListener(std::shared_ptr<State> state, std::string path)
      : state_{std::move(state)}, path_{std::move(path)} {}
  std::shared_ptr<State> state_;
  std::string path_;
};

/// Connects to a socket file. connect_failed with the path and why.
Result<Descriptor> connect_unix(const std::string& path);

}  // namespace muster::net
