#pragma once

#include "base/result.hpp"
#include "model/certificate.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>

/// CA certificates of hubs and DPS instances as ARM carries them. Source: protocol/service/03 section 3.1.
namespace muster::rest {

/// Where ARM resources live.
struct ArmScope {
  std::string_view subscription_id;
  std::string_view resource_group;
};

/// What an upload or a verify body holds: flat as DPS 2021-10-15, or under `properties` as hubs and newer
/// versions have it.
struct CertificateUpload {
  std::string certificate;  ///< As sent: PEM, or base64 of DER or PEM.
  std::optional<bool> is_verified;
};
/// field_invalid naming the member when there is no certificate text.
Result<CertificateUpload> parse_certificate_upload(std::string_view body);

/// CertificateResponse. The verification code is shown while there is one.
std::string format_certificate(const CaCertificate& certificate, const ArmScope& scope);
/// `{"value":[...]}`.
std::string format_certificates(std::span<const CaCertificate> certificates, const ArmScope& scope);

/// "/subscriptions/{s}/resourceGroups/{rg}/providers/Microsoft.Devices/{IotHubs|provisioningServices}/{name}".
std::string arm_id(const ServiceRef& service, const ArmScope& scope);

}  // namespace muster::rest
