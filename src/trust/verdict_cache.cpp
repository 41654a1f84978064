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

namespace {

std::shared_ptr<const Judgement> accepted_before(std::int64_t ca_id,
                                                 const std::shared_ptr<const EnrollmentGroup>& group) {
  auto judgement = std::make_shared<Judgement>();
  judgement->pass("chain", "accepted before, at the same state of trust");
  judgement->set_anchor({.ca_id = ca_id, .name = {}, .subject = {}, .sha256_thumbprint = {}});
  judgement->set_group(group);
  return judgement;
}

}  // namespace

std::shared_ptr<const Judgement> VerdictCache::find(const VerdictKey& key, WallTime now) {
  const std::lock_guard lock{mutex_};
  const auto found = by_key_.find(key.text());
  if (found == by_key_.end()) return nullptr;
  const auto entry = found->second;
  if (now < entry->from || now >= entry->until) return nullptr;
  entries_.splice(entries_.begin(), entries_, entry);
  if (entry->refusal) return entry->refusal;
  return accepted_before(entry->ca_id, entry->group);
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
  Entry entry{.key = key.text(),
              .refusal = nullptr,
              .ca_id = judgement->anchor() ? judgement->anchor()->ca_id : 0,
              .group = judgement->group(),
              .from = from,
              .until = until};
  if (!judgement->accepted()) entry.refusal = std::move(judgement);
  entries_.push_front(std::move(entry));
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
