#include "client/dialer.hpp"

#include "net/address.hpp"
#include "net/connect.hpp"
#include "net/tls_stream.hpp"

#include <fmt/format.h>

namespace muster::client {
namespace {

Result<net::TlsIdentity> load_identity(Credentials& credentials) {
  MUSTER_TRY(const CredentialPem pem, credentials.load());
  MUSTER_TRY(std::vector<pki::Certificate> certificates, pki::parse_pem_certificates(pem.certificate_chain));
  MUSTER_TRY(pki::PrivateKey key, pki::PrivateKey::from_pem(pem.private_key, pem.passphrase));
  return net::TlsIdentity{pki::Chain{std::move(certificates)}, std::move(key)};
}

/// Made anew for each connection: the credentials and the roots may have been renewed.
Result<net::TlsClientContext> make_context(const DialRequest& request) {
  net::TlsClientOptions options;
  if (!request.transport.ca_file.empty()) options.root_files.push_back(request.transport.ca_file);
  MUSTER_TRY(net::TlsIdentity identity, load_identity(*request.credentials));
  options.identities.push_back(std::move(identity));
  return net::TlsClientContext::make(options);
}

Result<net::ConnectRequest> route(const DialRequest& request) {
  net::ConnectRequest to;
  to.host = request.host;
  to.port = request.transport.port;
  to.deadline = request.deadline;
  if (!request.transport.connect_to.empty()) {
    MUSTER_TRY(to.connect_to, net::parse_endpoint(request.transport.connect_to, request.transport.port));
  }
  return to;
}

class TlsDialer final : public Dialer {
 public:
  Task<std::unique_ptr<net::Stream>> dial(net::Shard& shard, DialRequest request) override {
    MUSTER_CO_TRY(const net::TlsClientContext context, make_context(request));
    MUSTER_CO_TRY(net::ConnectRequest to, route(request));
    MUSTER_CO_TRY(net::Descriptor socket, co_await net::connect(shard, to));
    auto stream = std::make_unique<net::TlsStream>(shard, std::move(socket), context, request.host);
    bool late = false;
    net::Stream& open = *stream;
    const net::ScopedDeadline deadline{shard, request.deadline, [&open, &late] {
                                         late = true;
                                         open.close();
                                       }};
    const Result<void> secured = co_await stream->handshake();
    if (late) {
      co_return failure(ErrorCode::timed_out,
                        fmt::format("{}: the TLS handshake did not end in time", request.host));
    }
    // Distrust names the host already.
    if (!secured && secured.error().code() == ErrorCode::server_untrusted) co_return failure(secured.error());
    if (!secured) co_return failure(Error{secured.error()}.within(request.host));
    co_return std::unique_ptr<net::Stream>{std::move(stream)};
  }
};

}  // namespace

std::unique_ptr<Dialer> make_tls_dialer() { return std::make_unique<TlsDialer>(); }

}  // namespace muster::client
