#include "simulator/own_certificate.hpp"

#include "pki/certificate.hpp"
#include "pki/key.hpp"

#include <fmt/format.h>

namespace muster::simulator {
namespace {

Error expired(const pki::Certificate& leaf, const DeviceConfig& config, WallTime now) {
  return Error{ErrorCode::own_certificate_expired,
               fmt::format("{} ({}) ended {}, clock says {}", config.cert_path, leaf.subject(),
                           format_utc(leaf.not_after()), format_utc(now))}
      .with_remedy(
          fmt::format("Issue a new certificate for {} (muster pki create-device --subject /CN={}), and "
                      "name it in cert_file.",
                      config.registration_id, config.registration_id));
}

}  // namespace

Result<OwnCertificate> check_own_certificate(const CredentialPem& pem, const DeviceConfig& config,
                                             WallTime now) {
  auto certificates = pki::parse_pem_certificates(pem.certificate_chain);
  if (!certificates) return failure(std::move(certificates).error().within("cert_file " + config.cert_path));
  auto key = pki::PrivateKey::from_pem(pem.private_key, pem.passphrase);
  if (!key) return failure(std::move(key).error().within("key_file " + config.key_path));
  const pki::Certificate& leaf = certificates->front();
  if (!key->matches(leaf)) {
    return failure(ErrorCode::key_mismatch, fmt::format("{} is not the key of {} ({})", config.key_path,
                                                        config.cert_path, leaf.subject()));
  }
  if (now < leaf.not_before()) {
    return failure(ErrorCode::own_certificate_not_yet_valid,
                   fmt::format("{} ({}) begins {}, clock says {}", config.cert_path, leaf.subject(),
                               format_utc(leaf.not_before()), format_utc(now)));
  }
  // As pki::verify_path reads it: valid up to, and not at, notAfter.
  if (now >= leaf.not_after()) return failure(expired(leaf, config, now));
  const auto left = std::chrono::floor<std::chrono::days>(leaf.not_after() - now);
  return OwnCertificate{leaf.subject(), leaf.common_name().value_or(""), leaf.not_after(), left.count()};
}

}  // namespace muster::simulator
