#include "loop.hpp"

#include "fail.hpp"

#include <arpa/inet.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <chrono>
#include <cstring>

namespace muster::bench {
namespace {

constexpr std::size_t kInboxBytes = 64 * 1024;
constexpr std::size_t kEventsMax = 512;
constexpr unsigned kFirstSource = 200;  ///< Last octet of the first local address.

sockaddr_in address_of(const std::string& text, std::uint16_t port) {
  sockaddr_in address{};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  if (inet_pton(AF_INET, text.c_str(), &address.sin_addr) != 1) fail("{} is no IPv4 address", text);
  return address;
}

/// Called by OpenSSL for each session that the server gives: the newest is kept, since a ticket of TLS 1.3
/// serves once.
int keep_session(SSL* ssl, SSL_SESSION* session) {
  auto* peer = static_cast<Peer*>(SSL_get_app_data(ssl));
  peer->device->session.reset(session);
  return 1;
}

SslContext make_context(const std::string& tls) {
  SslContext context{SSL_CTX_new(TLS_client_method())};
  const int version = tls == "1.2" ? TLS1_2_VERSION : TLS1_3_VERSION;
  SSL_CTX_set_min_proto_version(context.get(), version);
  SSL_CTX_set_max_proto_version(context.get(), version);
  SSL_CTX_set_mode(context.get(), SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER |
                                      SSL_MODE_RELEASE_BUFFERS);
  SSL_CTX_set_read_ahead(context.get(), 1);
  SSL_CTX_set_verify(context.get(), SSL_VERIFY_NONE, nullptr);
  SSL_CTX_set_session_cache_mode(context.get(), SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
  SSL_CTX_sess_set_new_cb(context.get(), keep_session);
  return context;
}

std::string tls_reason() {
  std::array<char, 256> text{};
  ERR_error_string_n(ERR_peek_error(), text.data(), text.size());
  return text.data();
}

}  // namespace

std::uint64_t now_ns() {
  return static_cast<std::uint64_t>(std::chrono::steady_clock::now().time_since_epoch() /
                                    std::chrono::nanoseconds{1});
}

Loop::Loop(const Target& target, DeviceSet& set, Handler& handler)
    : target_{target},
      address_{address_of(target.address, target.port)},
      set_{set},
      handler_{handler},
      context_{make_context(target.tls)},
      epoll_{epoll_create1(EPOLL_CLOEXEC)},
      inbox_(kInboxBytes) {
  if (epoll_ < 0) fail("epoll_create1: {}", std::strerror(errno));
}

Loop::~Loop() { close(epoll_); }

void Loop::open(Peer& peer, bool resume) {
  peer.fd_ = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
  if (peer.fd_ < 0) fail("socket: {} (the limit of open files?)", std::strerror(errno));
  const int yes = 1;
  setsockopt(peer.fd_, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
  if (target_.sources > 1) {
    sockaddr_in local = address_;
    local.sin_port = 0;
    const auto network = ntohl(address_.sin_addr.s_addr) & 0xFFFFFF00u;
    local.sin_addr.s_addr = htonl(network + kFirstSource + next_source_++ % target_.sources);
    setsockopt(peer.fd_, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &yes, sizeof yes);
    if (bind(peer.fd_, reinterpret_cast<const sockaddr*>(&local), sizeof local) != 0)
      fail("bind: {}", std::strerror(errno));
  }
  resume_ = resume;
  peer.stage = Peer::Stage::tcp;
  peer.started_ns = now_ns();
  peer.writable_ = true;
  if (connect(peer.fd_, reinterpret_cast<const sockaddr*>(&address_), sizeof address_) != 0 &&
      errno != EINPROGRESS) {
    fail("connect to {}:{}: {}", target_.address, target_.port, std::strerror(errno));
  }
  epoll_event event{.events = EPOLLIN | EPOLLOUT, .data = {.ptr = &peer}};
  epoll_ctl(epoll_, EPOLL_CTL_ADD, peer.fd_, &event);
}

void Loop::finish(Peer& peer) {
  if (peer.stage == Peer::Stage::open) {
    append_disconnect(peer.out);
    flush(peer);
    ERR_clear_error();
    SSL_shutdown(peer.ssl_.get());
  }
  peer.ssl_.reset();
  close(peer.fd_);
  peer.fd_ = -1;
  peer.stage = Peer::Stage::closed;
  peer.in_.clear();
  peer.out.clear();
  peer.sent_ = 0;
}

void Loop::step(std::uint64_t wait_ns) {
  std::array<epoll_event, kEventsMax> events;
  const timespec wait{static_cast<time_t>(wait_ns / 1'000'000'000),
                      static_cast<long>(wait_ns % 1'000'000'000)};
  const int count = epoll_pwait2(epoll_, events.data(), kEventsMax, &wait, nullptr);
  if (count < 0 && errno != EINTR) fail("epoll_pwait2: {}", std::strerror(errno));
  for (int i = 0; i < count; ++i) advance(*static_cast<Peer*>(events[static_cast<std::size_t>(i)].data.ptr));
}

void Loop::advance(Peer& peer) {
  switch (peer.stage) {
    case Peer::Stage::closed:
      return;
    case Peer::Stage::tcp:
      begin_tls(peer);
      [[fallthrough]];
    case Peer::Stage::tls:
      handshake(peer);
      return;
    case Peer::Stage::connack:
    case Peer::Stage::open:
      if (peer.writable_) flush(peer);
      receive(peer);
      return;
  }
}

void Loop::begin_tls(Peer& peer) {
  int error = 0;
  socklen_t size = sizeof error;
  getsockopt(peer.fd_, SOL_SOCKET, SO_ERROR, &error, &size);
  if (error != 0) fail("connect to {}:{}: {}", target_.address, target_.port, std::strerror(error));
  peer.stage = Peer::Stage::tls;
  peer.ssl_.reset(SSL_new(context_.get()));
  SSL* ssl = peer.ssl_.get();
  SSL_set_fd(ssl, peer.fd_);
  SSL_set_app_data(ssl, &peer);
  SSL_set_connect_state(ssl);
  SSL_set_tlsext_host_name(ssl, target_.server_name.c_str());
  SSL_use_certificate(ssl, peer.device->certificate.get());
  SSL_add1_chain_cert(ssl, set_.intermediate.get());
  SSL_use_PrivateKey(ssl, peer.device->key.get());
  if (resume_ && peer.device->session != nullptr) SSL_set_session(ssl, peer.device->session.get());
}

void Loop::handshake(Peer& peer) {
  ERR_clear_error();
  const int outcome = SSL_do_handshake(peer.ssl_.get());
  if (outcome == 1) {
    peer.resumed = SSL_session_reused(peer.ssl_.get()) == 1;
    peer.stage = Peer::Stage::connack;
    append_connect(peer.out, peer.device->id, peer.user_name);
    flush(peer);
    return;
  }
  const int error = SSL_get_error(peer.ssl_.get(), outcome);
  if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE)
    lost(peer, "in the TLS handshake", outcome);
  want_write(peer, error == SSL_ERROR_WANT_WRITE);
}

void Loop::receive(Peer& peer) {
  do {
    std::size_t size = 0;
    ERR_clear_error();
    const int outcome = SSL_read_ex(peer.ssl_.get(), inbox_.data(), inbox_.size(), &size);
    if (outcome != 1) {
      const int error = SSL_get_error(peer.ssl_.get(), outcome);
      if (error != SSL_ERROR_WANT_READ) lost(peer, "while it was connected", outcome);
      break;
    }
    handle_packets(peer, {inbox_.data(), size});
  } while (SSL_has_pending(peer.ssl_.get()) == 1);
  handler_.on_drained(peer);
  flush(peer);
}

void Loop::handle_packets(Peer& peer, std::string_view bytes) {
  std::string joined;
  if (!peer.in_.empty()) {
    joined = std::move(peer.in_.append(bytes));
    peer.in_.clear();
    bytes = joined;
  }
  while (const auto packet = first_packet(bytes)) {
    bytes.remove_prefix(packet->size);
    if (peer.stage == Peer::Stage::connack) {
      handle_connack(peer, *packet);
    } else {
      handler_.on_packet(peer, *packet);
    }
  }
  peer.in_.assign(bytes);
}

void Loop::handle_connack(Peer& peer, const Packet& packet) {
  if (packet.type != PacketType::connack || packet.body.size() != 2 || packet.body[1] != 0) {
    fail("{}: CONNECT was answered with packet type {} code {}", peer.device->id,
         static_cast<int>(packet.type), packet.body.size() == 2 ? static_cast<int>(packet.body[1]) : -1);
  }
  peer.stage = Peer::Stage::open;
  handler_.on_open(peer);
}

void Loop::flush(Peer& peer) {
  while (peer.sent_ < peer.out.size()) {
    std::size_t size = 0;
    ERR_clear_error();
    const int outcome =
        SSL_write_ex(peer.ssl_.get(), peer.out.data() + peer.sent_, peer.out.size() - peer.sent_, &size);
    if (outcome != 1) {
      if (SSL_get_error(peer.ssl_.get(), outcome) != SSL_ERROR_WANT_WRITE)
        lost(peer, "while something was sent", outcome);
      want_write(peer, true);
      return;
    }
    peer.sent_ += size;
  }
  peer.out.clear();
  peer.sent_ = 0;
  want_write(peer, false);
}

void Loop::want_write(Peer& peer, bool wanted) {
  if (peer.writable_ == wanted) return;
  peer.writable_ = wanted;
  epoll_event event{.events = EPOLLIN, .data = {.ptr = &peer}};
  if (wanted) event.events |= EPOLLOUT;
  epoll_ctl(epoll_, EPOLL_CTL_MOD, peer.fd_, &event);
}

void Loop::lost(const Peer& peer, std::string_view doing, int outcome) {
  const int system_error = errno;
  switch (SSL_get_error(peer.ssl_.get(), outcome)) {
    case SSL_ERROR_ZERO_RETURN:
      fail("{}: closed by the server {}", peer.device->id, doing);
    case SSL_ERROR_SYSCALL:
      fail("{}: lost {}: {}", peer.device->id, doing, std::strerror(system_error));
    default:
      fail("{}: lost {}: {}", peer.device->id, doing, tls_reason());
  }
}

}  // namespace muster::bench
