#include "hub/session_directory.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace muster::hub {

Admission::Admission(SessionDirectory& directory, SessionKey key)
    : directory_{directory}, key_{std::move(key)} {
  const std::lock_guard lock{directory_.mutex_};
  directory_.admissions_.insert(this);
}

Admission::~Admission() {
  const std::lock_guard lock{directory_.mutex_};
  directory_.admissions_.erase(this);
}

Task<std::shared_ptr<Admission>> SessionDirectory::admit(SessionKey key) {
  co_return std::make_shared<Admission>(*this, std::move(key));
}

Task<bool> SessionDirectory::claim(std::shared_ptr<Admission> admission,
                                   std::shared_ptr<LiveSession> session) {
  const SessionKey& key = admission->key();
  std::shared_ptr<LiveSession> older;
  {
    const std::lock_guard lock{mutex_};
    if (admission->void_) co_return false;
    Slot& slot = slots_[key];
    older = std::exchange(slot.session, std::move(session));
    if (!older) ++(key.module.empty() ? connected_ : modules_)[key.hub.key()];
    slot.last_activity = clock_.wall();
    slot.updated = slot.last_activity;
  }
  // Outside the lock: ending may run on this very thread and come back to release().
  if (older) {
    older->end(
        Error{ErrorCode::connection_superseded, fmt::format("device {} connected again", key.device.str())});
  }
  co_return true;
}

void SessionDirectory::void_where(const std::function<bool(const SessionKey&)>& matches) {
  for (Admission* admission : admissions_) {
    if (matches(admission->key())) admission->void_ = true;
  }
}

void SessionDirectory::recheck_where(const std::function<bool(const SessionKey&)>& matches) {
  const std::lock_guard lock{mutex_};
  void_where(matches);
}

bool SessionDirectory::release(const SessionKey& key, const LiveSession* session) {
  const std::lock_guard lock{mutex_};
  const auto slot = slots_.find(key);
  if (slot == slots_.end() || slot->second.session.get() != session) return false;
  slot->second.last_activity = std::max(slot->second.last_activity, session->last_activity());
  slot->second.session.reset();
  slot->second.updated = clock_.wall();
  --(key.module.empty() ? connected_ : modules_)[key.hub.key()];
  return true;
}

std::optional<StoredSubscriptions> SessionDirectory::stored_subscriptions(const SessionKey& key) const {
  const std::lock_guard lock{mutex_};
  const auto slot = slots_.find(key);
  return slot == slots_.end() ? std::nullopt : slot->second.subscriptions;
}

void SessionDirectory::store_subscriptions(const SessionKey& key, const LiveSession* session,
                                           std::optional<StoredSubscriptions> subscriptions) {
  const std::lock_guard lock{mutex_};
  const auto slot = slots_.find(key);
  if (slot == slots_.end() || slot->second.session.get() != session) return;
  slot->second.subscriptions = subscriptions;
}

std::size_t SessionDirectory::close_where(const std::function<bool(const SessionKey&)>& matches,
                                          const Error& reason) {
  std::vector<std::shared_ptr<LiveSession>> ending;
  {
    const std::lock_guard lock{mutex_};
    void_where(matches);
    for (const auto& [key, slot] : slots_) {
      if (slot.session && matches(key)) ending.push_back(slot.session);
    }
  }
  for (const auto& session : ending) session->end(reason);
  return ending.size();
}

void SessionDirectory::deliver(const SessionKey& key, std::shared_ptr<const DesiredChange> change) const {
  std::shared_ptr<LiveSession> session;
  {
    const std::lock_guard lock{mutex_};
    if (const auto slot = slots_.find(key); slot != slots_.end()) session = slot->second.session;
  }
  if (session) session->tell(std::move(change));
}

void SessionDirectory::forget(const SessionKey& key) {
  const std::lock_guard lock{mutex_};
  void_where([&key](const SessionKey& other) { return other == key; });
  const auto slot = slots_.find(key);
  if (slot == slots_.end()) return;
  if (slot->second.session) --(key.module.empty() ? connected_ : modules_)[key.hub.key()];
  slots_.erase(slot);
}

bool SessionDirectory::note_seen(const SessionKey& key, WallTime at) {
  const std::lock_guard lock{mutex_};
  const auto [slot, added] = slots_.try_emplace(key);
  slot->second.last_activity = added ? at : std::max(slot->second.last_activity, at);
  return added;
}

void SessionDirectory::forget_hub(const ServiceName& hub) {
  const std::lock_guard lock{mutex_};
  void_where([&hub](const SessionKey& key) { return key.hub == hub; });
  std::erase_if(slots_, [&hub](const auto& slot) { return slot.first.hub == hub; });
  connected_.erase(hub.key());
  modules_.erase(hub.key());
}

std::optional<ConnectionState> SessionDirectory::state(const SessionKey& key) const {
  const std::lock_guard lock{mutex_};
  const auto slot = slots_.find(key);
  if (slot == slots_.end()) return std::nullopt;
  const auto& [session, updated, last_activity, subscriptions] = slot->second;
  // A session that has not sent anything since its CONNECT knows of no activity: the claim was one.
  return ConnectionState{session != nullptr, updated,
                         session ? std::max(last_activity, session->last_activity()) : last_activity};
}

std::size_t SessionDirectory::connected_count(const ServiceName& hub) const {
  const std::lock_guard lock{mutex_};
  const auto counted = connected_.find(hub.key());
  return counted == connected_.end() ? 0 : counted->second;
}

std::size_t SessionDirectory::connected_count() const {
  const std::lock_guard lock{mutex_};
  std::size_t all = 0;
  for (const auto& [hub, count] : connected_) all += count;
  for (const auto& [hub, count] : modules_) all += count;
  return all;
}

}  // namespace muster::hub
