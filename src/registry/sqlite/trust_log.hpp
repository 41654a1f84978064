#pragma once

#include "registry/sqlite/connection.hpp"

#include <optional>

namespace muster::registry::sqlite {

/// One change of who may be trusted, as the audit table keeps it.
struct TrustChange {
  std::string_view action;  ///< "put" or "remove".
  std::string_view kind;    ///< "hub", "dps", "policy", "certificate", "enrollment", "enrollmentGroup".
  std::string_view service;
  std::string_view name = {};  ///< Empty for the service itself.
  std::int64_t version = 0;
  std::optional<WallTime> at = {};  ///< The thing's own time of update; unset where it has none.
  std::string_view detail = {};     ///< For a certificate its SHA-256 thumbprint and whether it is verified.
};

/// Moves the trust generation by one and appends the change under it. Call it in the transaction of the
/// change.
Result<void> record_trust_change(Connection& connection, const TrustChange& change);
/// Appends it under the generation that stands: for what is not judged by generation, individual enrollments.
Result<void> record_change(Connection& connection, const TrustChange& change);

}  // namespace muster::registry::sqlite
