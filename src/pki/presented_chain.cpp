#include "pki/presented_chain.hpp"

#include "base/assert.hpp"
#include "pki/key_decoding.hpp"
#include "pki/openssl.hpp"

#include <openssl/ec.h>
#include <openssl/sha.h>

#include <algorithm>
#include <array>

namespace muster::pki {
namespace {

template <auto Digest, std::size_t Size>
std::string thumbprint(ByteView der) {
  std::array<std::byte, Size> digest;
  Digest(reinterpret_cast<const unsigned char*>(der.data()), der.size(),
         reinterpret_cast<unsigned char*>(digest.data()));
  return to_hex_upper(digest);
}

}  // namespace

std::shared_ptr<const Certificate> IssuerPool::share(X509& issuer) {
  const Bytes der = encode(&issuer);
  Sha256 hash;
  SHA256(reinterpret_cast<const unsigned char*>(der.data()), der.size(),
         reinterpret_cast<unsigned char*>(hash.data()));
  {
    const std::lock_guard lock{mutex_};
    if (const auto known = by_hash_.find(hash); known != by_hash_.end()) {
      if (auto held = known->second.lock()) return held;
    }
  }
  // Without the lock: a stranger may present a hundred that nobody has seen, and the shards share it.
  auto made = std::make_shared<const Certificate>(Certificate::from_native(&issuer));
  const std::lock_guard lock{mutex_};
  if (by_hash_.size() >= sweep_at_) forget_unused();
  auto& kept = by_hash_[hash];
  if (auto held = kept.lock()) return held;
  kept = made;
  return made;
}

void IssuerPool::forget_unused() {
  std::erase_if(by_hash_, [](const auto& entry) { return entry.second.expired(); });
  sweep_at_ = std::max(kSweepAt, 2 * by_hash_.size());
}

std::size_t IssuerPool::size() const {
  const std::lock_guard lock{mutex_};
  return by_hash_.size();
}

PresentedChain::PresentedChain(const X509& leaf, const stack_st_X509* issuers, IssuerPool& pool)
    : leaf_{encode(&leaf)}, common_name_{common_name_of(leaf)} {
  for (int i = 0; issuers != nullptr && i < sk_X509_num(issuers); ++i) {
    X509* const issuer = sk_X509_value(issuers, i);
    if (issuer != &leaf) issuers_.push_back(pool.share(*issuer));
  }
  take_hash();
}

PresentedChain::PresentedChain(const Chain& chain)
    : leaf_{chain.leaf().der()}, common_name_{chain.leaf().common_name()} {
  for (std::size_t i = 1; i < chain.certificates.size(); ++i) {
    issuers_.push_back(std::make_shared<const Certificate>(chain.certificates[i]));
  }
  take_hash();
}

void PresentedChain::take_hash() {
  ChainDigest digest;
  digest.add(leaf_);
  for (const auto& issuer : issuers_) digest.add(issuer->der_view());
  hash_ = digest.hex();
}

std::string PresentedChain::leaf_sha1_thumbprint() const {
  return thumbprint<SHA1, SHA_DIGEST_LENGTH>(leaf_);
}

std::string PresentedChain::leaf_sha256_thumbprint() const {
  return thumbprint<SHA256, SHA256_DIGEST_LENGTH>(leaf_);
}

Chain PresentedChain::parse() const {
  const ErrorScope errors;
  const auto* at = reinterpret_cast<const unsigned char*>(leaf_.data());
  const OwnedX509 leaf{d2i_X509(nullptr, &at, static_cast<long>(leaf_.size()))};
  MUSTER_ASSERT(leaf, "it was parsed before it was kept");
  Chain chain{{Certificate::from_native(leaf.get())}};
  for (const auto& issuer : issuers_) chain.certificates.push_back(*issuer);
  return chain;
}

void hollow_out(X509& certificate) {
  const ErrorScope errors;
  // One key for all of them, of the kind that is set without encoding and decoding it.
  static EVP_PKEY* const key = in_built_in_form(EVP_EC_gen(SN_X9_62_prime256v1));
  const OwnedName nobody{X509_NAME_new()};
  if (key != nullptr) X509_set_pubkey(&certificate, key);
  if (nobody) {
    X509_set_subject_name(&certificate, nobody.get());
    X509_set_issuer_name(&certificate, nobody.get());
  }
  while (X509_get_ext_count(&certificate) > 0) {
    const OwnedExtension dropped{X509_delete_ext(&certificate, X509_get_ext_count(&certificate) - 1)};
  }
}

}  // namespace muster::pki
