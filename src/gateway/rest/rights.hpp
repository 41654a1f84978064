#pragma once

#include <cstdint>
#include <string_view>

namespace muster::rest {

/// What a call needs of its caller. Source: service/01 section 1.4.
enum class Right : std::uint8_t {
  control,  ///< Not given by any policy: the control socket only.
  registry_read,
  registry_write,
  service_connect,
  service_config,
  enrollment_read,
  enrollment_write,
  registration_status_read,
  registration_status_write,
};

/// The word that policies hold: "RegistryRead".
constexpr std::string_view right_name(Right right) noexcept {
  switch (right) {
    case Right::control:
      break;
    case Right::registry_read:
      return "RegistryRead";
    case Right::registry_write:
      return "RegistryWrite";
    case Right::service_connect:
      return "ServiceConnect";
    case Right::service_config:
      return "ServiceConfig";
    case Right::enrollment_read:
      return "EnrollmentRead";
    case Right::enrollment_write:
      return "EnrollmentWrite";
    case Right::registration_status_read:
      return "RegistrationStatusRead";
    case Right::registration_status_write:
      return "RegistrationStatusWrite";
  }
  return "control";
}

}  // namespace muster::rest
