#include "registry/sqlite/service_id.hpp"

#include "registry/put_rules.hpp"

namespace muster::registry::sqlite {

Result<std::optional<ServiceRow>> find_service(Connection& connection, ServiceKind kind,
                                               const ServiceName& name) {
  MUSTER_TRY(auto select, connection.prepare("SELECT id, name FROM service WHERE kind = ? AND key = ?"));
  select.bind(static_cast<std::uint8_t>(kind)).bind(name.key());
  MUSTER_TRY(const bool found, select.step());
  if (!found) return std::nullopt;
  const std::int64_t id = select.integer();
  return ServiceRow{id, select.service_name()};
}

Result<ServiceRow> require_service(Connection& connection, ServiceKind kind, const ServiceName& name) {
  MUSTER_TRY(auto row, find_service(connection, kind, name));
  if (!row) return failure(no_such_service(kind, name));
  return *std::move(row);
}

}  // namespace muster::registry::sqlite
