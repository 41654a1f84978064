#pragma once

#include "model/enrollment.hpp"
#include "registry/sqlite/connection.hpp"

#include <optional>
#include <string>

/// The enrollment table, which individual enrollments and groups share.
namespace muster::registry::sqlite {

enum class EnrollmentKind : std::uint8_t { individual = 0, group = 1 };

/// Where one row is.
struct EnrollmentKey {
  std::int64_t dps_id;
  EnrollmentKind kind;
  std::string key;
};

/// One row as it is stored. The id is text here: its grammar depends on the kind.
struct EnrollmentRow {
  std::string id;
  std::string device_id;                ///< Individual only.
  std::string device_information_json;  ///< Individual only.
  EnrollmentSettings settings;
};

Result<std::optional<EnrollmentRow>> find_enrollment(Connection& connection, const EnrollmentKey& key);
/// Up to `limit` rows with keys after `after`'s, in order.
Result<std::vector<EnrollmentRow>> list_enrollments(Connection& connection, const EnrollmentKey& after,
                                                    std::size_t limit);
Result<void> write_enrollment(Connection& connection, const EnrollmentKey& key, const EnrollmentRow& row);
Result<void> remove_enrollment(Connection& connection, const EnrollmentKey& key);

}  // namespace muster::registry::sqlite
