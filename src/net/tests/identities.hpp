#pragma once

#include "base/assert.hpp"
#include "net/tests/loop.hpp"
#include "net/tls_context.hpp"
#include "pki/issue.hpp"

#include <string>

namespace muster::net {

/// The certificates that the tests of this module share, made once.
struct Identities {
  pki::Issued server_ca, other_ca;
  TlsIdentity server_p256, server_rsa;
  TlsIdentity device_leaf;   ///< Only the leaf.
  TlsIdentity device_chain;  ///< Leaf and intermediate.
  TlsIdentity device_rsa;
  TlsIdentity self_signed;

  static const Identities& get() {
    static const Identities identities = make();
    return identities;
  }

  /// Trusts the server CA.
  TlsClientContext client(std::vector<TlsIdentity> identities = {}) const {
    auto context =
        TlsClientContext::make({.roots = {server_ca.certificate}, .identities = std::move(identities)});
    MUSTER_ASSERT(context, context ? "" : context.error().reason().c_str());
    return *context;
  }
  std::unique_ptr<TlsServerContext> server() const {
    return TlsServerContext::make(std::vector{server_p256, server_rsa}).value();
  }

 private:
  static pki::IssueRequest request(std::string subject, pki::KeyType key = pki::KeyType::p256) {
    return {.subject = std::move(subject), .key = key, .now = kStart};
  }
  static TlsIdentity identity(const pki::Issued& leaf, std::vector<pki::Certificate> above = {}) {
    above.insert(above.begin(), leaf.certificate);
    // As they come from files.
    for (auto& certificate : above) certificate = pki::Certificate::from_der(certificate.der()).value();
    return {pki::Chain{std::move(above)}, leaf.key};
  }
  static Identities make() {
    const auto random = make_seeded_random(1);
    const pki::ServerNames names{.dns_names = {"localhost", "hub.muster.test"},
                                 .dns_subtrees = {"localhost", "muster.test"},
                                 .ip_addresses = {"127.0.0.1"}};
    const auto ca = pki::issue_server_ca(request("/CN=Test Server CA"), names, *random).value();
    const auto other = pki::issue_server_ca(request("/CN=Another CA"), names, *random).value();
    const auto p256 =
        pki::issue_server(request("/CN=server-p256"), ca, names, "http://127.0.0.1/crl", *random);
    const auto rsa = pki::issue_server(request("/CN=server-rsa", pki::KeyType::rsa2048), ca, names,
                                       "http://127.0.0.1/crl", *random);
    const auto root = pki::issue_root(request("/CN=My-Root-CA"), *random).value();
    const auto middle = pki::issue_intermediate(request("/CN=My-Intermediate-CA"), root, *random).value();
    const auto device = pki::issue_device(request("/CN=my-device-001"), middle, *random).value();
    const auto device_rsa =
        pki::issue_device(request("/CN=my-device-rsa", pki::KeyType::rsa2048), middle, *random).value();
    const auto alone = pki::issue_root(request("/CN=self-signed-device"), *random).value();
    return {ca,
            other,
            identity(p256.value()),
            identity(rsa.value()),
            identity(device),
            identity(device, {middle.certificate}),
            identity(device_rsa, {middle.certificate}),
            identity(alone)};
  }
};

}  // namespace muster::net
