#pragma once

#include "registry/repositories.hpp"
#include "registry/sqlite/connection.hpp"

namespace muster::registry::sqlite {

class SqliteDevices final : public DeviceRepository {
 public:
  explicit SqliteDevices(Connection& connection) : connection_{connection} {}  ///< Borrows.

  Result<std::optional<DeviceIdentity>> find(const ServiceName& hub, const DeviceId& id) override;
  Result<std::optional<DeviceRecord>> find_record(const ServiceName& hub, const DeviceId& id) override;
  Result<std::optional<DeviceIdentity>> put(const DeviceIdentity& identity, std::int64_t expected,
                                            const Twin* initial) override;
  Result<std::optional<bool>> remove(const ServiceName& hub, const DeviceId& id,
                                     std::int64_t expected) override;
  Result<Page<DeviceRecord>> list(const ServiceName& hub, const std::string& after,
                                  std::size_t limit) override;
  Result<Page<DeviceRecord>> search(const ServiceName& hub, const DeviceFilter& filter,
                                    const std::string& after, std::size_t limit) override;
  Result<std::optional<Twin>> find_twin(const ServiceName& hub, const DeviceId& id) override;
  Result<std::optional<Twin>> put_twin(const Twin& twin, std::int64_t expected_version) override;
  Result<DeviceCounts> count(const ServiceName& hub) override;

 private:
  Result<std::optional<DeviceIdentity>> write(const DeviceIdentity& identity, std::int64_t expected,
                                              const Twin* initial);
  Result<std::optional<bool>> remove_now(const ServiceName& hub, const DeviceId& id, std::int64_t expected);
  Result<Page<DeviceRecord>> search_ids(const ServiceName& hub, const DeviceFilter& filter,
                                        const std::string& after, std::size_t limit);
  Result<std::optional<Twin>> write_twin(const Twin& twin, std::int64_t expected_version);

  Connection& connection_;
};

}  // namespace muster::registry::sqlite
