#pragma once

#include "gateway/rest/api.hpp"
#include "net/stream.hpp"

#include <optional>
#include <string>
#include <vector>

namespace muster::rest {

/// What a request over the network has shown of itself.
struct FaceQuestion {
  std::string host;                ///< Of the Host header, without its port.
  std::optional<Api> api_of_path;  ///< What the path alone says; nullopt when no API begins so.
  const net::PeerInfo& peer;
};

/// Which service a request means, and under which names it may be signed for (contract section 3).
/// Implemented by server/front_door. Threads: any.
class ServiceNames {
 public:
  virtual ~ServiceNames() = default;

  /// By SNI, Host header, path and local address, in that order. nullopt: none of this world's.
  virtual std::optional<Face> face(const FaceQuestion& question) const = 0;
  /// Every host name and address that the service answers as, without ports.
  virtual std::vector<std::string> names_of(const ServiceRef& service) const = 0;
};

}  // namespace muster::rest
