#pragma once

#include "net/polled_socket.hpp"

using SSL = struct ssl_st;

namespace muster::net {

/// Has OpenSSL read from and write to `socket`, which must outlive `ssl`. False without memory.
bool attach_socket(SSL* ssl, PolledSocket& socket);

}  // namespace muster::net
