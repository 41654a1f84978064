#pragma once
// Private to pki: OpenSSL's verdicts in our words.

#include "pki/openssl.hpp"
#include "pki/verify.hpp"

#include <utility>
#include <vector>

namespace muster::pki {

/// Takes each fault that X509_verify_cert reports, says it with the values that matter, and drops what only
/// repeats an earlier one.
class FaultCollector {
 public:
  FaultCollector(const Certificate& anchor, WallTime now, Purpose purpose)
      : anchor_{anchor}, now_{now}, purpose_{purpose} {}

  void add(X509_STORE_CTX& context);
  std::vector<PathFault> take() { return std::move(faults_); }

 private:
  std::string reason_of(int error, const Certificate& at, int depth, X509_STORE_CTX& context) const;
  /// "leaf certificate CN=a", "intermediate certificate CN=b", "CA certificate CN=c".
  std::string named(const Certificate& certificate, int depth) const;

  const Certificate& anchor_;
  WallTime now_;
  Purpose purpose_;
  std::vector<PathFault> faults_;
};

}  // namespace muster::pki
