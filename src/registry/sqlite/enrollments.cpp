#include "registry/sqlite/enrollments.hpp"

#include "base/assert.hpp"
#include "registry/put_rules.hpp"
#include "registry/sqlite/enrollment_row.hpp"
#include "registry/sqlite/service_id.hpp"
#include "registry/sqlite/trust_log.hpp"

#include <algorithm>

namespace muster::registry::sqlite {
namespace {

EnrollmentKey key_of(const ServiceRow& dps, std::string key) {
  return {dps.id, EnrollmentKind::individual, std::move(key)};
}

IndividualEnrollment enrollment_of(const ServiceRow& dps, EnrollmentRow&& row) {
  auto id = RegistrationId::parse(row.id);
  MUSTER_ASSERT(id.has_value(), "the registry holds a registration id that is none");
  return {dps.name, *std::move(id), std::move(row.device_id), std::move(row.device_information_json),
          std::move(row.settings)};
}

EnrollmentRow row_of(const IndividualEnrollment& enrollment) {
  return {std::string{enrollment.id.str()}, enrollment.device_id, enrollment.optional_device_information_json,
          enrollment.settings};
}

TrustChange change(std::string_view action, const IndividualEnrollment& enrollment) {
  return {.action = action,
          .kind = "enrollment",
          .service = enrollment.dps.str(),
          .name = enrollment.id.str(),
          .version = enrollment.settings.version};
}

}  // namespace

Result<std::optional<IndividualEnrollment>> SqliteEnrollments::find(const ServiceName& dps,
                                                                    const RegistrationId& id) {
  MUSTER_TRY(const auto owner, find_service(connection_, ServiceKind::dps, dps));
  if (!owner) return std::nullopt;
  MUSTER_TRY(auto row, find_enrollment(connection_, key_of(*owner, id.key())));
  if (!row) return std::nullopt;
  return enrollment_of(*owner, *std::move(row));
}

Result<std::optional<IndividualEnrollment>> SqliteEnrollments::put(const IndividualEnrollment& enrollment,
                                                                   std::int64_t expected) {
  std::optional<IndividualEnrollment> stored;
  MUSTER_CHECK(connection_.transaction([&]() -> Result<void> {
    MUSTER_TRY(stored, write(enrollment, expected));
    return {};
  }));
  return stored;
}

Result<std::optional<IndividualEnrollment>> SqliteEnrollments::write(const IndividualEnrollment& enrollment,
                                                                     std::int64_t expected) {
  MUSTER_TRY(const auto owner, require_service(connection_, ServiceKind::dps, enrollment.dps));
  MUSTER_TRY(const auto held, find(enrollment.dps, enrollment.id));
  if (!version_allows(held ? held->settings.version : 0, expected)) return std::nullopt;
  IndividualEnrollment next = successor(held, enrollment);
  next.dps = owner.name;
  MUSTER_CHECK(write_enrollment(connection_, key_of(owner, next.id.key()), row_of(next)));
  TrustChange put = change("put", next);
  put.at = next.settings.updated;
  MUSTER_CHECK(record_trust_change(connection_, put));
  return next;
}

Result<std::optional<bool>> SqliteEnrollments::remove(const ServiceName& dps, const RegistrationId& id,
                                                      std::int64_t expected) {
  std::optional<bool> removed;
  MUSTER_CHECK(connection_.transaction([&]() -> Result<void> {
    MUSTER_TRY(removed, remove_now(dps, id, expected));
    return {};
  }));
  return removed;
}

Result<std::optional<bool>> SqliteEnrollments::remove_now(const ServiceName& dps, const RegistrationId& id,
                                                          std::int64_t expected) {
  MUSTER_TRY(const auto held, find(dps, id));
  if (!held) return std::optional{false};
  if (!version_allows(held->settings.version, expected)) return std::nullopt;
  MUSTER_TRY(const auto owner, require_service(connection_, ServiceKind::dps, dps));
  MUSTER_CHECK(remove_enrollment(connection_, key_of(owner, id.key())));
  MUSTER_CHECK(record_trust_change(connection_, change("remove", *held)));
  return std::optional{true};
}

Result<Page<IndividualEnrollment>> SqliteEnrollments::list(const ServiceName& dps, const std::string& after,
                                                           std::size_t limit) {
  Page<IndividualEnrollment> page;
  MUSTER_TRY(const auto owner, find_service(connection_, ServiceKind::dps, dps));
  if (!owner) return page;
  const std::size_t count = std::max<std::size_t>(limit, 1);
  // One more than asked for tells whether there is a next page.
  MUSTER_TRY(auto rows, list_enrollments(connection_, key_of(*owner, ascii_lower(after)), count + 1));
  const bool more = rows.size() > count;
  if (more) rows.pop_back();
  for (EnrollmentRow& row : rows) page.items.push_back(enrollment_of(*owner, std::move(row)));
  if (more) page.next = page.items.back().id.key();
  return page;
}

}  // namespace muster::registry::sqlite
