#pragma once

#include "base/result.hpp"
#include "pki/certificate.hpp"
#include "pki/key.hpp"
#include "pki/presented_chain.hpp"

#include <memory>
#include <mutex>
#include <span>
#include <string>
#include <vector>

using SSL_CTX = struct ssl_ctx_st;

namespace muster::net {

/// What one end proves itself with: the leaf and what is sent above it, and the leaf's key.
struct TlsIdentity {
  pki::Chain chain;
  pki::PrivateKey key;
};

/// What every connection of a server has in common. TLS 1.2 and 1.3, ECDHE with AEAD only (protocol/device/04
/// section 12; its CBC suites are left out: every SDK offers GCM). Asks for a client certificate without
/// naming CAs, and lets any pass whose key the peer holds: judging it is trust's, where a refusal can be put
/// in words (protocol/device/10 sections 3 and 5). Threads: all members may be called from any thread.
class TlsServerContext {
 public:
  /// One identity for each kind of key (P-256, RSA): OpenSSL picks the one that the client can check.
  /// key_mismatch when a key is not its certificate's; certificate_missing when `identities` is empty.
  static Result<std::unique_ptr<TlsServerContext>> make(std::span<const TlsIdentity> identities);

  /// For connections from now on; those that exist keep what they have. Nothing changes when it fails.
  Result<void> replace(std::span<const TlsIdentity> identities);
  /// An SSL of it has a std::string as its app data: its ClientHello puts there the name that the peer dials.
  std::shared_ptr<SSL_CTX> current() const;

 private:
  TlsServerContext() = default;

  pki::IssuerPool issuers_;
  mutable std::mutex mutex_;  // Held for a pointer's copy, once a connection.
  std::shared_ptr<SSL_CTX> context_;
};

/// Whom a client believes and who it is.
struct TlsClientOptions {
  std::vector<std::string>
      root_files;  ///< PEM. With no root at all: the system's, or SSL_CERT_FILE and SSL_CERT_DIR.
  std::vector<pki::Certificate> roots;  ///< Added to those of the files.
  bool system_roots_too = false;        ///< The system's beside those that are given.
  std::vector<TlsIdentity> identities;  ///< Empty: no client certificate.
};

/// What every connection of a client has in common. A cheap value.
class TlsClientContext {
 public:
  /// file_unreadable with the file's name, key_mismatch.
  static Result<TlsClientContext> make(const TlsClientOptions& options);
  const std::shared_ptr<SSL_CTX>& current() const noexcept { return context_; }

 private:
  explicit TlsClientContext(std::shared_ptr<SSL_CTX> context) : context_{std::move(context)} {}
  std::shared_ptr<SSL_CTX> context_;
};

}  // namespace muster::net
