#include "net/tls_context.hpp"

#include "base/assert.hpp"
#include "net/tls_error.hpp"
#include "net/tls_session.hpp"
#include "pki/key_decoding.hpp"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>

#include <chrono>
#include <new>
#include <string_view>

namespace muster::net {
namespace {

constexpr const char* kSuites12 =
    "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-ECDSA-CHACHA20-POLY1305:"
    "ECDHE-RSA-AES128-GCM-SHA256:ECDHE-RSA-AES256-GCM-SHA384:ECDHE-RSA-CHACHA20-POLY1305";
constexpr const char* kSuites13 =
    "TLS_AES_128_GCM_SHA256:TLS_AES_256_GCM_SHA384:TLS_CHACHA20_POLY1305_SHA256";
constexpr const char* kGroups = "X25519:P-256:P-384";
/// 112 bits: RSA from 2048 bits, curves from P-224, no SHA-1 signature in the handshake.
constexpr int kSecurityLevel = 2;
/// A peer's certificates, in bytes: a dozen RSA-4096 ones. OpenSSL allocates what a stranger announces up to
/// this.
constexpr long kCertificateListSizeMax = 32 * 1024;
/// Sessions that may be resumed, the oldest go first; about 4 KiB each when their connections are gone.
constexpr std::size_t kSessionsMax = 20'480;
constexpr std::chrono::seconds kSessionLifetime = std::chrono::hours{12};

struct FreeStack {
  void operator()(STACK_OF(X509) * stack) const { sk_X509_free(stack); }
};

/// What both roles agree on. The read buffers go while a connection is idle (the SSL object itself is most of
/// what one costs), and reading ahead saves a system call a record. Moving buffers: what is offered again
/// after would_block is the same bytes, not the same address.
Result<std::shared_ptr<SSL_CTX>> make_context(const SSL_METHOD* method) {
  ERR_clear_error();
  std::shared_ptr<SSL_CTX> context{SSL_CTX_new(method), SSL_CTX_free};
  if (!context) return failure(ErrorCode::tls_failure, take_openssl_reason("no TLS context"));
  SSL_CTX* ctx = context.get();
  SSL_CTX_set_security_level(ctx, kSecurityLevel);
  // Set in full: the system's openssl.cnf has been applied already and is not to decide.
  const bool set = SSL_CTX_set_min_proto_version(ctx, TLS1_2_VERSION) == 1 &&
                   SSL_CTX_set_max_proto_version(ctx, TLS1_3_VERSION) == 1 &&
                   SSL_CTX_set_cipher_list(ctx, kSuites12) == 1 &&
                   SSL_CTX_set_ciphersuites(ctx, kSuites13) == 1 &&
                   SSL_CTX_set1_groups_list(ctx, kGroups) == 1;
  if (!set)
    return failure(ErrorCode::tls_failure, take_openssl_reason("TLS versions, suites or groups refused"));
  SSL_CTX_clear_options(ctx, SSL_OP_IGNORE_UNEXPECTED_EOF);
  SSL_CTX_set_options(ctx, SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION);
  SSL_CTX_set_mode(
      ctx, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
  SSL_CTX_set_read_ahead(ctx, 1);
  SSL_CTX_set_max_cert_list(ctx, kCertificateListSizeMax);
  return context;
}

Result<void> use_identity(SSL_CTX* ctx, const TlsIdentity& identity) {
  const auto& certificates = identity.chain.certificates;
  MUSTER_ASSERT(!certificates.empty(), "a chain has a leaf");
  if (!identity.key.matches(certificates.front())) {
    return failure(ErrorCode::key_mismatch,
                   fmt::format("the key ({}) is not that of the certificate {}", identity.key.description(),
                               certificates.front().subject()));
  }
  const std::unique_ptr<STACK_OF(X509), FreeStack> above{sk_X509_new_null()};
  for (std::size_t i = 1; i < certificates.size(); ++i) sk_X509_push(above.get(), certificates[i].native());
  ERR_clear_error();
  if (SSL_CTX_use_cert_and_key(ctx, certificates.front().native(), identity.key.native(), above.get(), 1) !=
      1) {
    return failure(ErrorCode::tls_failure, fmt::format("certificate {}: {}", certificates.front().subject(),
                                                       take_openssl_reason("not usable for TLS")));
  }
  return {};
}

/// Called with what the peer sent, before it has proved that it holds the key. Any certificate passes; what
/// is kept of it goes where a resumed session finds it again, and before another shard can resume it.
int keep_presented(X509_STORE_CTX* store, void* pool) noexcept try {
  auto* ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  X509* leaf = X509_STORE_CTX_get0_cert(store);
  STACK_OF(X509)* sent = X509_STORE_CTX_get0_untrusted(store);
  keep_chain(ssl,
             std::make_shared<const pki::PresentedChain>(*leaf, sent, *static_cast<pki::IssuerPool*>(pool)));
  // OpenSSL has no further use for the issuers, and its session would hold 4 KiB for each.
  while (sk_X509_num(sent) > 1) X509_free(sk_X509_pop(sent));
  X509_STORE_CTX_set_error(store, X509_V_OK);
  return 1;
} catch (const std::bad_alloc&) {  // Not through OpenSSL, which is C.
  X509_STORE_CTX_set_error(store, X509_V_ERR_OUT_OF_MEM);
  return 0;
}

/// Of the extension server_name (RFC 6066 section 3), a list of one; empty where there is none, or what
/// OpenSSL takes for none.
std::string_view name_in(std::string_view extension) {
  constexpr std::size_t kHeader = 5;  // The list's length, the kind of name, the name's length.
  if (extension.size() <= kHeader || extension.size() > kHeader + TLSEXT_MAXLEN_host_name ||
      extension[2] != TLSEXT_NAMETYPE_host_name) {
    return {};
  }
  const auto byte = [&extension](std::size_t i) { return static_cast<unsigned char>(extension[i]); };
  const std::string_view name = extension.substr(kHeader);
  if (name.size() != std::size_t{byte(3)} * 256 + byte(4)) return {};
  return name.find('\0') == std::string_view::npos ? name : std::string_view{};
}

/// Gives the stream the name that is dialled. A session that is resumed in TLS 1.2 would hide it: OpenSSL has
/// the session's in its place, or none.
int keep_server_name(SSL* ssl, int* alert, void*) noexcept {
  const unsigned char* extension = nullptr;
  std::size_t size = 0;
  if (SSL_client_hello_get0_ext(ssl, TLSEXT_TYPE_server_name, &extension, &size) != 1) size = 0;
  try {
    static_cast<std::string*>(SSL_get_app_data(ssl))
        ->assign(name_in({reinterpret_cast<const char*>(extension), size}));
  } catch (const std::bad_alloc&) {
    *alert = SSL_AD_INTERNAL_ERROR;
    return SSL_CLIENT_HELLO_ERROR;
  }
  return SSL_CLIENT_HELLO_SUCCESS;
}

/// Stateful, in TLS 1.3 too: a ticket is 135 us, with the peer's chain inside. Who resumes is authorised anew
/// at CONNECT, by the chain that stands beside the session.
void use_session_cache(SSL_CTX* ctx) {
  SSL_CTX_set_options(ctx, SSL_OP_NO_TICKET);
  SSL_CTX_set_num_tickets(ctx, 1);
  SSL_CTX_set_session_cache_mode(ctx, SSL_SESS_CACHE_SERVER);
  SSL_CTX_sess_set_cache_size(ctx, static_cast<long>(kSessionsMax));
  SSL_CTX_set_timeout(ctx, kSessionLifetime.count());
  SSL_CTX_set_session_id_context(ctx, reinterpret_cast<const unsigned char*>("muster"), 6);
}

Result<std::shared_ptr<SSL_CTX>> make_server_context(std::span<const TlsIdentity> identities,
                                                     pki::IssuerPool& issuers) {
  if (identities.empty()) return failure(ErrorCode::certificate_missing, "the server has no certificate");
  MUSTER_TRY(std::shared_ptr<SSL_CTX> context, make_context(TLS_server_method()));
  SSL_CTX* ctx = context.get();
  for (const TlsIdentity& identity : identities) {
    MUSTER_CHECK(use_identity(ctx, identity));
  }
  SSL_CTX_set_options(ctx, SSL_OP_CIPHER_SERVER_PREFERENCE);
  use_session_cache(ctx);
  // No SSL_CTX_set_client_CA_list: with a list, Java and Go send nothing from a leaf-only file
  // (protocol/device/10 section 3).
  SSL_CTX_set_verify(ctx, SSL_VERIFY_PEER, nullptr);
  SSL_CTX_set_cert_verify_callback(ctx, keep_presented, &issuers);
  SSL_CTX_set_client_hello_cb(ctx, keep_server_name, nullptr);
  return context;
}

Result<void> use_roots(SSL_CTX* ctx, const TlsClientOptions& options) {
  ERR_clear_error();
  if (options.system_roots_too || (options.root_files.empty() && options.roots.empty())) {
    if (SSL_CTX_set_default_verify_paths(ctx) != 1) {
      return failure(ErrorCode::file_unreadable, take_openssl_reason("the system's root certificates"));
    }
  }
  for (const std::string& file : options.root_files) {
    if (SSL_CTX_load_verify_file(ctx, file.c_str()) != 1) {
      return failure(ErrorCode::file_unreadable,
                     fmt::format("root certificates in {}: {}", file, take_openssl_reason("none found")));
    }
  }
  X509_STORE* store = SSL_CTX_get_cert_store(ctx);
  for (const pki::Certificate& root : options.roots) {
    if (X509_STORE_add_cert(store, root.native()) != 1) {
      return failure(ErrorCode::certificate_unreadable,
                     fmt::format("root certificate {}: {}", root.subject(), take_openssl_reason("refused")));
    }
  }
  return {};
}

}  // namespace

Result<std::unique_ptr<TlsServerContext>> TlsServerContext::make(std::span<const TlsIdentity> identities) {
  pki::decode_keys_directly();
  std::unique_ptr<TlsServerContext> made{new TlsServerContext};
  MUSTER_CHECK(made->replace(identities));
  return made;
}

Result<void> TlsServerContext::replace(std::span<const TlsIdentity> identities) {
  MUSTER_TRY(std::shared_ptr<SSL_CTX> context, make_server_context(identities, issuers_));
  const std::lock_guard lock{mutex_};
  context_.swap(context);
  return {};
}

std::shared_ptr<SSL_CTX> TlsServerContext::current() const {
  const std::lock_guard lock{mutex_};
  return context_;
}

Result<TlsClientContext> TlsClientContext::make(const TlsClientOptions& options) {
  MUSTER_TRY(std::shared_ptr<SSL_CTX> context, make_context(TLS_client_method()));
  MUSTER_CHECK(use_roots(context.get(), options));
  for (const TlsIdentity& identity : options.identities) {
    MUSTER_CHECK(use_identity(context.get(), identity));
  }
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER, nullptr);
  return TlsClientContext{std::move(context)};
}

}  // namespace muster::net
