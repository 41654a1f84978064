#pragma once

#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "disk/file.hpp"
#include "net/tls_context.hpp"
#include "pki/issue.hpp"
#include "server/world_paths.hpp"

#include <memory>
#include <string>
#include <vector>

namespace muster::server {

/// Held while a world runs: two processes on one folder would each believe that they own it. Released by the
/// kernel when the process ends, however it ends.
class WorldLock {
 public:
  /// world_in_use with the holder's pid.
  static Result<std::unique_ptr<WorldLock>> take(const WorldPaths& paths);
  ~WorldLock();
  WorldLock(const WorldLock&) = delete;
  WorldLock& operator=(const WorldLock&) = delete;

 private:
  explicit WorldLock(int descriptor) : descriptor_{descriptor} {}
  int descriptor_;
};

/// What a world's folder turned out to be.
enum class WorldState : std::uint8_t { absent, unfinished, whole };

/// Looks without touching: absent (no folder, or an empty one), unfinished (a making was cut off, or somebody
/// has put a configuration or certificates there), whole. world_newer for a later format; world_damaged when
/// a file that a whole world needs is missing, its mark included; world_missing when the folder holds
/// something else.
Result<WorldState> inspect_world(disk::Disk& disk, const WorldPaths& paths);
/// Marks the folder as a world's that is being made: the first step of making one.
Result<void> begin_world(disk::Disk& disk, const WorldPaths& paths);
/// Marks the world as whole: the last step of making one.
Result<void> finish_world(disk::Disk& disk, const WorldPaths& paths);

/// The CA and certificates that the service's own TLS shows: made when absent, re-issued when they end within
/// 30 days or a name or address is new. A CA that does not permit a new name is replaced, which clients
/// notice: said in `talk`.
struct ServerTls {
  pki::Issued ca;
  std::vector<net::TlsIdentity> identities;  ///< P-256 and RSA.
  std::vector<std::string> talk;             ///< What an operator should know.
};
struct ServerTlsRequest {
  pki::ServerNames names;
  std::string crl_url;
};
Result<ServerTls> open_server_tls(disk::Disk& disk, const WorldPaths& paths, const ServerTlsRequest& request,
                                  Clock& clock, Random& random);

}  // namespace muster::server
