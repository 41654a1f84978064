#include "trust/verdict_cache.hpp"

namespace muster::trust {

VerdictKey VerdictKey::for_groups(std::string_view chain_hash, const Anchors& anchors) {
  return VerdictKey{
      fmt::format("{} {} {} groups", chain_hash, anchors.generation(), service_key(anchors.service()))};
}

VerdictKey VerdictKey::for_anchor(std::string_view chain_hash, const Anchors& anchors, std::int64_t ca_id) {
  return VerdictKey{fmt::format("{} {} {} anchor {}", chain_hash, anchors.generation(),
                                service_key(anchors.service()), ca_id)};
}

std::shared_ptr<const Judgement> VerdictCache::find(const VerdictKey& key, WallTime now) {
  const std::lock_guard lock{mutex_};
  const auto found = by_key_.find(key.text());
  if (found == by_key_.end()) return nullptr;
  const auto entry = found->second;
  if (now < entry->from || now >= entry->until) return nullptr;
  entries_.splice(entries_.begin(), entries_, entry);
  return entry->judgement;
}

void VerdictCache::put(const VerdictKey& key, std::shared_ptr<const Judgement> judgement, WallTime now) {
  const WallTime from = judgement->accepted() ? judgement->latest_not_before() : now;
  WallTime until = judgement->earliest_not_after();
  if (!judgement->accepted()) until = std::min(until, now + limits_.refusal_age_max);
  const bool holds_now = judgement->latest_not_before() <= now && now < until;
  if (!holds_now || limits_.entries_max == 0) return;

  const std::lock_guard lock{mutex_};
  if (const auto held = by_key_.find(key.text()); held != by_key_.end()) {
    const auto entry = held->second;
    by_key_.erase(held);
    entries_.erase(entry);
  }
  entries_.push_front({key.text(), std::move(judgement), from, until});
  by_key_.emplace(entries_.front().key, entries_.begin());
  if (entries_.size() > limits_.entries_max) {
    by_key_.erase(entries_.back().key);
    entries_.pop_back();
  }
}

std::shared_ptr<const Judgement> VerdictCache::find_or_judge(const VerdictKey& key, WallTime now,
                                                             const std::function<Judgement()>& judge) {
  if (auto held = find(key, now)) return held;
  auto made = std::make_shared<const Judgement>(judge());
  put(key, made, now);
  return made;
}

std::size_t VerdictCache::size() const {
  const std::lock_guard lock{mutex_};
  return entries_.size();
}

}  // namespace muster::trust
