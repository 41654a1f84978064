#pragma once

#include "base/result.hpp"
#include "model/enrollment.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// muster's own question where devices would go: `muster dps allocate --dry-run`.
namespace muster::rest {

/// Registration ids of one question; a longer list is asked in parts.
inline constexpr std::size_t kDryRunIdsMax = 2'000;

struct DryRunAsked {
  std::string enrollment;           ///< A group's id, or an individual enrollment's registration id.
  std::vector<RegistrationId> ids;  ///< Empty for an individual enrollment: it is its own.
  bool ask_webhook = false;         ///< Custom allocation: asks, and does not only say that it would.
  std::string address;              ///< Where the devices are as seen by address; may be empty.
  std::string payload_json;         ///< What they send with their register request; may be empty.
};
/// field_invalid naming the member.
Result<DryRunAsked> parse_dry_run(std::string_view body);

/// What would become of one device.
struct DryRunDevice {
  std::string id;
  std::string current_hub;  ///< Full host name; empty: nowhere yet.
  std::string hub;          ///< Empty: none, or it is not known without asking.
  std::string why;
  std::optional<Error> error;
};
struct DryRunAnswer {
  std::string_view kind;  ///< "enrollmentGroup" or "individualEnrollment".
  AllocationPolicy policy = AllocationPolicy::hashed;
  bool policy_of_enrollment = false;  ///< Else the DPS instance's.
  std::vector<LinkedHub> hubs;        ///< Those that are allowed.
  std::vector<DryRunDevice> devices;
};
std::string format_dry_run(const DryRunAnswer& answer);

}  // namespace muster::rest
