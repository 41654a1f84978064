#include "registry/sqlite/certificates.hpp"

#include "registry/put_rules.hpp"
#include "registry/sqlite/service_id.hpp"
#include "registry/sqlite/trust_log.hpp"

#include <fmt/format.h>

namespace muster::registry::sqlite {
namespace {

#define MUSTER_SELECT_CERTIFICATE                                                                            \
  "SELECT s.kind, s.name, c.id, c.name, c.der, c.subject, c.sha1_thumbprint, c.sha256_thumbprint, "          \
  "c.not_before_us, c.not_after_us, c.verified, c.verification_code, c.created_us, c.updated_us, c.version " \
  "FROM certificate c JOIN service s ON s.id = c.service_id WHERE "

constexpr const char* kList = MUSTER_SELECT_CERTIFICATE "s.kind = ? AND s.key = ? ORDER BY c.key";
constexpr const char* kFind = MUSTER_SELECT_CERTIFICATE "s.kind = ? AND s.key = ? AND c.key = ?";
constexpr const char* kFindById = MUSTER_SELECT_CERTIFICATE "c.id = ?";

#undef MUSTER_SELECT_CERTIFICATE

CaCertificate read(Statement& row) {
  const auto kind = static_cast<ServiceKind>(row.integer());
  ServiceName owner = row.service_name();
  return CaCertificate{.id = row.integer(),
                       .owner = {kind, std::move(owner)},
                       .name = row.certificate_name(),
                       .der = row.blob(),
                       .subject = row.text(),
                       .sha1_thumbprint = row.text(),
                       .sha256_thumbprint = row.text(),
                       .not_before = row.wall_time(),
                       .not_after = row.wall_time(),
                       .verified = row.flag(),
                       .verification_code = row.text(),
                       .created = row.wall_time(),
                       .updated = row.wall_time(),
                       .version = row.integer()};
}

Result<std::optional<CaCertificate>> read_one(Statement& select) {
  MUSTER_TRY(const bool row, select.step());
  if (!row) return std::nullopt;
  return read(select);
}

Result<std::int64_t> next_id(Connection& connection) {
  MUSTER_TRY(const std::int64_t id,
             connection.number("SELECT value FROM meta WHERE name = 'next_certificate_id'"));
  MUSTER_TRY(auto take,
             connection.prepare("UPDATE meta SET value = value + 1 WHERE name = 'next_certificate_id'"));
  MUSTER_CHECK(take.run());
  return id;
}

Result<void> insert(Connection& connection, std::int64_t service_id, const CaCertificate& certificate) {
  MUSTER_TRY(auto put, connection.prepare(R"sql(
      INSERT OR REPLACE INTO certificate
        (id, service_id, key, name, der, subject, sha1_thumbprint, sha256_thumbprint, not_before_us,
         not_after_us, verified, verification_code, created_us, updated_us, version)
      VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?))sql"));
  put.bind(certificate.id).bind(service_id).bind(certificate.name.key()).bind(certificate.name.str());
  put.bind(ByteView{certificate.der}).bind(certificate.subject);
  put.bind(certificate.sha1_thumbprint).bind(certificate.sha256_thumbprint);
  put.bind(certificate.not_before).bind(certificate.not_after);
  put.bind(certificate.verified).bind(certificate.verification_code);
  return put.bind(certificate.created).bind(certificate.updated).bind(certificate.version).run();
}

}  // namespace

Result<std::vector<CaCertificate>> SqliteCertificates::list(const ServiceRef& owner) {
  MUSTER_TRY(auto select, connection_.prepare(kList));
  select.bind(static_cast<std::uint8_t>(owner.kind)).bind(owner.name.key());
  std::vector<CaCertificate> certificates;
  while (true) {
    MUSTER_TRY(auto certificate, read_one(select));
    if (!certificate) return certificates;
    certificates.push_back(*std::move(certificate));
  }
}

Result<std::optional<CaCertificate>> SqliteCertificates::find(const ServiceRef& owner,
                                                              const CertificateName& name) {
  MUSTER_TRY(auto select, connection_.prepare(kFind));
  select.bind(static_cast<std::uint8_t>(owner.kind)).bind(owner.name.key()).bind(name.key());
  return read_one(select);
}

Result<std::optional<CaCertificate>> SqliteCertificates::find_by_id(std::int64_t id) {
  MUSTER_TRY(auto select, connection_.prepare(kFindById));
  select.bind(id);
  return read_one(select);
}

Result<std::optional<CaCertificate>> SqliteCertificates::put(const CaCertificate& certificate,
                                                             std::int64_t expected) {
  std::optional<CaCertificate> stored;
  MUSTER_CHECK(connection_.transaction([&]() -> Result<void> {
    MUSTER_TRY(stored, write(certificate, expected));
    return {};
  }));
  return stored;
}

Result<std::optional<CaCertificate>> SqliteCertificates::write(const CaCertificate& certificate,
                                                               std::int64_t expected) {
  MUSTER_TRY(const auto owner, require_service(connection_, certificate.owner.kind, certificate.owner.name));
  MUSTER_TRY(const auto held, find(certificate.owner, certificate.name));
  if (!version_allows(held ? held->version : 0, expected)) return std::nullopt;
  CaCertificate next = successor(held, certificate);
  next.owner.name = owner.name;
  if (next.id == 0) {
    MUSTER_TRY(next.id, next_id(connection_));
  }
  MUSTER_CHECK(insert(connection_, owner.id, next));
  const std::string detail =
      fmt::format("sha256={} verified={}", next.sha256_thumbprint, next.verified ? "yes" : "no");
  MUSTER_CHECK(record_trust_change(connection_, {.action = "put",
                                                 .kind = "certificate",
                                                 .service = owner.name.str(),
                                                 .name = next.name.str(),
                                                 .version = next.version,
                                                 .at = next.updated,
                                                 .detail = detail}));
  return next;
}

Result<std::optional<bool>> SqliteCertificates::remove(const ServiceRef& owner, const CertificateName& name,
                                                       std::int64_t expected) {
  std::optional<bool> removed;
  MUSTER_CHECK(connection_.transaction([&]() -> Result<void> {
    MUSTER_TRY(removed, remove_now(owner, name, expected));
    return {};
  }));
  return removed;
}

Result<std::optional<bool>> SqliteCertificates::remove_now(const ServiceRef& owner,
                                                           const CertificateName& name,
                                                           std::int64_t expected) {
  MUSTER_TRY(const auto held, find(owner, name));
  if (!held) return std::optional{false};
  if (!version_allows(held->version, expected)) return std::nullopt;
  {
    MUSTER_TRY(auto remove, connection_.prepare("DELETE FROM certificate WHERE id = ?"));
    MUSTER_CHECK(remove.bind(held->id).run());
  }
  const std::string detail = "sha256=" + held->sha256_thumbprint;
  MUSTER_CHECK(record_trust_change(connection_, {.action = "remove",
                                                 .kind = "certificate",
                                                 .service = held->owner.name.str(),
                                                 .name = held->name.str(),
                                                 .version = held->version,
                                                 .at = {},
                                                 .detail = detail}));
  return std::optional{true};
}

}  // namespace muster::registry::sqlite
