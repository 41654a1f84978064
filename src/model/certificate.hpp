#pragma once

#include "base/bytes.hpp"
#include "model/service.hpp"

#include <cstdint>
#include <string>

namespace muster {

/// A CA certificate that was uploaded to a DPS instance or a hub. Only a verified one authorises anyone.
struct CaCertificate {
  std::int64_t id =
      0;  ///< Given by the registry, never reused: what a hub identity remembers as its attesting CA.
  ServiceRef owner;
  CertificateName name;
  Bytes der;
  std::string subject;            ///< RFC 2253 text of the subject, for people.
  std::string sha1_thumbprint;    ///< Upper-case hex.
  std::string sha256_thumbprint;  ///< Upper-case hex.
  WallTime not_before;
  WallTime not_after;
  bool verified = false;
  std::string verification_code;  ///< Empty until one is generated; gone once it has been used.
  WallTime created;
  WallTime updated;
  std::int64_t version = 0;
};

}  // namespace muster
