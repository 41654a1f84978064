#pragma once

using SSL = struct ssl_st;

namespace muster::net {

/// As SSL_set_fd, except that writing to a connection whose peer is gone gives EPIPE and never the signal
/// SIGPIPE, which would end whatever program this library is in. The descriptor stays the caller's to close.
bool attach_socket(SSL* ssl, int descriptor);

}  // namespace muster::net
