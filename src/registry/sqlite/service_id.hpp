#pragma once

#include "model/service.hpp"
#include "registry/sqlite/connection.hpp"

#include <optional>

namespace muster::registry::sqlite {

/// A service as other tables refer to it.
struct ServiceRow {
  std::int64_t id;
  ServiceName name;  ///< In its first spelling.
};

Result<std::optional<ServiceRow>> find_service(Connection& connection, ServiceKind kind,
                                               const ServiceName& name);
/// The same for a put, which fails where there is none.
Result<ServiceRow> require_service(Connection& connection, ServiceKind kind, const ServiceName& name);

}  // namespace muster::registry::sqlite
