#include "registry/sqlite/trust_log.hpp"

namespace muster::registry::sqlite {

Result<void> record_trust_change(Connection& connection, const TrustChange& change) {
  {
    MUSTER_TRY(auto bump,
               connection.prepare("UPDATE meta SET value = value + 1 WHERE name = 'trust_generation'"));
    MUSTER_CHECK(bump.run());
  }
  return record_change(connection, change);
}

Result<void> record_change(Connection& connection, const TrustChange& change) {
  MUSTER_TRY(auto append, connection.prepare(R"sql(
      INSERT INTO audit (generation, at_us, action, kind, service, name, version, detail)
      VALUES ((SELECT value FROM meta WHERE name = 'trust_generation'), ?, ?, ?, ?, ?, ?, ?))sql"));
  if (change.at) {
    append.bind(*change.at);
  } else {
    append.bind_null();
  }
  append.bind(change.action).bind(change.kind).bind(change.service).bind(change.name);
  return append.bind(change.version).bind(change.detail).run();
}

}  // namespace muster::registry::sqlite
