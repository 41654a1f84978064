#include "pki/verify.hpp"

#include "base/assert.hpp"
#include "pki/openssl.hpp"
#include "pki/path_fault.hpp"

namespace muster::pki {
namespace {

using OwnedStore = Owned<X509_STORE, X509_STORE_free>;
using OwnedContext = Owned<X509_STORE_CTX, X509_STORE_CTX_free>;
/// A stack that owns nothing: the certificates belong to the caller for longer than the judgement takes.
struct FreeStack {
  void operator()(STACK_OF(X509) * stack) const noexcept { sk_X509_free(stack); }
};
using BorrowedStack = std::unique_ptr<STACK_OF(X509), FreeStack>;

/// Security level 2 is 112 bits: RSA 2048, P-256, SHA-256 pass; RSA 1024 and SHA-1 do not.
constexpr int kSecurityLevel = 2;

int collect_fault(int ok, X509_STORE_CTX* context) {
  if (ok != 1) {
    static_cast<FaultCollector*>(X509_STORE_CTX_get_app_data(context))->add(*context);
  }
  return 1;  // Go on: one evaluation is to find all that is wrong. The verdict is whether anything was
             // collected.
}

/// OpenSSL's own rule but for one case: a candidate that may not sign is still the issuer, so that the reason
/// names it. That it may not sign is then found where the signature is checked (internal_verify), and
/// collected.
int is_issuer(X509_STORE_CTX*, X509* subject, X509* issuer) {
  const int verdict = X509_check_issued(issuer, subject);
  return verdict == X509_V_OK || verdict == X509_V_ERR_KEYUSAGE_NO_CERTSIGN ? 1 : 0;
}

OwnedStore store_of(const Certificate& anchor) {
  OwnedStore store{X509_STORE_new()};
  MUSTER_ASSERT(store && X509_STORE_add_cert(store.get(), anchor.native()) == 1, "memory");
  X509_STORE_set_check_issued(store.get(), is_issuer);
  return store;
}

void set_parameters(X509_VERIFY_PARAM& parameters, const Certificate& anchor, WallTime now, Purpose purpose) {
  X509_VERIFY_PARAM_set_time(&parameters, to_seconds(now));
  // The depth counts the CAs between leaf and anchor.
  X509_VERIFY_PARAM_set_depth(&parameters, static_cast<int>(kPathCertificatesMax) - 2);
  X509_VERIFY_PARAM_set_auth_level(&parameters, kSecurityLevel);
  X509_VERIFY_PARAM_set_purpose(
      &parameters, purpose == Purpose::client ? X509_PURPOSE_SSL_CLIENT : X509_PURPOSE_SSL_SERVER);
  // Only where an intermediate is the anchor: the flag has let through chains that OpenSSL refuses without
  // it.
  const bool self_signed = anchor.is_self_issued() && anchor.is_signed_by(anchor);
  if (!self_signed) X509_VERIFY_PARAM_set_flags(&parameters, X509_V_FLAG_PARTIAL_CHAIN);
}

/// The certificates that OpenSSL may put between leaf and anchor. Where a path of good signatures leads to
/// the anchor it is exactly that one: OpenSSL itself takes the first candidate by name and does not come
/// back.
std::vector<Certificate> between(const Certificate& leaf, std::span<const Certificate> untrusted,
                                 const Certificate& anchor) {
  std::vector<Certificate> pool{anchor};
  const auto considered = untrusted.first(std::min(untrusted.size(), kUntrustedMax));
  pool.insert(pool.end(), considered.begin(), considered.end());
  const auto path = issuers_of(leaf, pool, kPathCertificatesMax);
  const auto end = std::ranges::find(path, anchor);
  if (end == path.end()) return {considered.begin(), considered.end()};
  if (end == path.begin()) return {};
  return {path.begin() + 1, end};
}

/// The path that OpenSSL built, as the certificates we were given: the objects are the same ones.
std::vector<Certificate> path_of(X509_STORE_CTX& context, std::span<const Certificate> given) {
  std::vector<Certificate> path;
  STACK_OF(X509)* chain = X509_STORE_CTX_get0_chain(&context);
  for (int i = 0; i < sk_X509_num(chain); ++i) {
    X509* x509 = sk_X509_value(chain, i);
    const auto same = std::ranges::find(given, x509, &Certificate::native);
    path.push_back(same != given.end() ? *same : Certificate::from_native(x509));
  }
  return path;
}

/// OpenSSL finds no issuer for such a certificate, and without X509_STRICT does not say why: we do, and do
/// not rest on it.
void add_unreadable(PathVerdict& verdict, const Certificate& leaf) {
  for (std::size_t i = 0; i < verdict.path.size(); ++i) {
    if (!verdict.path[i].has_unreadable_extension()) continue;
    const std::string_view role = verdict.path[i] == leaf ? "leaf certificate" : "certificate";
    verdict.faults.insert(verdict.faults.begin(), {ErrorCode::certificate_unreadable,
                                                   fmt::format("{} {} has an extension that cannot be read",
                                                               role, shown(verdict.path[i].subject())),
                                                   i});
  }
}

}  // namespace

PathVerdict verify_path(const Certificate& leaf, std::span<const Certificate> untrusted,
                        const Certificate& anchor, WallTime now, Purpose purpose) {
  const ErrorScope errors;
  auto candidates = between(leaf, untrusted, anchor);
  const BorrowedStack stack{sk_X509_new_null()};
  for (const Certificate& candidate : candidates) sk_X509_push(stack.get(), candidate.native());

  const OwnedStore store = store_of(anchor);
  const OwnedContext context{X509_STORE_CTX_new()};
  const bool ready =
      context && X509_STORE_CTX_init(context.get(), store.get(), leaf.native(), stack.get()) == 1;
  MUSTER_ASSERT(ready, "memory");
  set_parameters(*X509_STORE_CTX_get0_param(context.get()), anchor, now, purpose);
  FaultCollector faults{anchor, now, purpose};
  X509_STORE_CTX_set_app_data(context.get(), &faults);
  X509_STORE_CTX_set_verify_cb(context.get(), collect_fault);

  const int outcome = X509_verify_cert(context.get());
  PathVerdict verdict;
  candidates.insert(candidates.end(), {leaf, anchor});
  verdict.path = path_of(*context, candidates);
  verdict.faults = faults.take();
  add_unreadable(verdict, leaf);
  if (!verdict.faults.empty()) return verdict;
  // Never accept on the absence of a complaint alone.
  const bool reached = !verdict.path.empty() && verdict.path.front() == leaf && verdict.path.back() == anchor;
  if (outcome != 1 || !reached) {
    const int error = X509_STORE_CTX_get_error(context.get());
    verdict.faults.push_back({ErrorCode::certificate_chain_invalid,
                              fmt::format("the chain of {} does not end at CA {}: {}", shown(leaf.subject()),
                                          shown(anchor.subject()), X509_verify_cert_error_string(error)),
                              0});
  }
  return verdict;
}

}  // namespace muster::pki
