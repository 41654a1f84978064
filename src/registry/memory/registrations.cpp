#include "registry/memory/repositories.hpp"
#include "registry/put_rules.hpp"

#include <algorithm>

namespace muster::registry::memory {
namespace {

void index(State& state, const State::InService& key, const Registration& registration) {
  state.registration_of_group.put({key.first, ascii_lower(registration.group_id), key.second}, {});
  if (!registration.operation_id.empty()) {
    state.registration_of_operation.put({key.first, registration.operation_id, key.second}, {});
  }
  if (registration.status == RegistrationStatus::assigned) {
    state.registration_of_device.put({registration.device_id, registration.updated, key}, {});
  }
}

}  // namespace

void erase_registration(State& state, const State::InService& key) {
  const Registration* held = state.registrations.find(key);
  if (held == nullptr) return;
  state.registration_of_group.erase({key.first, ascii_lower(held->group_id), key.second});
  state.registration_of_operation.erase({key.first, held->operation_id, key.second});
  state.registration_of_device.erase({held->device_id, held->updated, key});
  state.registrations.erase(key);
}

Result<std::optional<Registration>> MemoryRegistrations::find(const ServiceName& dps,
                                                              const RegistrationId& id) {
  const Registration* held = state_.registrations.find({dps.key(), id.key()});
  return held != nullptr ? std::optional{*held} : std::nullopt;
}

Result<std::optional<Registration>> MemoryRegistrations::find_by_operation(const ServiceName& dps,
                                                                           const std::string& operation_id) {
  const auto& rows = state_.registration_of_operation.rows();
  const auto row = rows.lower_bound({dps.key(), operation_id, {}});
  if (row == rows.end()) return std::nullopt;
  const auto& [service, operation, id] = row->first;
  if (service != dps.key() || operation != operation_id) return std::nullopt;
  return *state_.registrations.find({service, id});
}

Result<std::optional<Registration>> MemoryRegistrations::put(const Registration& registration,
                                                             std::int64_t expected) {
  MUSTER_TRY(ServiceName owner, state_.require(ServiceKind::dps, registration.dps));
  MUSTER_TRY(const auto held, find(registration.dps, registration.id));
  if (!version_allows(held ? held->version : 0, expected)) return std::nullopt;
  Registration next = successor(held, registration);
  next.dps = std::move(owner);
  const State::InService key{next.dps.key(), next.id.key()};
  erase_registration(state_, key);
  state_.registrations.put(key, next);
  index(state_, key, next);
  return next;
}

Result<std::optional<bool>> MemoryRegistrations::remove(const ServiceName& dps, const RegistrationId& id,
                                                        std::int64_t expected) {
  MUSTER_TRY(const auto held, find(dps, id));
  if (!held) return std::optional{false};
  if (!version_allows(held->version, expected)) return std::nullopt;
  erase_registration(state_, {dps.key(), id.key()});
  return std::optional{true};
}

Result<Page<Registration>> MemoryRegistrations::list(const ServiceName& dps, const std::string& group_id,
                                                     const std::string& after, std::size_t limit) {
  Page<Registration> page;
  const std::string wanted = ascii_lower(group_id);
  const auto& rows = state_.registration_of_group.rows();
  for (auto row = rows.upper_bound({dps.key(), wanted, ascii_lower(after)}); row != rows.end(); ++row) {
    const auto& [service, group, id] = row->first;
    if (service != dps.key() || group != wanted) break;
    if (page.items.size() == std::max<std::size_t>(limit, 1)) {
      page.next = page.items.back().id.key();
      break;
    }
    page.items.push_back(*state_.registrations.find({service, id}));
  }
  return page;
}

Result<std::optional<Registration>> MemoryRegistrations::latest_of_device(const DeviceId& device) {
  const auto& rows = state_.registration_of_device.rows();
  auto row = rows.upper_bound({std::string{device.str()}, WallTime::max(), {}});
  if (row == rows.begin()) return std::nullopt;
  --row;
  const auto& [device_id, updated, key] = row->first;
  if (device_id != device.str()) return std::nullopt;
  return *state_.registrations.find(key);
}

Result<bool> MemoryRegistrations::shares_device(const Registration& registration) {
  const State::InService own{registration.dps.key(), registration.id.key()};
  const auto& rows = state_.registration_of_device.rows();
  for (auto row = rows.lower_bound({registration.device_id, WallTime::min(), {}}); row != rows.end(); ++row) {
    const auto& [device_id, updated, key] = row->first;
    if (device_id != registration.device_id) break;
    if (key != own && state_.registrations.find(key)->assigned_hub == registration.assigned_hub) return true;
  }
  return false;
}

}  // namespace muster::registry::memory
