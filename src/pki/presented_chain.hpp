#pragma once

#include "base/bytes.hpp"
#include "pki/certificate.hpp"

#include <array>
#include <cstddef>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

struct stack_st_X509;

namespace muster::pki {

/// The issuers that many peers present, each parsed and kept once. Forgets what nobody holds any more.
/// Threads: any; one lock, held for a look-up.
class IssuerPool {
 public:
  std::shared_ptr<const Certificate> share(X509& issuer);
  std::size_t size() const;

 private:
  using Sha256 = std::array<std::byte, 32>;
  void forget_unused();

  static constexpr std::size_t kSweepAt = 64;
  mutable std::mutex mutex_;
  std::map<Sha256, std::weak_ptr<const Certificate>>
      by_hash_;  ///< Of the encoding, which a stranger chooses.
  std::size_t sweep_at_ = kSweepAt;
};

/// What a peer presented in its handshake: its leaf as bytes, with what is asked of it at each connect, and
/// the issuers that it shares with others. About a kilobyte where a parsed chain has ten, so that it can be
/// kept for as long as the peer may resume its TLS session. Immutable; threads: any.
class PresentedChain {
 public:
  /// The leaf, whose key the peer is to prove that it holds, and what it sent; the leaf itself among them is
  /// passed over.
  PresentedChain(const X509& leaf, const stack_st_X509* issuers, IssuerPool& pool);
  explicit PresentedChain(const Chain& chain);

  const std::string& hash() const noexcept { return hash_; }  ///< As Chain::hash().
  /// The leaf's, as Certificate::common_name() has it.
  const std::optional<std::string>& common_name() const noexcept { return common_name_; }
  std::string leaf_sha1_thumbprint() const;
  std::string leaf_sha256_thumbprint() const;
  std::size_t size() const noexcept { return 1 + issuers_.size(); }  ///< Certificates, the leaf included.
  /// About 25 us: for a chain that has to be judged.
  Chain parse() const;

 private:
  void take_hash();

  Bytes leaf_;
  std::vector<std::shared_ptr<const Certificate>> issuers_;
  std::optional<std::string> common_name_;
  std::string hash_;
};

/// Takes the contents out of a certificate that OpenSSL holds on to and nobody will read again: its session
/// keeps the object, 4.5 KiB of which are the parsed names, extensions and key. What is left is an empty
/// certificate.
void hollow_out(X509& certificate);

}  // namespace muster::pki
