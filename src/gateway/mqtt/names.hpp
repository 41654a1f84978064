#pragma once

#include "base/task.hpp"
#include "model/service.hpp"
#include "net/stream.hpp"

#include <optional>
#include <string>
#include <vector>

namespace muster::mqtt {

/// Which service a connection means, from what it has shown of itself. Implemented by server/front_door,
/// which knows the world's names, addresses and services.
class ServiceNames {
 public:
  virtual ~ServiceNames() = default;

  /// Which kind of service the server name (SNI) means, which is asked before anything else; nullopt: none
  /// was sent, or it is a name that stands for all. hub_unknown or unknown_service: an Azure name, and no
  /// service of this world has it.
  virtual Result<std::optional<ServiceKind>> kind_of_sni(const net::PeerInfo& peer) = 0;
  /// The DPS instance of an id scope; nullopt: there is none, or SNI names another instance.
  virtual std::optional<ServiceName> dps_of_scope(std::string_view id_scope, const net::PeerInfo& peer) = 0;
  /// The hub that a CONNECT means: by SNI, else by the user name's host, else by local address, else the hub
  /// of the device's latest registration, else the first that holds the identity. hub_unknown otherwise.
  virtual Task<ServiceName> hub_of(std::string hub_host, std::string device_id, net::PeerInfo peer) = 0;
  /// Every host name and address that the hub answers as, without ports: what a token may be for.
  virtual std::vector<std::string> hosts_of_hub(const ServiceName& hub) const = 0;
  /// The host to answer for `hub_host` on this connection: the Azure name when it was reached by one, else
  /// the name or address that it was reached by (contract section 3).
  virtual std::string answer_host(const std::string& hub_host, const net::PeerInfo& peer) = 0;
};

}  // namespace muster::mqtt
