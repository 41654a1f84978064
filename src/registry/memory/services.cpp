#include "registry/memory/repositories.hpp"
#include "registry/put_rules.hpp"

#include <algorithm>

namespace muster::registry::memory {
namespace {

bool belongs(const State::OfService& key, ServiceKind kind, const std::string& service) {
  return std::get<0>(key) == kind && std::get<1>(key) == service;
}

}  // namespace

Result<std::vector<Hub>> MemoryServices::hubs() {
  std::vector<Hub> hubs;
  for (const auto& [key, hub] : state_.hubs.rows()) hubs.push_back(hub);
  std::ranges::sort(hubs, {}, &Hub::number);
  return hubs;
}

Result<std::vector<DpsInstance>> MemoryServices::dps_instances() {
  std::vector<DpsInstance> instances;
  for (const auto& [key, dps] : state_.dps.rows()) instances.push_back(dps);
  return instances;
}

Result<std::optional<Hub>> MemoryServices::put_hub(const Hub& hub, std::int64_t expected) {
  const Hub* held = state_.hubs.find(hub.name.key());
  if (!version_allows(held != nullptr ? held->version : 0, expected)) return std::nullopt;
  Hub next = successor(held != nullptr ? std::optional{*held} : std::nullopt, hub);
  if (held == nullptr) next.number = static_cast<std::uint32_t>(state_.take("next_hub_number", 0));
  state_.hubs.put(next.name.key(), next);
  state_.trust_changed();
  return next;
}

Result<std::optional<DpsInstance>> MemoryServices::put_dps(const DpsInstance& dps, std::int64_t expected) {
  const DpsInstance* held = state_.dps.find(dps.name.key());
  if (!version_allows(held != nullptr ? held->version : 0, expected)) return std::nullopt;
  const DpsInstance next = successor(held != nullptr ? std::optional{*held} : std::nullopt, dps);
  state_.dps.put(next.name.key(), next);
  state_.trust_changed();
  return next;
}

Result<bool> MemoryServices::remove(const ServiceRef& service) {
  if (!state_.spelling(service.kind, service.name)) return false;
  const std::string key = service.name.key();
  const auto owned = [&](const State::OfService& row) { return belongs(row, service.kind, key); };
  state_.policies.erase_where(owned);
  state_.certificates.erase_where(owned);
  if (service.kind == ServiceKind::hub) {
    remove_hub(key);
  } else {
    remove_dps(key);
  }
  state_.trust_changed();
  return true;
}

void MemoryServices::remove_hub(const std::string& key) {
  state_.devices.erase_where([&](const State::InService& row) { return row.first == key; });
  state_.modules.erase_where([&](const State::Index& row) { return std::get<0>(row) == key; });
  state_.hubs.erase(key);
  std::vector<DpsInstance> changed;
  for (const auto& [dps_key, dps] : state_.dps.rows()) {
    DpsInstance next = dps;
    const auto gone =
        std::erase_if(next.linked_hubs, [&](const LinkedHub& link) { return link.hub.key() == key; });
    if (gone == 0) continue;
    ++next.version;
    changed.push_back(std::move(next));
  }
  for (DpsInstance& dps : changed) state_.dps.put(dps.name.key(), dps);
}

void MemoryServices::remove_dps(const std::string& key) {
  const auto owned = [&](const State::InService& row) { return row.first == key; };
  state_.enrollments.erase_where(owned);
  state_.groups.erase_where(owned);
  std::vector<State::InService> registrations;
  for (const auto& [row, registration] : state_.registrations.rows()) {
    if (owned(row)) registrations.push_back(row);
  }
  for (const State::InService& row : registrations) erase_registration(state_, row);
  state_.dps.erase(key);
}

Result<std::vector<SasPolicy>> MemoryServices::policies(const ServiceRef& service) {
  std::vector<SasPolicy> policies;
  for (const auto& [key, policy] : state_.policies.rows()) {
    if (belongs(key, service.kind, service.name.key())) policies.push_back(policy);
  }
  return policies;
}

Result<void> MemoryServices::put_policy(const ServiceRef& service, const SasPolicy& policy) {
  MUSTER_CHECK(state_.require(service.kind, service.name));
  state_.policies.put({service.kind, service.name.key(), policy.name}, policy);
  state_.trust_changed();
  return {};
}

}  // namespace muster::registry::memory
