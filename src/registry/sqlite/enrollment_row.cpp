#include "registry/sqlite/enrollment_row.hpp"

#include "base/assert.hpp"
#include "registry/sqlite/words.hpp"

namespace muster::registry::sqlite {
namespace {

// The one list of columns: read() and write_enrollment() go through it in this order.
#define MUSTER_ENROLLMENT_COLUMNS                                                     \
  "id, device_id, device_information_json, attestation_type, "                        \
  "client_primary_der, client_primary_sha1, client_primary_sha256, "                  \
  "client_secondary_der, client_secondary_sha1, client_secondary_sha256, "            \
  "signing_primary_der, signing_primary_sha1, signing_primary_sha256, "               \
  "signing_secondary_der, signing_secondary_sha1, signing_secondary_sha256, "         \
  "ca_primary, ca_secondary, primary_key, secondary_key, "                            \
  "enabled, iot_edge, update_hub_assignment, migrate_device_data, allocation, hubs, " \
  "webhook_url, webhook_api_version, initial_twin_json, created_us, updated_us, version"

constexpr const char* kFind =
    "SELECT " MUSTER_ENROLLMENT_COLUMNS " FROM enrollment WHERE dps_id = ? AND kind = ? AND key = ?";
constexpr const char* kList =
    "SELECT " MUSTER_ENROLLMENT_COLUMNS
    " FROM enrollment WHERE dps_id = ? AND kind = ? AND key > ? ORDER BY key LIMIT ?";
constexpr const char* kWrite =
    "INSERT OR REPLACE INTO enrollment (dps_id, kind, key, " MUSTER_ENROLLMENT_COLUMNS
    ") VALUES (?, ?, ?,  ?, ?, ?, ?,  ?, ?, ?,  ?, ?, ?,  ?, ?, ?,  ?, ?, ?,  ?, ?, ?, ?,"
    " ?, ?, ?, ?, ?, ?,  ?, ?, ?, ?, ?, ?)";

#undef MUSTER_ENROLLMENT_COLUMNS

std::optional<EnrollmentCertificate> read_certificate(Statement& row) {
  if (row.next_is_null()) {
    row.skip(3);
    return std::nullopt;
  }
  EnrollmentCertificate certificate;
  certificate.der = row.blob();
  certificate.sha1_thumbprint = row.text();
  certificate.sha256_thumbprint = row.text();
  return certificate;
}

void bind_certificate(Statement& statement, const std::optional<EnrollmentCertificate>& certificate) {
  if (!certificate) {
    statement.bind_null().bind_null().bind_null();
    return;
  }
  statement.bind(ByteView{certificate->der});
  statement.bind(certificate->sha1_thumbprint).bind(certificate->sha256_thumbprint);
}

std::vector<ServiceName> read_hubs(Statement& row) {
  std::vector<ServiceName> hubs;
  for (const std::string& word : split_words(row.text())) {
    auto name = ServiceName::parse(word);
    MUSTER_ASSERT(name.has_value(), "an enrollment names a hub that cannot be one");
    hubs.push_back(*std::move(name));
  }
  return hubs;
}

std::string join_hubs(const std::vector<ServiceName>& hubs) {
  std::vector<std::string> words;
  for (const ServiceName& hub : hubs) words.emplace_back(hub.str());
  return join_words(words);
}

Attestation read_attestation(Statement& row) {
  Attestation attestation;
  attestation.type = static_cast<AttestationType>(row.integer());
  attestation.client_primary = read_certificate(row);
  attestation.client_secondary = read_certificate(row);
  attestation.signing_primary = read_certificate(row);
  attestation.signing_secondary = read_certificate(row);
  attestation.ca_primary = row.text();
  attestation.ca_secondary = row.text();
  attestation.primary_key = row.text();
  attestation.secondary_key = row.text();
  return attestation;
}

EnrollmentRow read(Statement& row) {
  EnrollmentRow enrollment;
  enrollment.id = row.text();
  enrollment.device_id = row.text();
  enrollment.device_information_json = row.text();
  EnrollmentSettings& settings = enrollment.settings;
  settings.attestation = read_attestation(row);
  settings.enabled = row.flag();
  settings.iot_edge = row.flag();
  settings.reprovision.update_hub_assignment = row.flag();
  settings.reprovision.migrate_device_data = row.flag();
  if (row.next_is_null()) {
    row.skip(1);
  } else {
    settings.allocation = static_cast<AllocationPolicy>(row.integer());
  }
  settings.hubs = read_hubs(row);
  settings.webhook_url = row.text();
  settings.webhook_api_version = row.text();
  settings.initial_twin_json = row.text();
  settings.created = row.wall_time();
  settings.updated = row.wall_time();
  settings.version = row.integer();
  return enrollment;
}

void bind_attestation(Statement& statement, const Attestation& attestation) {
  statement.bind(static_cast<std::uint8_t>(attestation.type));
  bind_certificate(statement, attestation.client_primary);
  bind_certificate(statement, attestation.client_secondary);
  bind_certificate(statement, attestation.signing_primary);
  bind_certificate(statement, attestation.signing_secondary);
  statement.bind(attestation.ca_primary).bind(attestation.ca_secondary);
  statement.bind(attestation.primary_key).bind(attestation.secondary_key);
}

void bind_key(Statement& statement, const EnrollmentKey& key) {
  statement.bind(key.dps_id).bind(static_cast<std::uint8_t>(key.kind)).bind(key.key);
}

}  // namespace

Result<std::optional<EnrollmentRow>> find_enrollment(Connection& connection, const EnrollmentKey& key) {
  MUSTER_TRY(auto select, connection.prepare(kFind));
  bind_key(select, key);
  MUSTER_TRY(const bool found, select.step());
  if (!found) return std::nullopt;
  return read(select);
}

Result<std::vector<EnrollmentRow>> list_enrollments(Connection& connection, const EnrollmentKey& after,
                                                    std::size_t limit) {
  MUSTER_TRY(auto select, connection.prepare(kList));
  bind_key(select, after);
  select.bind(static_cast<std::int64_t>(limit));
  std::vector<EnrollmentRow> rows;
  while (true) {
    MUSTER_TRY(const bool found, select.step());
    if (!found) return rows;
    rows.push_back(read(select));
  }
}

Result<void> write_enrollment(Connection& connection, const EnrollmentKey& key, const EnrollmentRow& row) {
  MUSTER_TRY(auto put, connection.prepare(kWrite));
  bind_key(put, key);
  put.bind(row.id).bind(row.device_id).bind(row.device_information_json);
  const EnrollmentSettings& settings = row.settings;
  bind_attestation(put, settings.attestation);
  put.bind(settings.enabled).bind(settings.iot_edge);
  put.bind(settings.reprovision.update_hub_assignment).bind(settings.reprovision.migrate_device_data);
  if (settings.allocation) {
    put.bind(static_cast<std::uint8_t>(*settings.allocation));
  } else {
    put.bind_null();
  }
  put.bind(join_hubs(settings.hubs)).bind(settings.webhook_url).bind(settings.webhook_api_version);
  return put.bind(settings.initial_twin_json)
      .bind(settings.created)
      .bind(settings.updated)
      .bind(settings.version)
      .run();
}

Result<void> remove_enrollment(Connection& connection, const EnrollmentKey& key) {
  MUSTER_TRY(auto remove,
             connection.prepare("DELETE FROM enrollment WHERE dps_id = ? AND kind = ? AND key = ?"));
  bind_key(remove, key);
  return remove.run();
}

}  // namespace muster::registry::sqlite
