#pragma once

#include "net/tests/loop.hpp"
#include "net/tls_context.hpp"

#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <sys/socket.h>

#include <memory>
#include <string>

namespace muster::net {

/// A client made of OpenSSL alone, for what our own would never do. Non-blocking; take turns with the shard.
class RawClient {
 public:
  RawClient(Loop& loop, Descriptor socket)
      : loop_{loop},
        socket_{std::move(socket)},
        context_{SSL_CTX_new(TLS_client_method()), SSL_CTX_free},
        ssl_{nullptr, SSL_free} {
    ::fcntl(socket_.get(), F_SETFL, O_NONBLOCK);
    SSL_CTX_set_security_level(context_.get(), 0);
  }
  ~RawClient() { ERR_clear_error(); }

  SSL_CTX* context() { return context_.get(); }
  /// Made from the context at the first call.
  SSL* ssl() {
    if (!ssl_) {
      ssl_.reset(SSL_new(context_.get()));
      SSL_set_fd(ssl_.get(), socket_.get());
      SSL_set_connect_state(ssl_.get());
    }
    return ssl_.get();
  }

  /// Before the first ssl().
  void use(const TlsIdentity& identity) {
    const auto& certificates = identity.chain.certificates;
    SSL_CTX_use_certificate(context_.get(), certificates.front().native());
    for (std::size_t i = 1; i < certificates.size(); ++i) {
      SSL_CTX_add1_chain_cert(context_.get(), certificates[i].native());
    }
    SSL_CTX_use_PrivateKey(context_.get(), identity.key.native());
  }

  bool handshake() {
    int outcome = 0;
    loop_.turns([&] {
      ERR_clear_error();
      outcome = SSL_do_handshake(ssl());
      return outcome == 1 || !again(outcome);
    });
    return outcome == 1;
  }
  void write(const std::string& text) {
    loop_.turns([&] {
      ERR_clear_error();
      const int outcome = SSL_write(ssl(), text.data(), static_cast<int>(text.size()));
      return outcome > 0 || !again(outcome);
    });
  }
  std::string read(std::size_t size) {
    std::string text(size, '\0');
    std::size_t got = 0;
    loop_.turns([&] {
      ERR_clear_error();
      const int outcome = SSL_read(ssl(), text.data() + got, static_cast<int>(size - got));
      if (outcome > 0) got += static_cast<std::size_t>(outcome);
      return got == size || (outcome <= 0 && !again(outcome));
    });
    text.resize(got);
    return text;
  }

  /// Past TLS: what the kernel has, until `size` bytes or the end.
  std::string read_raw(std::size_t size) {
    std::string text;
    loop_.turns([&] {
      char chunk[512];
      const auto got = ::recv(socket_.get(), chunk, std::min(sizeof chunk, size - text.size()), MSG_DONTWAIT);
      if (got > 0) text.append(chunk, static_cast<std::size_t>(got));
      return got == 0 || text.size() == size;
    });
    return text;
  }
  void write_raw(std::string_view text) {
    ASSERT_EQ(::send(socket_.get(), text.data(), text.size(), MSG_NOSIGNAL), ssize_t(text.size()));
  }
  /// FIN without close_notify; RST.
  void end() { ::shutdown(socket_.get(), SHUT_WR); }
  void reset() {
    const linger now{1, 0};
    ::setsockopt(socket_.get(), SOL_SOCKET, SO_LINGER, &now, sizeof now);
    close();
  }
  void close() { socket_ = Descriptor{}; }

 private:
  bool again(int outcome) {
    const int error = SSL_get_error(ssl(), outcome);
    return error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
  }

  Loop& loop_;
  Descriptor socket_;
  std::unique_ptr<SSL_CTX, decltype(&SSL_CTX_free)> context_;
  std::unique_ptr<SSL, decltype(&SSL_free)> ssl_;
};

}  // namespace muster::net
