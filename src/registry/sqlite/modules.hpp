#pragma once

#include "registry/repositories.hpp"
#include "registry/sqlite/connection.hpp"

namespace muster::registry::sqlite {

class SqliteModules final : public ModuleRepository {
 public:
  explicit SqliteModules(Connection& connection) : connection_{connection} {}  ///< Borrows.

  Result<std::optional<ModuleRecord>> find(const ServiceName& hub, const DeviceId& device,
                                           const ModuleId& id) override;
  Result<std::optional<ModuleIdentity>> put(const ModuleIdentity& identity, std::int64_t expected,
                                            const Twin* initial) override;
  Result<std::optional<bool>> remove(const ServiceName& hub, const DeviceId& device, const ModuleId& id,
                                     std::int64_t expected) override;
  Result<std::vector<ModuleRecord>> list(const ServiceName& hub, const DeviceId& device) override;
  Result<Page<ModuleRecord>> list_all(const ServiceName& hub, const std::string& after,
                                      std::size_t limit) override;
  Result<std::optional<Twin>> put_twin(const Twin& twin, std::int64_t expected_version) override;

 private:
  Result<std::optional<ModuleIdentity>> write(const ModuleIdentity& identity, std::int64_t expected,
                                              const Twin* initial);
  Result<std::optional<bool>> remove_now(const ServiceName& hub, const DeviceId& device, const ModuleId& id,
                                         std::int64_t expected);
  Result<std::optional<Twin>> write_twin(const Twin& twin, std::int64_t expected_version);

  Connection& connection_;
};

}  // namespace muster::registry::sqlite
