#include "protocol/rest/certificate_json.hpp"

#include "base/bytes.hpp"
#include "protocol/rest/etag.hpp"
#include "protocol/rest/json_fields.hpp"
#include "protocol/rest/timestamp.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace muster::rest {
namespace {

nlohmann::ordered_json write_certificate(const CaCertificate& certificate, const ArmScope& scope) {
  nlohmann::ordered_json properties{{"subject", certificate.subject},
                                    {"expiry", format_rfc1123(certificate.not_after)},
                                    {"thumbprint", certificate.sha1_thumbprint},
                                    {"isVerified", certificate.verified},
                                    {"certificate", to_base64(certificate.der)},
                                    {"created", format_rfc1123(certificate.created)},
                                    {"updated", format_rfc1123(certificate.updated)}};
  if (!certificate.verification_code.empty()) properties["verificationCode"] = certificate.verification_code;
  const bool hub = certificate.owner.kind == ServiceKind::hub;
  return {{"id", fmt::format("{}/certificates/{}", arm_id(certificate.owner, scope), certificate.name.str())},
          {"name", certificate.name.str()},
          {"etag", certificate_etag(certificate)},
          {"type", hub ? "Microsoft.Devices/IotHubs/Certificates"
                       : "Microsoft.Devices/ProvisioningServices/Certificates"},
          {"properties", std::move(properties)}};
}

}  // namespace

Result<CertificateUpload> parse_certificate_upload(std::string_view body) {
  MUSTER_TRY(const nlohmann::json json, parse_json_object(body));
  const Fields flat{json, ""};
  MUSTER_TRY(const auto nested, flat.object("properties"));
  const Fields& fields = nested ? *nested : flat;
  CertificateUpload upload;
  MUSTER_TRY(upload.certificate, fields.required_text("certificate"));
  if (upload.certificate.empty()) return failure(fields.invalid("certificate", "is empty"));
  MUSTER_TRY(upload.is_verified, fields.boolean("isVerified"));
  return upload;
}

std::string format_certificate(const CaCertificate& certificate, const ArmScope& scope) {
  return write_json(write_certificate(certificate, scope));
}

std::string format_certificates(std::span<const CaCertificate> certificates, const ArmScope& scope) {
  auto value = nlohmann::ordered_json::array();
  for (const auto& certificate : certificates) value.push_back(write_certificate(certificate, scope));
  nlohmann::ordered_json body;
  body["value"] = std::move(value);
  return write_json(body);
}

std::string arm_id(const ServiceRef& service, const ArmScope& scope) {
  return fmt::format("/subscriptions/{}/resourceGroups/{}/providers/Microsoft.Devices/{}/{}",
                     scope.subscription_id, scope.resource_group,
                     service.kind == ServiceKind::hub ? "IotHubs" : "provisioningServices",
                     service.name.str());
}

}  // namespace muster::rest
