#include "registry/memory/repositories.hpp"
#include "registry/put_rules.hpp"

#include <algorithm>

namespace muster::registry::memory {

template <typename Enrollment>
Result<std::optional<Enrollment>> MemoryEnrollmentsOf<Enrollment>::find(const ServiceName& dps,
                                                                        const Id& id) {
  const Enrollment* held = rows_.find({dps.key(), id.key()});
  return held != nullptr ? std::optional{*held} : std::nullopt;
}

template <typename Enrollment>
Result<std::optional<Enrollment>> MemoryEnrollmentsOf<Enrollment>::put(const Enrollment& enrollment,
                                                                       std::int64_t expected) {
  MUSTER_TRY(ServiceName owner, state_.require(ServiceKind::dps, enrollment.dps));
  MUSTER_TRY(const auto held, find(enrollment.dps, enrollment.id));
  if (!version_allows(held ? held->settings.version : 0, expected)) return std::nullopt;
  Enrollment next = successor(held, enrollment);
  next.dps = std::move(owner);
  rows_.put({next.dps.key(), next.id.key()}, next);
  state_.trust_changed();
  return next;
}

template <typename Enrollment>
Result<std::optional<bool>> MemoryEnrollmentsOf<Enrollment>::remove(const ServiceName& dps, const Id& id,
                                                                    std::int64_t expected) {
  MUSTER_TRY(const auto held, find(dps, id));
  if (!held) return std::optional{false};
  if (!version_allows(held->settings.version, expected)) return std::nullopt;
  rows_.erase({dps.key(), id.key()});
  state_.trust_changed();
  return std::optional{true};
}

template <typename Enrollment>
Result<Page<Enrollment>> MemoryEnrollmentsOf<Enrollment>::list(const ServiceName& dps,
                                                               const std::string& after, std::size_t limit) {
  Page<Enrollment> page;
  const auto& rows = rows_.rows();
  for (auto row = rows.upper_bound({dps.key(), ascii_lower(after)}); row != rows.end(); ++row) {
    if (row->first.first != dps.key()) break;
    if (page.items.size() == std::max<std::size_t>(limit, 1)) {
      page.next = page.items.back().id.key();
      break;
    }
    page.items.push_back(row->second);
  }
  return page;
}

template class MemoryEnrollmentsOf<IndividualEnrollment>;
template class MemoryEnrollmentsOf<EnrollmentGroup>;

}  // namespace muster::registry::memory
