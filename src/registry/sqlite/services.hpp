#pragma once

#include "registry/repositories.hpp"
#include "registry/sqlite/connection.hpp"

namespace muster::registry::sqlite {

class SqliteServices final : public ServiceRepository {
 public:
  explicit SqliteServices(Connection& connection) : connection_{connection} {}  ///< Borrows.

  Result<std::vector<Hub>> hubs() override;
  Result<std::vector<DpsInstance>> dps_instances() override;
  Result<std::optional<Hub>> put_hub(const Hub& hub, std::int64_t expected) override;
  Result<std::optional<DpsInstance>> put_dps(const DpsInstance& dps, std::int64_t expected) override;
  Result<bool> remove(const ServiceRef& service) override;
  Result<std::vector<SasPolicy>> policies(const ServiceRef& service) override;
  Result<void> put_policy(const ServiceRef& service, const SasPolicy& policy) override;

 private:
  Result<std::optional<Hub>> find_hub(const ServiceName& name);
  Result<std::optional<DpsInstance>> find_dps(const ServiceName& name);
  Result<std::optional<Hub>> write_hub(const Hub& hub, std::int64_t expected);
  Result<std::optional<DpsInstance>> write_dps(const DpsInstance& dps, std::int64_t expected);
  Result<std::vector<LinkedHub>> links_of(std::int64_t dps_id);
  Result<void> write_links(std::int64_t dps_id, const std::vector<LinkedHub>& links);
  Result<bool> remove_now(const ServiceRef& service);
  Result<void> unlink(const ServiceName& hub);

  Connection& connection_;
};

}  // namespace muster::registry::sqlite
