#pragma once

#include "registry/repositories.hpp"
#include "registry/sqlite/connection.hpp"

namespace muster::registry::sqlite {

class SqliteCertificates final : public CertificateRepository {
 public:
  explicit SqliteCertificates(Connection& connection) : connection_{connection} {}  ///< Borrows.

  Result<std::vector<CaCertificate>> list(const ServiceRef& owner) override;
  Result<std::optional<CaCertificate>> find(const ServiceRef& owner, const CertificateName& name) override;
  Result<std::optional<CaCertificate>> find_by_id(std::int64_t id) override;
  Result<std::optional<CaCertificate>> put(const CaCertificate& certificate, std::int64_t expected) override;
  Result<std::optional<bool>> remove(const ServiceRef& owner, const CertificateName& name,
                                     std::int64_t expected) override;

 private:
  Result<std::optional<CaCertificate>> write(const CaCertificate& certificate, std::int64_t expected);
  Result<std::optional<bool>> remove_now(const ServiceRef& owner, const CertificateName& name,
                                         std::int64_t expected);

  Connection& connection_;
};

}  // namespace muster::registry::sqlite
