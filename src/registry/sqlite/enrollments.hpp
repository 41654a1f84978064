#pragma once

#include "registry/repositories.hpp"
#include "registry/sqlite/connection.hpp"

namespace muster::registry::sqlite {

/// The rows of one kind in the table that both kinds share. Instantiated in enrollments.cpp for the two that
/// there are.
template <typename Enrollment>
class SqliteEnrollmentsOf final : public EnrollmentsOf<Enrollment> {
 public:
  using Id = typename EnrollmentsOf<Enrollment>::Id;

  explicit SqliteEnrollmentsOf(Connection& connection) : connection_{connection} {}  ///< Borrows.

  Result<std::optional<Enrollment>> find(const ServiceName& dps, const Id& id) override;
  Result<std::optional<Enrollment>> put(const Enrollment& enrollment, std::int64_t expected) override;
  Result<std::optional<bool>> remove(const ServiceName& dps, const Id& id, std::int64_t expected) override;
  Result<Page<Enrollment>> list(const ServiceName& dps, const std::string& after, std::size_t limit) override;

 private:
  Result<std::optional<Enrollment>> write(const Enrollment& enrollment, std::int64_t expected);
  Result<std::optional<bool>> remove_now(const ServiceName& dps, const Id& id, std::int64_t expected);

  Connection& connection_;
};

}  // namespace muster::registry::sqlite
