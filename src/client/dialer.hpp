#pragma once

#include "base/task.hpp"
#include "muster/client.hpp"
#include "net/shard.hpp"
#include "net/stream.hpp"

#include <memory>
#include <string>

namespace muster::client {

/// Whom to reach, by when, and as whom.
struct DialRequest {
  std::string host;
  Transport transport;
  std::shared_ptr<Credentials> credentials;
  SteadyTime deadline;
};

/// Makes connections: TLS over TCP in earnest, scripted in tests.
class Dialer {
 public:
  virtual ~Dialer() = default;
  /// A connection whose handshake is done. Errors as net::connect and net::TlsStream::handshake, and those of
  /// the credentials.
  virtual Task<std::unique_ptr<net::Stream>> dial(net::Shard& shard, DialRequest request) = 0;
};

std::unique_ptr<Dialer> make_tls_dialer();

}  // namespace muster::client
