#include "net/tls_socket.hpp"

#include <openssl/bio.h>
#include <openssl/ssl.h>

#include <cerrno>

namespace muster::net {
namespace {

PolledSocket& socket_of(BIO* bio) { return *static_cast<PolledSocket*>(BIO_get_data(bio)); }

bool would_block() { return errno == EAGAIN || errno == EINTR; }

int write(BIO* bio, const char* bytes, int size) {
  errno = 0;
  const auto sent = static_cast<int>(socket_of(bio).send(bytes, static_cast<std::size_t>(size)));
  BIO_clear_retry_flags(bio);
  if (sent < 0 && would_block()) BIO_set_retry_write(bio);
  return sent;
}

int read(BIO* bio, char* into, int size) {
  errno = 0;
  const auto received = static_cast<int>(socket_of(bio).receive(into, static_cast<std::size_t>(size)));
  BIO_clear_retry_flags(bio);
  if (received < 0 && would_block()) BIO_set_retry_read(bio);
  return received;
}

long control(BIO*, int command, long, void*) {
  // An end without close_notify is not told as BIO_CTRL_EOF: OpenSSL would take it for an attack and drop the
  // session, and a device that lost its network could not resume. It fails as a system call all the same.
  return command == BIO_CTRL_FLUSH ? 1 : 0;
}

/// Made once and never freed, as OpenSSL's own are.
BIO_METHOD* make_method() {
  BIO_METHOD* method = BIO_meth_new(BIO_get_new_index() | BIO_TYPE_SOURCE_SINK, "polled socket");
  if (method == nullptr) return nullptr;
  BIO_meth_set_write(method, write);
  BIO_meth_set_read(method, read);
  BIO_meth_set_ctrl(method, control);
  return method;
}

}  // namespace

bool attach_socket(SSL* ssl, PolledSocket& socket) {
  static const BIO_METHOD* const method = make_method();
  BIO* bio = method == nullptr ? nullptr : BIO_new(method);
  if (bio == nullptr) return false;
  BIO_set_data(bio, &socket);
  BIO_set_init(bio, 1);
  SSL_set_bio(ssl, bio, bio);
  return true;
}

}  // namespace muster::net
