#include "pki/self_signed.hpp"

#include "pki/draft.hpp"

namespace muster::pki {

Result<Issued> issue_self_signed_device(const IssueRequest& request, Random& random) {
  const ErrorScope errors;
  MUSTER_TRY(PrivateKey key, PrivateKey::generate(request.key));
  MUSTER_TRY(Draft draft, Draft::begin(request, key, random));
  draft.set_issuer(nullptr);
  draft.add(NID_basic_constraints, "critical,CA:FALSE");
  draft.add(NID_key_usage, "critical,digitalSignature");
  draft.add(NID_ext_key_usage, "clientAuth");
  draft.add(NID_subject_key_identifier, "hash");
  MUSTER_TRY(Certificate certificate, draft.sign(key));
  return Issued{std::move(certificate), std::move(key)};
}

}  // namespace muster::pki
