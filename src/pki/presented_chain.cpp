#include "pki/presented_chain.hpp"

#include "base/assert.hpp"
#include "pki/openssl.hpp"

#include <openssl/sha.h>

#include <algorithm>
#include <array>
#include <functional>
#include <string_view>

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

std::shared_ptr<const Bytes> IssuerPool::share(Bytes der) {
  const std::size_t hash = std::hash<std::string_view>{}(as_text(der));
  const std::lock_guard lock{mutex_};
  const auto [begin, end] = by_hash_.equal_range(hash);
  for (auto it = begin; it != end; ++it) {
    if (auto held = it->second.lock(); held && *held == der) return held;
  }
  if (by_hash_.size() >= sweep_at_) forget_unused();
  auto kept = std::make_shared<const Bytes>(std::move(der));
  by_hash_.emplace(hash, kept);
  return kept;
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
    : common_name_{common_name_of(leaf)} {
  const ErrorScope errors;
  encoded_.push_back(std::make_shared<const Bytes>(encode(&leaf)));
  for (int i = 0; issuers != nullptr && i < sk_X509_num(issuers); ++i) {
    X509* const issuer = sk_X509_value(issuers, i);
    if (issuer != &leaf) encoded_.push_back(pool.share(encode(issuer)));
  }
  take_hash();
}

PresentedChain::PresentedChain(const Chain& chain) : common_name_{chain.leaf().common_name()} {
  for (const Certificate& certificate : chain.certificates) {
    encoded_.push_back(std::make_shared<const Bytes>(certificate.der()));
  }
  take_hash();
}

void PresentedChain::take_hash() {
  encoded_.shrink_to_fit();
  ChainDigest digest;
  for (const auto& der : encoded_) digest.add(*der);
  hash_ = digest.hex();
}

std::string PresentedChain::leaf_sha1_thumbprint() const {
  return thumbprint<SHA1, SHA_DIGEST_LENGTH>(*encoded_.front());
}

std::string PresentedChain::leaf_sha256_thumbprint() const {
  return thumbprint<SHA256, SHA256_DIGEST_LENGTH>(*encoded_.front());
}

Chain PresentedChain::parse() const {
  const ErrorScope errors;
  Chain chain;
  for (const auto& der : encoded_) {
    const auto* at = reinterpret_cast<const unsigned char*>(der->data());
    const OwnedX509 parsed{d2i_X509(nullptr, &at, static_cast<long>(der->size()))};
    MUSTER_ASSERT(parsed, "it was parsed before it was kept");
    chain.certificates.push_back(Certificate::from_native(parsed.get()));
  }
  return chain;
}

void hollow_out(X509& certificate) {
  const ErrorScope errors;
  // One key for all of them, without a curve or numbers: what X509_PUBKEY needs to have is an algorithm.
  static EVP_PKEY* const key = [] {
    const std::array<unsigned char, 32> zeros{};
    return EVP_PKEY_new_raw_public_key(EVP_PKEY_X25519, nullptr, zeros.data(), zeros.size());
  }();
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
