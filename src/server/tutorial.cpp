#include "server/tutorial.hpp"

#include "pki/issue.hpp"
#include "registry/new_service.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>

namespace muster::server {
namespace {

using namespace std::chrono_literals;

constexpr std::chrono::hours kDay{24};
constexpr std::uint64_t kPemBytesMax = 64 * 1024;

Result<std::string> read_text(disk::Disk& disk, const std::string& path) {
  MUSTER_TRY(const Bytes bytes, disk::read_all(disk, path, kPemBytesMax));
  return std::string{as_text(bytes)};
}

/// The pair under `stem` (.key and .pem): read when it is there, made by `issue` otherwise.
template <typename Issue>
Result<pki::Issued> read_or_make(disk::Disk& disk, const std::string& stem, const Issue& issue) {
  MUSTER_TRY(const bool there, disk.exists(stem + ".pem"));
  if (there) {
    MUSTER_TRY(const std::string pem, read_text(disk, stem + ".pem"));
    MUSTER_TRY(const std::string key_pem, read_text(disk, stem + ".key"));
    MUSTER_TRY(const auto certificates, pki::parse_pem_certificates(pem));
    MUSTER_TRY(const pki::PrivateKey key, pki::PrivateKey::from_pem(key_pem));
    return pki::Issued{certificates.front(), key};
  }
  MUSTER_TRY(const pki::Issued made, issue());
  // The key first: a certificate without its key would be taken for a whole pair.
  MUSTER_CHECK(disk::write_atomically(disk, stem + ".key", as_bytes(made.key.pem())));
  MUSTER_CHECK(disk::write_atomically(disk, stem + ".pem", as_bytes(made.certificate.pem())));
  return made;
}

Result<void> write_if_absent(disk::Disk& disk, const std::string& path, const std::string& text) {
  MUSTER_TRY(const bool there, disk.exists(path));
  if (there) return {};
  return disk::write_atomically(disk, path, as_bytes(text));
}

Result<CaCertificate> uploaded(disk::Disk& disk, const std::string& path, std::string_view name,
                               WallTime now) {
  MUSTER_TRY(const std::string pem, read_text(disk, path));
  MUSTER_TRY(const auto certificates, pki::parse_pem_certificates(pem));
  const pki::Certificate& certificate = certificates.front();
  return CaCertificate{.owner = {ServiceKind::dps, *ServiceName::parse(kTutorialDps)},
                       .name = *CertificateName::parse(name),
                       .der = certificate.der(),
                       .subject = certificate.subject(),
                       .sha1_thumbprint = certificate.sha1_thumbprint(),
                       .sha256_thumbprint = certificate.sha256_thumbprint(),
                       .not_before = certificate.not_before(),
                       .not_after = certificate.not_after(),
                       .verified = true,
                       .created = now,
                       .updated = now};
}

Result<void> put_services(registry::Store& store, const std::array<CaCertificate, 2>& cas, WallTime now,
                          Random& random) {
  const Hub hub{.name = *ServiceName::parse(kTutorialHub),
                .location = std::string{kTutorialLocation},
                .partition_count = 2,
                .created = now};
  DpsInstance dps{.name = *ServiceName::parse(kTutorialDps),
                  .id_scope = std::string{kTutorialScope},
                  .location = std::string{kTutorialLocation},
                  .created = now};
  dps.linked_hubs.push_back({.hub = hub.name, .location = hub.location});
  MUSTER_CHECK(registry::make_hub_in(store, hub, random));
  MUSTER_CHECK(registry::make_dps_in(store, dps, random));
  for (const CaCertificate& ca : cas) MUSTER_CHECK(store.certificates().put(ca, 0));
  EnrollmentGroup group{.dps = dps.name, .id = *EnrollmentGroupId::parse(kTutorialGroup)};
  group.settings.attestation.type = AttestationType::x509;
  group.settings.attestation.ca_primary = cas[1].name.str();
  group.settings.allocation = AllocationPolicy::hashed;
  group.settings.created = group.settings.updated = now;
  MUSTER_CHECK(store.groups().put(group, 0));
  return {};
}

}  // namespace

Result<void> make_tutorial_certificates(disk::Disk& disk, const WorldPaths& paths,
                                        const std::string& connect_to, Clock& clock, Random& random) {
  for (const char* folder : {"certs/root", "certs/intermediate", "certs/device", "device"}) {
    MUSTER_CHECK(disk.make_directory(paths.at(folder)));
  }
  const WallTime now = clock.wall();
  const auto request = [now](std::string subject, int days) {
    return pki::IssueRequest{.subject = std::move(subject), .lifetime = days * kDay, .now = now};
  };
  MUSTER_TRY(const pki::Issued root, read_or_make(disk, paths.at("certs/root/root"), [&] {
               return pki::issue_root(request("/CN=My-Root-CA", 3650), random);
             }));
  MUSTER_TRY(const pki::Issued intermediate,
             read_or_make(disk, paths.at("certs/intermediate/intermediate"), [&] {
               return pki::issue_intermediate(request("/CN=My-Intermediate-CA", 1825), root, random);
             }));
  MUSTER_TRY(const pki::Issued device, read_or_make(disk, paths.at("certs/device/device"), [&] {
               return pki::issue_device(request(fmt::format("/CN={}", kTutorialDevice), 365), intermediate,
                                        random);
             }));
  MUSTER_CHECK(
      write_if_absent(disk, paths.at("certs/device/device-full-chain.pem"),
                      device.certificate.pem() + intermediate.certificate.pem() + root.certificate.pem()));
  const nlohmann::ordered_json config{{"provisioning_host", kGlobalProvisioningHost},
                                      {"id_scope", kTutorialScope},
                                      {"registration_id", kTutorialDevice},
                                      {"cert_file", "../certs/device/device.pem"},
                                      {"key_file", "../certs/device/device.key"},
                                      {"ca_file", "../server/ca.pem"},
                                      {"connect_to", connect_to}};
  return write_if_absent(disk, paths.at("device/config.json"), config.dump(2) + "\n");
}

Task<void> make_tutorial_services(registry::Registry& registry, disk::Disk& disk, WorldPaths paths,
                                  Clock& clock, Random& random) {
  const WallTime now = clock.wall();
  MUSTER_CO_TRY(const CaCertificate root, uploaded(disk, paths.at("certs/root/root.pem"), "my-root-ca", now));
  MUSTER_CO_TRY(const CaCertificate intermediate,
                uploaded(disk, paths.at("certs/intermediate/intermediate.pem"), "my-intermediate-ca", now));
  const std::array cas{root, intermediate};
  const Result<void> written = co_await registry.write([&](registry::Store& store) -> Result<void> {
    MUSTER_TRY(const auto hubs, store.services().hubs());
    if (!hubs.empty()) return {};
    return put_services(store, cas, now, random);
  });
  co_return written;
}

}  // namespace muster::server
