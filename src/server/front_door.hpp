#pragma once

#include "gateway/mqtt/names.hpp"
#include "gateway/rest/service_names.hpp"
#include "registry/registry.hpp"

#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <vector>

namespace muster::server {

/// The services of the world as last read, and where each is.
struct ServiceTable {
  struct HubEntry {
    Hub hub;
    std::string address;  ///< The hub's own; the first hub's is the first IPv4 address of `listen`.
  };
  std::vector<HubEntry> hubs;  ///< By number.
  std::vector<DpsInstance> dps;
};

/// Which service a connection means, and under which name it was reached (contract section 3). Threads: any;
/// the table is replaced as a whole.
class FrontDoor final : public mqtt::ServiceNames, public rest::ServiceNames {
 public:
  /// `first_address`: the first IPv4 address that is listened on. `own_names`: every address and name that
  /// the service answers as beside the Azure names.
  FrontDoor(registry::Registry& registry, std::string first_address, std::vector<std::string> own_names);

  /// Reads the services anew. Call at start and whenever they change.
  Task<void> refresh();
  std::shared_ptr<const ServiceTable> table() const;

  Result<std::optional<ServiceKind>> kind_of_sni(const net::PeerInfo& peer) override;
  std::optional<ServiceName> dps_of_scope(std::string_view id_scope, const net::PeerInfo& peer) override;
  Task<ServiceName> hub_of(std::string hub_host, std::string device_id, net::PeerInfo peer) override;
  std::vector<std::string> hosts_of_hub(const ServiceName& hub) const override {
    return names_of({ServiceKind::hub, hub});
  }
  std::string answer_host(const std::string& hub_host, const net::PeerInfo& peer) override;

  std::optional<rest::Face> face(const rest::FaceQuestion& question) const override;
  std::vector<std::string> names_of(const ServiceRef& service) const override;

 private:
  bool is_own_name(std::string_view host, const net::PeerInfo& peer) const;
  Task<ServiceName> hub_of_device(std::shared_ptr<const ServiceTable> services, std::string device_id);

  registry::Registry& registry_;
  std::string first_address_;
  std::vector<std::string> own_names_;
  mutable std::mutex mutex_;
  std::shared_ptr<const ServiceTable> table_ = std::make_shared<const ServiceTable>();
};

}  // namespace muster::server
