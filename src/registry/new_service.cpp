#include "registry/new_service.hpp"

#include "base/bytes.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace muster::registry {
namespace {

/// Azure's form: "0ne", then eight hexadecimal digits, "0ne00123ABC".
std::string new_id_scope(Random& random) {
  std::array<std::byte, 4> bytes;
  random.fill(bytes);
  return "0ne" + to_hex_upper(bytes);
}

Result<void> put_policies(Store& store, const ServiceRef& service, Random& random) {
  for (const SasPolicy& policy : default_policies(service.kind, random)) {
    MUSTER_CHECK(store.services().put_policy(service, policy));
  }
  return {};
}

}  // namespace

std::vector<SasPolicy> default_policies(ServiceKind kind, Random& random) {
  constexpr std::size_t kKeyBytes = 32;
  const auto key = [&random] { return random_base64(random, kKeyBytes); };
  const auto policy = [&key](const char* name, std::vector<std::string> rights) {
    return SasPolicy{name, key(), key(), std::move(rights)};
  };
  if (kind == ServiceKind::dps) {
    return {policy("provisioningserviceowner",
                   {"ServiceConfig", "DeviceConnect", "EnrollmentWrite", "EnrollmentRead",
                    "RegistrationStatusWrite", "RegistrationStatusRead"})};
  }
  return {policy("iothubowner", {"RegistryRead", "RegistryWrite", "ServiceConnect", "DeviceConnect"}),
          policy("service", {"ServiceConnect"}), policy("device", {"DeviceConnect"}),
          policy("registryRead", {"RegistryRead"}),
          policy("registryReadWrite", {"RegistryRead", "RegistryWrite"})};
}

Result<Hub> make_hub_in(Store& store, const Hub& hub, Random& random) {
  MUSTER_TRY(auto stored, store.services().put_hub(hub, 0));
  if (!stored) {
    return failure(ErrorCode::resource_exists, fmt::format("there is a hub {} already", hub.name.str()));
  }
  MUSTER_CHECK(put_policies(store, {ServiceKind::hub, hub.name}, random));
  return *std::move(stored);
}

Result<DpsInstance> make_dps_in(Store& store, DpsInstance dps, Random& random) {
  MUSTER_TRY(const auto others, store.services().dps_instances());
  const auto taken = [&others](const std::string& scope) {
    return std::ranges::any_of(
        others, [&scope](const DpsInstance& other) { return equals_ignoring_case(other.id_scope, scope); });
  };
  // A scope is how a device says which instance it means: two may not share one.
  while (dps.id_scope.empty() || taken(dps.id_scope)) dps.id_scope = new_id_scope(random);
  MUSTER_TRY(auto stored, store.services().put_dps(dps, 0));
  if (!stored) {
    return failure(ErrorCode::resource_exists,
                   fmt::format("there is a DPS instance {} already", dps.name.str()));
  }
  MUSTER_CHECK(put_policies(store, {ServiceKind::dps, dps.name}, random));
  return *std::move(stored);
}

}  // namespace muster::registry
