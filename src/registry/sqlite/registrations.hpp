#pragma once

#include "registry/repositories.hpp"
#include "registry/sqlite/connection.hpp"

namespace muster::registry::sqlite {

class SqliteRegistrations final : public RegistrationRepository {
 public:
  explicit SqliteRegistrations(Connection& connection) : connection_{connection} {}  ///< Borrows.

  Result<std::optional<Registration>> find(const ServiceName& dps, const RegistrationId& id) override;
  Result<std::optional<Registration>> find_by_operation(const ServiceName& dps,
                                                        const std::string& operation_id) override;
  Result<std::optional<Registration>> put(const Registration& registration, std::int64_t expected) override;
  Result<std::optional<bool>> remove(const ServiceName& dps, const RegistrationId& id,
                                     std::int64_t expected) override;
  Result<Page<Registration>> list(const ServiceName& dps, const std::string& group_id,
                                  const std::string& after, std::size_t limit) override;
  Result<std::optional<Registration>> latest_of_device(const DeviceId& device) override;
  Result<bool> shares_device(const Registration& registration) override;

 private:
  Result<std::optional<Registration>> write(const Registration& registration, std::int64_t expected);
  Result<std::optional<bool>> remove_now(const ServiceName& dps, const RegistrationId& id,
                                         std::int64_t expected);

  Connection& connection_;
};

}  // namespace muster::registry::sqlite
