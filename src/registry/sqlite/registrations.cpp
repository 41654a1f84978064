#include "registry/sqlite/registrations.hpp"

#include "registry/put_rules.hpp"
#include "registry/sqlite/service_id.hpp"

#include <algorithm>

namespace muster::registry::sqlite {
namespace {

#define MUSTER_SELECT_REGISTRATION                                                                        \
  "SELECT s.name, r.id, r.group_id, r.operation_id, r.status, r.substatus, r.device_id, r.assigned_hub, " \
  "r.attestation, r.payload_json, r.error_code, r.error_message, r.created_us, r.updated_us, r.version "

// The indexes are named because the planner, without statistics, takes a walk over all registrations of the
// DPS instance for as good. With INDEXED BY a statement that could not use its index would fail to prepare.
constexpr const char* kFind = MUSTER_SELECT_REGISTRATION
    "FROM registration r JOIN service s ON s.id = r.dps_id WHERE r.dps_id = ? AND r.key = ?";
constexpr const char* kFindByOperation = MUSTER_SELECT_REGISTRATION
    "FROM registration r INDEXED BY registration_of_operation JOIN service s ON s.id = r.dps_id "
    "WHERE r.dps_id = ? AND r.operation_id = ? LIMIT 1";
constexpr const char* kList = MUSTER_SELECT_REGISTRATION
    "FROM registration r INDEXED BY registration_of_group JOIN service s ON s.id = r.dps_id "
    "WHERE r.dps_id = ? AND r.group_key = ? AND r.key > ? ORDER BY r.key LIMIT ?";
constexpr const char* kLatestOfDevice = MUSTER_SELECT_REGISTRATION
    "FROM registration r INDEXED BY registration_of_device JOIN service s ON s.id = r.dps_id "
    "WHERE r.device_id = ? AND r.status = 2 ORDER BY r.updated_us DESC LIMIT 1";
constexpr const char* kSharesDevice =
    "SELECT 1 FROM registration INDEXED BY registration_of_device WHERE device_id = ? AND status = 2"
    " AND assigned_hub = ? AND NOT (dps_id = ? AND key = ?) LIMIT 1";

#undef MUSTER_SELECT_REGISTRATION

static_assert(static_cast<int>(RegistrationStatus::assigned) == 2, "the index and the query above name it");

Registration read(Statement& row) {
  return Registration{.dps = row.service_name(),
                      .id = row.registration_id(),
                      .group_id = row.text(),
                      .operation_id = row.text(),
                      .status = static_cast<RegistrationStatus>(row.integer()),
                      .substatus = static_cast<RegistrationSubstatus>(row.integer()),
                      .device_id = row.text(),
                      .assigned_hub = row.text(),
                      .attestation = static_cast<AttestationType>(row.integer()),
                      .payload_json = row.text(),
                      .error_code = static_cast<std::int32_t>(row.integer()),
                      .error_message = row.text(),
                      .created = row.wall_time(),
                      .updated = row.wall_time(),
                      .version = row.integer()};
}

Result<std::optional<Registration>> read_one(Statement& select) {
  MUSTER_TRY(const bool found, select.step());
  if (!found) return std::nullopt;
  return read(select);
}

Result<void> insert(Connection& connection, std::int64_t dps_id, const Registration& registration) {
  MUSTER_TRY(auto put, connection.prepare(R"sql(
      INSERT OR REPLACE INTO registration
        (dps_id, key, id, group_key, group_id, operation_id, status, substatus, device_id, assigned_hub,
         attestation,
         payload_json, error_code, error_message, created_us, updated_us, version)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?))sql"));
  put.bind(dps_id).bind(registration.id.key()).bind(registration.id.str());
  put.bind(ascii_lower(registration.group_id)).bind(registration.group_id).bind(registration.operation_id);
  put.bind(static_cast<std::uint8_t>(registration.status));
  put.bind(static_cast<std::uint8_t>(registration.substatus));
  put.bind(registration.device_id).bind(registration.assigned_hub);
  put.bind(static_cast<std::uint8_t>(registration.attestation)).bind(registration.payload_json);
  put.bind(registration.error_code).bind(registration.error_message);
  return put.bind(registration.created).bind(registration.updated).bind(registration.version).run();
}

}  // namespace

Result<std::optional<Registration>> SqliteRegistrations::find(const ServiceName& dps,
                                                              const RegistrationId& id) {
  MUSTER_TRY(const auto owner, find_service(connection_, ServiceKind::dps, dps));
  if (!owner) return std::nullopt;
  MUSTER_TRY(auto select, connection_.prepare(kFind));
  select.bind(owner->id).bind(id.key());
  return read_one(select);
}

Result<std::optional<Registration>> SqliteRegistrations::find_by_operation(const ServiceName& dps,
                                                                           const std::string& operation_id) {
  if (operation_id.empty()) return std::nullopt;  // Registrations without an operation have none in common.
  MUSTER_TRY(const auto owner, find_service(connection_, ServiceKind::dps, dps));
  if (!owner) return std::nullopt;
  MUSTER_TRY(auto select, connection_.prepare(kFindByOperation));
  select.bind(owner->id).bind(operation_id);
  return read_one(select);
}

Result<std::optional<Registration>> SqliteRegistrations::put(const Registration& registration,
                                                             std::int64_t expected) {
  std::optional<Registration> stored;
  MUSTER_CHECK(connection_.transaction([&]() -> Result<void> {
    MUSTER_TRY(stored, write(registration, expected));
    return {};
  }));
  return stored;
}

Result<std::optional<Registration>> SqliteRegistrations::write(const Registration& registration,
                                                               std::int64_t expected) {
  MUSTER_TRY(const auto owner, require_service(connection_, ServiceKind::dps, registration.dps));
  MUSTER_TRY(const auto held, find(registration.dps, registration.id));
  if (!version_allows(held ? held->version : 0, expected)) return std::nullopt;
  Registration next = successor(held, registration);
  next.dps = owner.name;
  MUSTER_CHECK(insert(connection_, owner.id, next));
  return next;
}

Result<std::optional<bool>> SqliteRegistrations::remove(const ServiceName& dps, const RegistrationId& id,
                                                        std::int64_t expected) {
  std::optional<bool> removed;
  MUSTER_CHECK(connection_.transaction([&]() -> Result<void> {
    MUSTER_TRY(removed, remove_now(dps, id, expected));
    return {};
  }));
  return removed;
}

Result<std::optional<bool>> SqliteRegistrations::remove_now(const ServiceName& dps, const RegistrationId& id,
                                                            std::int64_t expected) {
  MUSTER_TRY(const auto held, find(dps, id));
  if (!held) return std::optional{false};
  if (!version_allows(held->version, expected)) return std::nullopt;
  MUSTER_TRY(const auto owner, require_service(connection_, ServiceKind::dps, dps));
  MUSTER_TRY(auto remove, connection_.prepare("DELETE FROM registration WHERE dps_id = ? AND key = ?"));
  MUSTER_CHECK(remove.bind(owner.id).bind(id.key()).run());
  return std::optional{true};
}

Result<Page<Registration>> SqliteRegistrations::list(const ServiceName& dps, const std::string& group_id,
                                                     const std::string& after, std::size_t limit) {
  Page<Registration> page;
  MUSTER_TRY(const auto owner, find_service(connection_, ServiceKind::dps, dps));
  if (!owner) return page;
  const std::size_t count = std::max<std::size_t>(limit, 1);
  MUSTER_TRY(auto select, connection_.prepare(kList));
  // One more than asked for tells whether there is a next page.
  select.bind(owner->id).bind(ascii_lower(group_id)).bind(ascii_lower(after));
  select.bind(static_cast<std::int64_t>(count + 1));
  while (true) {
    MUSTER_TRY(auto registration, read_one(select));
    if (!registration) return page;
    if (page.items.size() == count) {
      page.next = page.items.back().id.key();
      return page;
    }
    page.items.push_back(*std::move(registration));
  }
}

Result<std::optional<Registration>> SqliteRegistrations::latest_of_device(const DeviceId& device) {
  MUSTER_TRY(auto select, connection_.prepare(kLatestOfDevice));
  select.bind(device.str());
  return read_one(select);
}

Result<bool> SqliteRegistrations::shares_device(const Registration& registration) {
  MUSTER_TRY(const auto owner, find_service(connection_, ServiceKind::dps, registration.dps));
  MUSTER_TRY(auto select, connection_.prepare(kSharesDevice));
  select.bind(registration.device_id).bind(registration.assigned_hub);
  select.bind(owner ? owner->id : std::int64_t{0}).bind(registration.id.key());
  return select.step();
}

}  // namespace muster::registry::sqlite
