#include "net/tls_stream.hpp"

#include "base/assert.hpp"
#include "net/address.hpp"
#include "net/server_check.hpp"
#include "net/tls_error.hpp"
#include "net/tls_session.hpp"
#include "net/tls_socket.hpp"

#include <fmt/format.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

namespace muster::net {
namespace {

/// How long, and for how many bytes, a peer that we refused may go on before it has read why. Java in TLS 1.2
/// loses the alert when the connection is reset under its certificate flight (protocol/device/10 section 3).
constexpr std::chrono::seconds kReadOnMax{1};
constexpr std::size_t kReadOnSizeMax = 64 * 1024;

std::string lower_case(std::string_view text) {
  std::string lower{text};
  std::ranges::transform(lower, lower.begin(),
                         [](char c) { return c >= 'A' && c <= 'Z' ? char(c - 'A' + 'a') : c; });
  return lower;
}

tl::unexpected<Error> closed_here() {
  return failure(ErrorCode::cancelled, "the connection was closed here");
}

}  // namespace

void TlsStream::FreeSsl::operator()(SSL* ssl) const noexcept { SSL_free(ssl); }

TlsStream::TlsStream(Shard& shard, Accepted accepted, const TlsServerContext& context)
    : shard_{shard},
      socket_{shard, std::move(accepted.socket)},
      slot_{std::move(accepted.slot)},
      pass_{std::move(accepted.pass)},
      server_context_{&context} {
  learn_addresses();
}

TlsStream::TlsStream(Shard& shard, Descriptor socket, const TlsClientContext& context,
                     std::string server_name)
    : shard_{shard},
      socket_{shard, std::move(socket)},
      client_context_{context.current()},
      server_name_{std::move(server_name)} {
  learn_addresses();
}

TlsStream::~TlsStream() { close(); }

/// A peer that is gone already shows in the handshake.
void TlsStream::learn_addresses() {
  if (!socket_.is_open()) return;
  peer_.remote = remote_of(socket_.get());
  peer_.local = local_of(socket_.get());
}

Task<void> TlsStream::handshake() {
  if (server_context_ != nullptr) {
    MUSTER_CO_CHECK(co_await first_bytes());
    if (pass_) {
      MUSTER_CO_CHECK(co_await pass_->enter());
    }
  }
  if (!socket_.is_open()) co_return closed_here();
  MUSTER_CO_CHECK(make_ssl());
  while (ssl_) {
    ERR_clear_error();
    const int outcome = SSL_do_handshake(ssl_.get());
    const int system_error = errno;
    if (outcome == 1) {
      learn_peer();
      co_return Result<void>{};
    }
    MUSTER_CO_CHECK(co_await settle(SSL_get_error(ssl_.get(), outcome), system_error));
  }
  co_return closed_here();
}

/// Waits for the peer to speak at all: silent connections and probes of the port cost no SSL object.
Task<void> TlsStream::first_bytes() {
  MUSTER_CO_CHECK(co_await socket_.readable());
  char first = 0;
  const auto size = ::recv(socket_.get(), &first, 1, MSG_PEEK | MSG_DONTWAIT);
  if (size == 0) co_return failure(ErrorCode::connection_lost, "the peer closed before it said anything");
  co_return Result<void>{};
}

Result<void> TlsStream::make_ssl() {
  MUSTER_ASSERT(!ssl_, "one handshake a stream");
  ERR_clear_error();
  const std::shared_ptr<SSL_CTX> context = server_context_ ? server_context_->current() : client_context_;
  ssl_.reset(SSL_new(context.get()));  // Holds the context from here on.
  client_context_.reset();
  if (!ssl_ || !attach_socket(ssl_.get(), socket_)) {
    return failure(ErrorCode::tls_failure, take_openssl_reason("no TLS object"));
  }
  if (server_context_ != nullptr) {
    SSL_set_accept_state(ssl_.get());
    SSL_set_app_data(ssl_.get(), &peer_.server_name);
    return {};
  }
  SSL_set_connect_state(ssl_.get());
  SSL_set_app_data(ssl_.get(), this);
  SSL_set_verify(ssl_.get(), SSL_VERIFY_PEER, &TlsStream::on_verify);
  if (!expect_server(ssl_.get(), server_name_, shard_.clock().wall())) {
    return failure(ErrorCode::server_untrusted, fmt::format("'{}' cannot be a server's name", server_name_));
  }
  return {};
}

int TlsStream::on_verify(int good, X509_STORE_CTX* store) {
  if (good == 1) return 1;
  auto* ssl = static_cast<SSL*>(X509_STORE_CTX_get_ex_data(store, SSL_get_ex_data_X509_STORE_CTX_idx()));
  auto* stream = static_cast<TlsStream*>(SSL_get_app_data(ssl));
  stream->untrusted_ = describe_untrusted(store, stream->server_name_, stream->shard_.clock().wall());
  return 0;
}

/// After a handshake step that did not end it: waits for what it needs, or fails.
Task<void> TlsStream::settle(int ssl_error, int system_error) {
  if (ssl_error == SSL_ERROR_WANT_READ) return wait(Want::read);
  if (ssl_error == SSL_ERROR_WANT_WRITE) return wait(Want::write);
  return give_up(ssl_error, system_error);
}

/// Always fails, after the peer had its time to read why.
Task<void> TlsStream::give_up(int ssl_error, int system_error) {
  failed_ = true;
  if (ssl_error == SSL_ERROR_ZERO_RETURN) {
    co_return failure(ErrorCode::connection_lost, "the peer closed during the handshake");
  }
  TlsFault fault = take_tls_fault(ssl_error, system_error);
  if (!untrusted_.empty()) fault.error = Error{ErrorCode::server_untrusted, std::move(untrusted_)};
  if (fault.alert_sent) {
    MUSTER_CO_CHECK(co_await let_peer_read_alert());
  }
  if (!socket_.is_open()) co_return closed_here();
  co_return failure(std::move(fault.error));
}

Task<void> TlsStream::let_peer_read_alert() {
  socket_.end_writing();
  bool expired = false;
  const ScopedDeadline deadline{shard_, shard_.clock().steady() + kReadOnMax, [this, &expired] {
                                  expired = true;
                                  socket_.cancel();
                                }};
  std::size_t left = kReadOnSizeMax;
  while (!expired && left > 0) {
    const auto into = shard_.scratch();
    const auto size = socket_.receive(into.data(), std::min(left, into.size()));
    if (size > 0) {
      left -= static_cast<std::size_t>(size);
    } else if (size < 0 && (errno == EAGAIN || errno == EINTR)) {
      const Result<void> more = co_await socket_.readable();
      if (!more) break;
    } else {
      break;
    }
  }
  co_return Result<void>{};
}

void TlsStream::learn_peer() {
  SSL* ssl = ssl_.get();
  peer_.tls_version = SSL_get_version(ssl);
  peer_.resumed = SSL_session_reused(ssl) == 1;
  // Java sends an address that it dials as SNI, which RFC 6066 forbids: ignored, never refused (10 section 1
  // note 4).
  const std::string& name = server_context_ ? peer_.server_name : server_name_;
  peer_.server_name = is_address(name) ? std::string{} : lower_case(name);

  X509* leaf = SSL_get0_peer_certificate(ssl);
  if (server_context_ == nullptr) {
    pki::IssuerPool none_shared;
    if (leaf != nullptr) {
      peer_.chain =
          std::make_shared<const pki::PresentedChain>(*leaf, SSL_get_peer_cert_chain(ssl), none_shared);
    }
    return;
  }
  peer_.chain = kept_chain(ssl);
  // The peer has proved that it holds the key: OpenSSL will not look at its certificate again.
  if (leaf != nullptr && !peer_.resumed) pki::hollow_out(*leaf);
}

Result<IoResult> TlsStream::outcome_of(int outcome, int system_error, std::size_t size, Want& want) {
  want = Want::nothing;
  if (outcome == 1) return IoResult{IoState::done, size};
  const int ssl_error = SSL_get_error(ssl_.get(), outcome);
  switch (ssl_error) {
    case SSL_ERROR_WANT_READ:
      want = Want::read;
      return IoResult{IoState::would_block};
    case SSL_ERROR_WANT_WRITE:  // Also from a read: a key update has to be answered first.
      want = Want::write;
      return IoResult{IoState::would_block};
    case SSL_ERROR_ZERO_RETURN:
      return IoResult{IoState::closed};
    default:
      failed_ = true;
      lost_ = ssl_error == SSL_ERROR_SYSCALL;
      return failure(take_tls_fault(ssl_error, system_error).error);
  }
}

Result<IoResult> TlsStream::try_read(std::span<std::byte> into) {
  MUSTER_ASSERT(!into.empty(), "reading needs room");
  if (!ssl_) return closed_here();
  // Not asked for nothing: OpenSSL takes a buffer of 17 KiB for each attempt.
  if (!socket_.may_receive() && SSL_has_pending(ssl_.get()) == 0) {
    read_wants_ = Want::read;
    return IoResult{IoState::would_block};
  }
  ERR_clear_error();  // SSL_get_error also reads this thread's queue, and another session may have left
                      // something.
  std::size_t size = 0;
  const int outcome = SSL_read_ex(ssl_.get(), into.data(), into.size(), &size);
  const int system_error = errno;
  return outcome_of(outcome, system_error, size, read_wants_);
}

Result<IoResult> TlsStream::try_write(ByteView bytes) {
  MUSTER_ASSERT(!bytes.empty(), "writing needs bytes");
  if (!ssl_) return closed_here();
  ERR_clear_error();
  std::size_t size = 0;
  const int outcome = SSL_write_ex(ssl_.get(), bytes.data(), bytes.size(), &size);
  const int system_error = errno;
  return outcome_of(outcome, system_error, size, write_wants_);
}

Task<void> TlsStream::readable() {
  if (!ssl_) co_return closed_here();
  // OpenSSL reads ahead: bytes that it holds will never wake the descriptor. After would_block it holds part
  // of a record at most.
  if (read_wants_ == Want::nothing && SSL_has_pending(ssl_.get()) == 1) co_return Result<void>{};
  MUSTER_CO_CHECK(co_await wait(read_wants_ == Want::write ? Want::write : Want::read));
  co_return Result<void>{};
}

Task<void> TlsStream::writable() {
  if (!ssl_) co_return closed_here();
  MUSTER_CO_CHECK(co_await wait(write_wants_ == Want::read ? Want::read : Want::write));
  co_return Result<void>{};
}

Task<void> TlsStream::wait(Want want) {
  return want == Want::write ? socket_.writable() : socket_.readable();
}

void TlsStream::end_writing() {
  if (!ssl_ || ended_writing_) return;
  say_closed();
  socket_.end_writing();
}

/// To a peer that has ended its side nothing is said: nobody reads it.
void TlsStream::say_closed() {
  if (std::exchange(ended_writing_, true) || failed_ || socket_.hung_up()) return;
  if (!SSL_is_init_finished(ssl_.get())) return;
  ERR_clear_error();
  SSL_shutdown(ssl_.get());  // Sends close_notify if there is room; nobody waits for the peer's.
}

/// OpenSSL forgets a session whose connection ends without close_notify, which is how most of a device's end:
/// by a lost network. One that ends by a fault of TLS stays forgotten.
void TlsStream::end_session() {
  if (!ssl_ || !SSL_is_init_finished(ssl_.get()) || (failed_ && !lost_)) return;
  SSL_set_shutdown(ssl_.get(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
}

void TlsStream::forget_session() {
  if (!ssl_ || server_context_ == nullptr) return;
  if (SSL_SESSION* session = SSL_get_session(ssl_.get())) {
    SSL_CTX_remove_session(SSL_get_SSL_CTX(ssl_.get()), session);
  }
}

/// Who has waited in vain is told so, by the one alert that says "not your fault" (RFC 8446 section 6.2), in
/// a record that needs no TLS object.
void TlsStream::leave_gate() {
  constexpr unsigned char kInternalError[] = {0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x50};
  if (pass_ && pass_->is_waiting() && socket_.is_open()) socket_.send(kInternalError, sizeof kInternalError);
  pass_.reset();
}

void TlsStream::close() {
  leave_gate();
  if (ssl_) say_closed();  // The FIN comes with the closing of the socket.
  end_session();
  ssl_.reset();
  socket_.close();
  slot_.release();
}

}  // namespace muster::net
