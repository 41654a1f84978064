#include "pki/verify.hpp"
#include "server/world.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace muster::server {
namespace {

using std::chrono::hours;

constexpr std::uint64_t kPemBytesMax = 64 * 1024;
constexpr hours kCaLifetime{24 * 3650};
constexpr hours kServerLifetime{24 * 397};  // The longest that public clients accept of a server certificate.
constexpr hours kRenewBefore{24 * 30};

struct Kind {
  const char* name;
  pki::KeyType key;
};
constexpr Kind kKinds[] = {{"ec", pki::KeyType::p256}, {"rsa", pki::KeyType::rsa2048}};

Result<pki::Issued> read_pair(disk::Disk& disk, const std::string& pem_path, const std::string& key_path) {
  MUSTER_TRY(const Bytes pem, disk::read_all(disk, pem_path, kPemBytesMax));
  MUSTER_TRY(const Bytes key_pem, disk::read_all(disk, key_path, kPemBytesMax));
  auto certificates = pki::parse_pem_certificates(as_text(pem));
  if (!certificates)
    return failure(ErrorCode::world_damaged, fmt::format("{}: {}", pem_path, certificates.error().reason()));
  auto key = pki::PrivateKey::from_pem(as_text(key_pem));
  if (!key) return failure(ErrorCode::world_damaged, fmt::format("{}: {}", key_path, key.error().reason()));
  if (!key->matches(certificates->front())) {
    return failure(ErrorCode::world_damaged, fmt::format("{} is not the key of {}", key_path, pem_path));
  }
  return pki::Issued{certificates->front(), *key};
}

Result<void> write_pair(disk::Disk& disk, const pki::Issued& pair, const std::string& pem_path,
                        const std::string& key_path) {
  MUSTER_CHECK(disk::write_atomically(disk, key_path, as_bytes(pair.key.pem())));
  return disk::write_atomically(disk, pem_path, as_bytes(pair.certificate.pem()));
}

/// The certificate holds every name that is served now, is of this CA, and lasts.
bool still_good(const pki::Issued& server, const pki::Issued& ca, const pki::ServerNames& names,
                WallTime now) {
  if (server.certificate.not_after() < now + kRenewBefore) return false;
  if (!pki::covers_names(server.certificate, names)) return false;
  return pki::verify_path(server.certificate, {}, ca.certificate, now, pki::Purpose::server).faults.empty();
}

Result<pki::Issued> make_ca(disk::Disk& disk, const WorldPaths& paths, const pki::ServerNames& names,
                            WallTime now, Random& random) {
  MUSTER_TRY(const pki::Issued ca,
             pki::issue_server_ca({.subject = "/CN=muster server CA", .lifetime = kCaLifetime, .now = now},
                                  names, random));
  MUSTER_CHECK(write_pair(disk, ca, paths.server_ca_pem(), paths.server_ca_key()));
  return ca;
}

/// Asks the one judge that counts: a certificate for these names, issued on trial and thrown away, verifies
/// or does not.
Result<bool> ca_permits(const pki::Issued& ca, const ServerTlsRequest& request, WallTime now,
                        Random& random) {
  if (ca.certificate.not_after() < now + kRenewBefore) return false;
  MUSTER_TRY(const pki::Issued trial,
             pki::issue_server({.subject = "/CN=trial", .lifetime = hours{24}, .now = now}, ca, request.names,
                               request.crl_url, random));
  return pki::verify_path(trial.certificate, {}, ca.certificate, now, pki::Purpose::server).faults.empty();
}

}  // namespace

Result<ServerTls> open_server_tls(disk::Disk& disk, const WorldPaths& paths, const ServerTlsRequest& request,
                                  Clock& clock, Random& random) {
  MUSTER_CHECK(disk.make_directory(paths.at("server")));
  const WallTime now = clock.wall();
  std::vector<std::string> talk;
  MUSTER_TRY(const bool have_ca, disk.exists(paths.server_ca_pem()));
  MUSTER_TRY(pki::Issued ca, have_ca ? read_pair(disk, paths.server_ca_pem(), paths.server_ca_key())
                                     : make_ca(disk, paths, request.names, now, random));
  MUSTER_TRY(const bool permits, ca_permits(ca, request, now, random));
  if (!permits) {
    MUSTER_TRY(ca, make_ca(disk, paths, request.names, now, random));
    talk.push_back(fmt::format(
        "the server CA was replaced, for a new name or because it ends: clients have to trust {} anew",
        paths.server_ca_pem()));
  }
  ServerTls tls{ca, {}, std::move(talk)};
  for (const Kind& kind : kKinds) {
    const std::string pem_path = paths.server_pem(kind.name);
    const std::string key_path = paths.server_key(kind.name);
    MUSTER_TRY(const bool there, disk.exists(pem_path));
    std::optional<pki::Issued> server;
    if (there) {
      MUSTER_TRY(server, read_pair(disk, pem_path, key_path));
    }
    if (!server || !still_good(*server, ca, request.names, now)) {
      MUSTER_TRY(server, pki::issue_server({.subject = fmt::format("/CN={}", request.names.dns_names.front()),
                                            .key = kind.key,
                                            .lifetime = kServerLifetime,
                                            .now = now},
                                           ca, request.names, request.crl_url, random));
      MUSTER_CHECK(write_pair(disk, *server, pem_path, key_path));
    }
    tls.identities.push_back({pki::Chain{{server->certificate, ca.certificate}}, server->key});
  }
  return tls;
}

}  // namespace muster::server
