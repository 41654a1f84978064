#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "muster/credentials.hpp"
#include "simulator/device_config.hpp"

#include <cstdint>
#include <string>

namespace muster::simulator {

/// From so many days before it expires a certificate is warned about.
inline constexpr std::int64_t kWarnDays = 30;

/// What the device says of its certificate when it starts.
struct OwnCertificate {
  std::string subject;
  std::string common_name;  ///< Empty when there is none.
  WallTime not_after;
  std::int64_t days_left = 0;  ///< Whole days.
};

/// Whether the device's own certificate and key can be used now.
///
/// Errors    certificate_unreadable, file_unreadable  with the file's name
///           key_mismatch, own_certificate_expired, own_certificate_not_yet_valid
Result<OwnCertificate> check_own_certificate(const CredentialPem& pem, const DeviceConfig& config,
                                             WallTime now);

}  // namespace muster::simulator
