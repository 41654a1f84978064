#include "registry/sqlite/store.hpp"

#include "registry/sqlite/certificates.hpp"
#include "registry/sqlite/devices.hpp"
#include "registry/sqlite/enrollments.hpp"
#include "registry/sqlite/modules.hpp"
#include "registry/sqlite/registrations.hpp"
#include "registry/sqlite/schema.hpp"
#include "registry/sqlite/services.hpp"

namespace muster::registry::sqlite {
namespace {

class SqliteStore final : public Store {
 public:
  explicit SqliteStore(std::unique_ptr<Connection> connection) : connection_{std::move(connection)} {}

  ServiceRepository& services() override { return services_; }
  CertificateRepository& certificates() override { return certificates_; }
  EnrollmentRepository& enrollments() override { return enrollments_; }
  EnrollmentGroupRepository& groups() override { return groups_; }
  RegistrationRepository& registrations() override { return registrations_; }
  DeviceRepository& devices() override { return devices_; }
  ModuleRepository& modules() override { return modules_; }

  Result<std::int64_t> trust_generation() override {
    return connection_->number("SELECT value FROM meta WHERE name = 'trust_generation'");
  }
  Result<void> transaction(const std::function<Result<void>()>& work) override {
    return connection_->transaction(work);
  }

 private:
  std::unique_ptr<Connection> connection_;  // First: the repositories borrow it.
  SqliteServices services_{*connection_};
  SqliteCertificates certificates_{*connection_};
  SqliteEnrollmentsOf<IndividualEnrollment> enrollments_{*connection_};
  SqliteEnrollmentsOf<EnrollmentGroup> groups_{*connection_};
  SqliteRegistrations registrations_{*connection_};
  SqliteDevices devices_{*connection_};
  SqliteModules modules_{*connection_};
};

}  // namespace

Result<std::unique_ptr<Store>> open_store(const std::string& path, Role role, const char* vfs) {
  MUSTER_TRY(auto connection, Connection::open(path, role, vfs));
  if (role == Role::writer) {
    MUSTER_CHECK(migrate(*connection, migrations()));
  } else {
    MUSTER_CHECK(connection->configure());
  }
  return std::make_unique<SqliteStore>(std::move(connection));
}

}  // namespace muster::registry::sqlite
