#pragma once

#include "registry/repositories.hpp"
#include "registry/sqlite/connection.hpp"

namespace muster::registry::sqlite {

class SqliteEnrollments final : public EnrollmentRepository {
 public:
  explicit SqliteEnrollments(Connection& connection) : connection_{connection} {}  ///< Borrows.

  Result<std::optional<IndividualEnrollment>> find(const ServiceName& dps, const RegistrationId& id) override;
  Result<std::optional<IndividualEnrollment>> put(const IndividualEnrollment& enrollment,
                                                  std::int64_t expected) override;
  Result<std::optional<bool>> remove(const ServiceName& dps, const RegistrationId& id,
                                     std::int64_t expected) override;
  Result<Page<IndividualEnrollment>> list(const ServiceName& dps, const std::string& after,
                                          std::size_t limit) override;

 private:
  Result<std::optional<IndividualEnrollment>> write(const IndividualEnrollment& enrollment,
                                                    std::int64_t expected);
  Result<std::optional<bool>> remove_now(const ServiceName& dps, const RegistrationId& id,
                                         std::int64_t expected);

  Connection& connection_;
};

class SqliteEnrollmentGroups final : public EnrollmentGroupRepository {
 public:
  explicit SqliteEnrollmentGroups(Connection& connection) : connection_{connection} {}  ///< Borrows.

  Result<std::optional<EnrollmentGroup>> find(const ServiceName& dps, const EnrollmentGroupId& id) override;
  Result<std::optional<EnrollmentGroup>> put(const EnrollmentGroup& group, std::int64_t expected) override;
  Result<std::optional<bool>> remove(const ServiceName& dps, const EnrollmentGroupId& id,
                                     std::int64_t expected) override;
  Result<Page<EnrollmentGroup>> list(const ServiceName& dps, const std::string& after,
                                     std::size_t limit) override;

 private:
  Result<std::optional<EnrollmentGroup>> write(const EnrollmentGroup& group, std::int64_t expected);
  Result<std::optional<bool>> remove_now(const ServiceName& dps, const EnrollmentGroupId& id,
                                         std::int64_t expected);

  Connection& connection_;
};

}  // namespace muster::registry::sqlite
