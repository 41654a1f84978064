#include "net/tls_session.hpp"

#include "base/assert.hpp"

#include <openssl/ssl.h>

#include <new>

namespace muster::net {
namespace {

/// OpenSSL keeps a pointer; this is what it points to.
using Kept = std::shared_ptr<const pki::PresentedChain>;

void free_kept(void*, void* kept, CRYPTO_EX_DATA*, int, long, void*) { delete static_cast<Kept*>(kept); }

/// TLS 1.3 makes a new session of each one that is resumed.
int copy_kept(CRYPTO_EX_DATA*, const CRYPTO_EX_DATA*, void** kept, int, long, void*) noexcept {
  if (*kept == nullptr) return 1;
  *kept = new (std::nothrow) Kept{*static_cast<Kept*>(*kept)};
  return *kept != nullptr ? 1 : 0;
}

int index_of_kept() {
  static const int index = SSL_SESSION_get_ex_new_index(0, nullptr, nullptr, copy_kept, free_kept);
  MUSTER_ASSERT(index >= 0, "OpenSSL has room for what belongs to a session");
  return index;
}

}  // namespace

void keep_chain(SSL* ssl, std::shared_ptr<const pki::PresentedChain> chain) {
  SSL_SESSION* session = SSL_get_session(ssl);
  MUSTER_ASSERT(session != nullptr, "a handshake makes a session");
  auto kept = std::make_unique<Kept>(std::move(chain));
  free_kept(nullptr, SSL_SESSION_get_ex_data(session, index_of_kept()), nullptr, 0, 0, nullptr);
  MUSTER_ASSERT(SSL_SESSION_set_ex_data(session, index_of_kept(), kept.get()) == 1, "there is memory");
  kept.release();
}

std::shared_ptr<const pki::PresentedChain> kept_chain(SSL* ssl) {
  const SSL_SESSION* session = SSL_get_session(ssl);
  const void* kept = session != nullptr ? SSL_SESSION_get_ex_data(session, index_of_kept()) : nullptr;
  return kept != nullptr ? *static_cast<const Kept*>(kept) : nullptr;
}

}  // namespace muster::net
