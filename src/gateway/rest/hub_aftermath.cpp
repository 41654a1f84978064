#include "gateway/rest/hub_aftermath.hpp"

#include <fmt/format.h>

#include <initializer_list>
#include <utility>

namespace muster::rest {
namespace {

bool any_gone(std::initializer_list<const std::string*> before, const std::string& first,
              const std::string& second) {
  for (const std::string* held : before) {
    if (!held->empty() && *held != first && *held != second) return true;
  }
  return false;
}

std::string name_of(const hub::SessionKey& key) {
  return fmt::format("{}{}{}", key.device.str(), key.module.empty() ? "" : "/", key.module);
}
std::string name_of(const DeviceId& id) { return std::string{id.str()}; }

/// "device pump-07", or without the name where there are several: one reason goes to all of them.
template <typename Keys>
std::string named(std::string_view noun, const Keys& keys) {
  return keys.size() == 1 ? fmt::format("{} {}", noun, name_of(*keys.begin())) : fmt::format("the {}", noun);
}

hub::SessionKey key_of(const ModuleIdentity& module) {
  return {module.hub, module.device, std::string{module.id.str()}};
}

}  // namespace

bool still_holds(const DeviceAuth& before, const DeviceAuth& after) {
  return before.type == after.type &&
         !any_gone({&before.primary_key, &before.secondary_key}, after.primary_key, after.secondary_key) &&
         !any_gone({&before.primary_thumbprint, &before.secondary_thumbprint}, after.primary_thumbprint,
                   after.secondary_thumbprint);
}

void Aftermath::changed(const DeviceIdentity& before, const DeviceIdentity& after) {
  const hub::SessionKey key{after.hub, after.id, ""};
  changed_.insert(key);
  if (!after.enabled) {
    disabled_.insert(after.id);  // That ends its sessions, whatever its keys are now.
  } else if (!still_holds(before.auth, after.auth)) {
    rekeyed_.insert(key);
  }
}

void Aftermath::changed(const ModuleIdentity& before, const ModuleIdentity& after) {
  changed_.insert(key_of(after));
  if (!still_holds(before.auth, after.auth)) rekeyed_.insert(key_of(after));
}

void Aftermath::removed(const DeviceIdentity& device, const std::vector<ModuleRecord>& modules) {
  removed_.insert(device.id);
  forgotten_.push_back({device.hub, device.id, ""});
  for (const ModuleRecord& module : modules) forgotten_.push_back(key_of(module.identity));
}

void Aftermath::removed(const ModuleIdentity& module) {
  removed_modules_.insert(key_of(module));
  forgotten_.push_back(key_of(module));
}

void Aftermath::add(Aftermath other) {
  disabled_.merge(other.disabled_);
  removed_.merge(other.removed_);
  removed_modules_.merge(other.removed_modules_);
  rekeyed_.merge(other.rekeyed_);
  changed_.merge(other.changed_);
  for (auto& key : other.forgotten_) forgotten_.push_back(std::move(key));
}

void Aftermath::settle(hub::SessionDirectory& sessions, const ServiceName& hub) const {
  using hub::SessionKey;
  const auto of_devices = [&hub](const std::unordered_set<DeviceId>& devices) {
    return [&hub, &devices](const SessionKey& key) { return key.hub == hub && devices.contains(key.device); };
  };
  const auto of_keys = [](const std::unordered_set<SessionKey>& keys) {
    return [&keys](const SessionKey& key) { return keys.contains(key); };
  };
  if (!removed_.empty()) {
    sessions.close_where(of_devices(removed_),
                         {ErrorCode::device_not_found,
                          fmt::format("{} was deleted from hub {}", named("device", removed_), hub.str())});
  }
  if (!removed_modules_.empty()) {
    sessions.close_where(
        of_keys(removed_modules_),
        {ErrorCode::device_not_found,
         fmt::format("{} was deleted from hub {}", named("module", removed_modules_), hub.str())});
  }
  if (!disabled_.empty()) {
    sessions.close_where(of_devices(disabled_),
                         {ErrorCode::device_disabled,
                          fmt::format("{} was disabled at hub {}", named("device", disabled_), hub.str())});
  }
  if (!rekeyed_.empty()) {
    sessions.close_where(of_keys(rekeyed_), {ErrorCode::credential_wrong_type,
                                             fmt::format("the credential of {} was changed at hub {}",
                                                         named("device", rekeyed_), hub.str())});
  }
  // Who is connected stays; who is just being judged by what held before is judged again.
  if (!changed_.empty()) sessions.recheck_where(of_keys(changed_));
  for (const SessionKey& key : forgotten_) sessions.forget(key);
}

}  // namespace muster::rest
