#include "registry/memory/repositories.hpp"
#include "registry/put_rules.hpp"

#include <algorithm>

namespace muster::registry::memory {

Result<std::optional<IndividualEnrollment>> MemoryEnrollments::find(const ServiceName& dps,
                                                                    const RegistrationId& id) {
  const IndividualEnrollment* held = state_.enrollments.find({dps.key(), id.key()});
  return held != nullptr ? std::optional{*held} : std::nullopt;
}

Result<std::optional<IndividualEnrollment>> MemoryEnrollments::put(const IndividualEnrollment& enrollment,
                                                                   std::int64_t expected) {
  MUSTER_TRY(ServiceName owner, state_.require(ServiceKind::dps, enrollment.dps));
  MUSTER_TRY(const auto held, find(enrollment.dps, enrollment.id));
  if (!version_allows(held ? held->settings.version : 0, expected)) return std::nullopt;
  IndividualEnrollment next = successor(held, enrollment);
  next.dps = std::move(owner);
  state_.enrollments.put({next.dps.key(), next.id.key()}, next);
  state_.trust_changed();
  return next;
}

Result<std::optional<bool>> MemoryEnrollments::remove(const ServiceName& dps, const RegistrationId& id,
                                                      std::int64_t expected) {
  MUSTER_TRY(const auto held, find(dps, id));
  if (!held) return std::optional{false};
  if (!version_allows(held->settings.version, expected)) return std::nullopt;
  state_.enrollments.erase({dps.key(), id.key()});
  state_.trust_changed();
  return std::optional{true};
}

Result<Page<IndividualEnrollment>> MemoryEnrollments::list(const ServiceName& dps, const std::string& after,
                                                           std::size_t limit) {
  Page<IndividualEnrollment> page;
  const auto& rows = state_.enrollments.rows();
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

Result<std::optional<EnrollmentGroup>> MemoryEnrollmentGroups::find(const ServiceName& dps,
                                                                    const EnrollmentGroupId& id) {
  const EnrollmentGroup* held = state_.groups.find({dps.key(), id.key()});
  return held != nullptr ? std::optional{*held} : std::nullopt;
}

Result<std::optional<EnrollmentGroup>> MemoryEnrollmentGroups::put(const EnrollmentGroup& group,
                                                                   std::int64_t expected) {
  MUSTER_TRY(ServiceName owner, state_.require(ServiceKind::dps, group.dps));
  MUSTER_TRY(const auto held, find(group.dps, group.id));
  if (!version_allows(held ? held->settings.version : 0, expected)) return std::nullopt;
  EnrollmentGroup next = successor(held, group);
  next.dps = std::move(owner);
  state_.groups.put({next.dps.key(), next.id.key()}, next);
  state_.trust_changed();
  return next;
}

Result<std::optional<bool>> MemoryEnrollmentGroups::remove(const ServiceName& dps,
                                                           const EnrollmentGroupId& id,
                                                           std::int64_t expected) {
  MUSTER_TRY(const auto held, find(dps, id));
  if (!held) return std::optional{false};
  if (!version_allows(held->settings.version, expected)) return std::nullopt;
  state_.groups.erase({dps.key(), id.key()});
  state_.trust_changed();
  return std::optional{true};
}

Result<Page<EnrollmentGroup>> MemoryEnrollmentGroups::list(const ServiceName& dps, const std::string& after,
                                                           std::size_t limit) {
  Page<EnrollmentGroup> page;
  const auto& rows = state_.groups.rows();
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

}  // namespace muster::registry::memory
