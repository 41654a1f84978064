#pragma once

#include "pki/presented_chain.hpp"

#include <memory>

using SSL = struct ssl_st;

namespace muster::net {

/// Puts `chain` beside the TLS session that `ssl` is making, for as long as the session can be resumed.
void keep_chain(SSL* ssl, std::shared_ptr<const pki::PresentedChain> chain);
/// What was put there by this handshake, or by the one that the session began with; null for a peer without a
/// certificate.
std::shared_ptr<const pki::PresentedChain> kept_chain(SSL* ssl);

}  // namespace muster::net
