#include "registry/sqlite/enrollments.hpp"

#include "base/assert.hpp"
#include "registry/put_rules.hpp"
#include "registry/sqlite/enrollment_row.hpp"
#include "registry/sqlite/service_id.hpp"
#include "registry/sqlite/trust_log.hpp"

#include <algorithm>

namespace muster::registry::sqlite {
namespace {

/// How one kind of enrollment lies in the table: its number there, its name in the audit, its row.
template <typename Enrollment>
struct Kind;

template <>
struct Kind<IndividualEnrollment> {
  static constexpr EnrollmentKind number = EnrollmentKind::individual;
  static constexpr std::string_view audited = "enrollment";

  static IndividualEnrollment read(const ServiceName& dps, EnrollmentRow&& row) {
    auto id = RegistrationId::parse(row.id);
    MUSTER_ASSERT(id.has_value(), "the registry holds a registration id that is none");
    return {dps, *std::move(id), std::move(row.device_id), std::move(row.device_information_json),
            std::move(row.settings)};
  }
  static EnrollmentRow row(const IndividualEnrollment& enrollment) {
    return {std::string{enrollment.id.str()}, enrollment.device_id,
            enrollment.optional_device_information_json, enrollment.settings};
  }
};

template <>
struct Kind<EnrollmentGroup> {
  static constexpr EnrollmentKind number = EnrollmentKind::group;
  static constexpr std::string_view audited = "enrollmentGroup";

  static EnrollmentGroup read(const ServiceName& dps, EnrollmentRow&& row) {
    auto id = EnrollmentGroupId::parse(row.id);
    MUSTER_ASSERT(id.has_value(), "the registry holds an enrollment group id that is none");
    return {dps, *std::move(id), std::move(row.settings)};
  }
  static EnrollmentRow row(const EnrollmentGroup& group) {
    return {std::string{group.id.str()}, {}, {}, group.settings};
  }
};

template <typename Enrollment>
EnrollmentKey key_of(const ServiceRow& dps, std::string key) {
  return {dps.id, Kind<Enrollment>::number, std::move(key)};
}

template <typename Enrollment>
TrustChange change(std::string_view action, const Enrollment& enrollment) {
  return {.action = action,
          .kind = Kind<Enrollment>::audited,
          .service = enrollment.dps.str(),
          .name = enrollment.id.str(),
          .version = enrollment.settings.version};
}

}  // namespace

template <typename Enrollment>
Result<std::optional<Enrollment>> SqliteEnrollmentsOf<Enrollment>::find(const ServiceName& dps,
                                                                        const Id& id) {
  MUSTER_TRY(const auto owner, find_service(connection_, ServiceKind::dps, dps));
  if (!owner) return std::nullopt;
  MUSTER_TRY(auto row, find_enrollment(connection_, key_of<Enrollment>(*owner, id.key())));
  if (!row) return std::nullopt;
  return Kind<Enrollment>::read(owner->name, *std::move(row));
}

template <typename Enrollment>
Result<std::optional<Enrollment>> SqliteEnrollmentsOf<Enrollment>::put(const Enrollment& enrollment,
                                                                       std::int64_t expected) {
  std::optional<Enrollment> stored;
  MUSTER_CHECK(connection_.transaction([&]() -> Result<void> {
    MUSTER_TRY(stored, write(enrollment, expected));
    return {};
  }));
  return stored;
}

template <typename Enrollment>
Result<std::optional<Enrollment>> SqliteEnrollmentsOf<Enrollment>::write(const Enrollment& enrollment,
                                                                         std::int64_t expected) {
  MUSTER_TRY(const auto owner, require_service(connection_, ServiceKind::dps, enrollment.dps));
  MUSTER_TRY(const auto held, find(enrollment.dps, enrollment.id));
  if (!version_allows(held ? held->settings.version : 0, expected)) return std::nullopt;
  Enrollment next = successor(held, enrollment);
  next.dps = owner.name;
  const auto key = key_of<Enrollment>(owner, next.id.key());
  MUSTER_CHECK(write_enrollment(connection_, key, Kind<Enrollment>::row(next)));
  TrustChange put = change("put", next);
  put.at = next.settings.updated;
  MUSTER_CHECK(record_trust_change(connection_, put));
  return next;
}

template <typename Enrollment>
Result<std::optional<bool>> SqliteEnrollmentsOf<Enrollment>::remove(const ServiceName& dps, const Id& id,
                                                                    std::int64_t expected) {
  std::optional<bool> removed;
  MUSTER_CHECK(connection_.transaction([&]() -> Result<void> {
    MUSTER_TRY(removed, remove_now(dps, id, expected));
    return {};
  }));
  return removed;
}

template <typename Enrollment>
Result<std::optional<bool>> SqliteEnrollmentsOf<Enrollment>::remove_now(const ServiceName& dps, const Id& id,
                                                                        std::int64_t expected) {
  MUSTER_TRY(const auto held, find(dps, id));
  if (!held) return std::optional{false};
  if (!version_allows(held->settings.version, expected)) return std::nullopt;
  MUSTER_TRY(const auto owner, require_service(connection_, ServiceKind::dps, dps));
  MUSTER_CHECK(remove_enrollment(connection_, key_of<Enrollment>(owner, id.key())));
  MUSTER_CHECK(record_trust_change(connection_, change("remove", *held)));
  return std::optional{true};
}

template <typename Enrollment>
Result<Page<Enrollment>> SqliteEnrollmentsOf<Enrollment>::list(const ServiceName& dps,
                                                               const std::string& after, std::size_t limit) {
  Page<Enrollment> page;
  MUSTER_TRY(const auto owner, find_service(connection_, ServiceKind::dps, dps));
  if (!owner) return page;
  const std::size_t count = std::max<std::size_t>(limit, 1);
  // One more than asked for tells whether there is a next page.
  const auto from = key_of<Enrollment>(*owner, ascii_lower(after));
  MUSTER_TRY(auto rows, list_enrollments(connection_, from, count + 1));
  const bool more = rows.size() > count;
  if (more) rows.pop_back();
  for (EnrollmentRow& row : rows) page.items.push_back(Kind<Enrollment>::read(owner->name, std::move(row)));
  if (more) page.next = page.items.back().id.key();
  return page;
}

template class SqliteEnrollmentsOf<IndividualEnrollment>;
template class SqliteEnrollmentsOf<EnrollmentGroup>;

}  // namespace muster::registry::sqlite
