#include "net/tls_stream.hpp"

#include "net/tests/identities.hpp"
#include "net/tests/raw_client.hpp"

#include <boost/asio/ip/address_v4.hpp>
#include <gmock/gmock.h>
#include <sys/socket.h>

namespace muster::net {
namespace {

using testing::HasSubstr;

const Identities& ids() { return Identities::get(); }

/// A server's TlsStream against OpenSSL's own client.
class TlsStreamTest : public testing::Test {
 protected:
  void connect(int send_buffer = 0) {
    auto [server_socket, client_socket] = loop.connected(send_buffer);
    server = std::make_unique<TlsStream>(loop.shard, Accepted{std::move(server_socket), {}}, *context);
    client = std::make_unique<RawClient>(loop, std::move(client_socket));
  }
  void shake() {
    const auto done = loop.start(server->handshake());
    ASSERT_TRUE(client->handshake());
    loop.until([&] { return done->done(); });
    ASSERT_TRUE(*done->result) << done->result->error().reason();
  }
  /// The next thing that reading comes to, other than would_block.
  Result<IoResult> next_read() {
    std::array<std::byte, 64> into;
    while (true) {
      Result<IoResult> got = server->try_read(into);
      if (!got || got->state != IoState::would_block) return got;
      const auto ready = loop.run(server->readable());
      if (!ready) return failure(ready.error());
    }
  }

  Loop loop;
  std::unique_ptr<TlsServerContext> context = ids().server();
  std::unique_ptr<TlsStream> server;
  std::unique_ptr<RawClient> client;
};

TEST_F(TlsStreamTest, SilentPeerWaitsUntilItSpeaksOrIsClosed) {
  connect();
  const auto done = loop.start(server->handshake());
  loop.shard.poll();
  EXPECT_FALSE(done->done());
  server->close();
  loop.until([&] { return done->done(); });
  EXPECT_EQ(done->result->error().code(), ErrorCode::cancelled);
  EXPECT_EQ(loop.run(server->handshake()).error().code(), ErrorCode::cancelled);
}

/// A full gate of one place.
class TlsStreamAtTheGate : public TlsStreamTest {
 protected:
  std::unique_ptr<OpeningPass> pass() {
    return std::make_unique<OpeningPass>(gate, loop.shard, boost::asio::ip::address_v4::loopback());
  }
  OpeningFigures figures;
  OpeningGate gate{{.openings_max = 1, .openings_per_address_max = 1}, figures};
};

TEST_F(TlsStreamAtTheGate, SilentPeerTakesNoPlaceAndOneThatWaitsInVainIsTold) {
  auto [first_socket, first_client] = loop.connected();
  auto [second_socket, second_client] = loop.connected();
  TlsStream first{loop.shard, Accepted{std::move(first_socket), {}, pass()}, *context};
  TlsStream second{loop.shard, Accepted{std::move(second_socket), {}, pass()}, *context};
  const auto first_done = loop.start(first.handshake());
  const auto second_done = loop.start(second.handshake());
  loop.shard.poll();
  EXPECT_EQ(figures.open.load(), 0U);
  ASSERT_EQ(::send(first_client.get(), "\x16", 1, 0), 1);
  loop.turns([&] { return figures.open.load() == 1; });
  ASSERT_EQ(::send(second_client.get(), "\x16", 1, 0), 1);
  loop.turns([&] { return figures.waiting.load() == 1; });
  second.close();
  first.close();
  loop.until([&] { return first_done->done() && second_done->done(); });
  std::array<unsigned char, 16> told{};
  EXPECT_EQ(::recv(second_client.get(), told.data(), told.size(), MSG_WAITALL), 7);
  EXPECT_EQ(told[0], 21) << "an alert";
  EXPECT_EQ(told[6], 80) << "internal_error";
  EXPECT_EQ(figures.refused.load(), 1U);
  EXPECT_EQ(figures.open.load(), 0U);
}

TEST_F(TlsStreamAtTheGate, PlaceIsGivenBackWhenTheSessionHasLetThePeerIn) {
  auto [server_socket, client_socket] = loop.connected();
  server = std::make_unique<TlsStream>(loop.shard, Accepted{std::move(server_socket), {}, pass()}, *context);
  client = std::make_unique<RawClient>(loop, std::move(client_socket));
  shake();
  EXPECT_EQ(figures.open.load(), 1U) << "nobody knows yet who it is";
  server->opened();
  EXPECT_EQ(figures.open.load(), 0U);
}

TEST_F(TlsStreamTest, PeerThatNeverSpeaksAndLeavesIsLost) {
  connect();
  client->close();
  const auto result = loop.run(server->handshake());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code(), ErrorCode::connection_lost);
  EXPECT_THAT(result.error().reason(), HasSubstr("before it said anything"));
}

TEST_F(TlsStreamTest, PeerThatLeavesInTheHandshakeIsLost) {
  connect();
  client->write_raw(std::string("\x16\x03\x01\x01\x00", 5));
  client->end();
  EXPECT_EQ(loop.run(server->handshake()).error().code(), ErrorCode::connection_lost);
}

TEST_F(TlsStreamTest, FourEndingsAreToldApart) {
  struct Case {
    std::string_view name;
    void (*end)(RawClient&);
    std::optional<ErrorCode> code;  // nullopt: closed.
    std::string_view says;
  };
  const Case cases[] = {
      {"close_notify", [](RawClient& c) { SSL_shutdown(c.ssl()); }, std::nullopt, ""},
      {"truncation", [](RawClient& c) { c.end(); }, ErrorCode::connection_lost, "without close_notify"},
      {"reset", [](RawClient& c) { c.reset(); }, ErrorCode::connection_lost, "reset"},
      {"junk", [](RawClient& c) { c.write_raw("GET / HTTP/1.1\r\n\r\n"); }, ErrorCode::tls_failure,
       "wrong version"},
  };
  for (const Case& c : cases) {
    connect();
    shake();
    c.end(*client);
    const auto got = next_read();
    if (!c.code) {
      ASSERT_TRUE(got) << c.name;
      EXPECT_EQ(got->state, IoState::closed) << c.name;
      continue;
    }
    ASSERT_FALSE(got) << c.name;
    EXPECT_EQ(got.error().code(), *c.code) << c.name << ": " << got.error().reason();
    EXPECT_THAT(got.error().reason(), HasSubstr(c.says)) << c.name;
  }
}

TEST_F(TlsStreamTest, AlertAfterTheHandshakeIsNamed) {
  // A TLS 1.3 server's refusal of a certificate reaches its client like this (device/10 section 5).
  auto [server_socket, client_socket] = loop.connected();
  const auto requiring = ids().server();
  SSL_CTX_set_verify(requiring->current().get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  TlsStream strict{loop.shard, Accepted{std::move(server_socket), {}}, *requiring};
  TlsStream ours{loop.shard, std::move(client_socket), ids().client(), "localhost"};
  const auto refused = loop.start(strict.handshake());
  ASSERT_TRUE(loop.run(ours.handshake()));
  const auto got = loop.run(read_exactly(ours, 1));
  ASSERT_FALSE(got);
  EXPECT_EQ(got.error(), (Error{ErrorCode::tls_failure, "peer alert certificate_required (116)"}));
  ours.close();
  loop.until([&] { return refused->done(); });
  EXPECT_EQ(refused->result->error().code(), ErrorCode::tls_failure);
}

TEST_F(TlsStreamTest, WritesWhatFitsAndGoesOnWhenThereIsRoom) {
  connect(128 * 1024);
  shake();
  std::string text(3'000'000, ' ');
  for (std::size_t i = 0; i < text.size(); ++i) text[i] = static_cast<char>('a' + i % 23);

  ByteView rest = as_bytes(text);
  bool blocked = false;
  while (!blocked) {
    const auto put = server->try_write(rest);
    ASSERT_TRUE(put);
    blocked = put->state == IoState::would_block;
    if (!blocked) rest = rest.subspan(put->size);
    ASSERT_FALSE(rest.empty()) << "a small socket took everything";
  }
  const auto waiting = loop.start(server->writable());
  loop.shard.poll();
  EXPECT_FALSE(waiting->done());

  // The same bytes from another address (SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER).
  std::string read = client->read(100'000);
  loop.until([&] { return waiting->done(); });
  const auto written = loop.start(write_all(*server, std::string{as_text(rest)}));
  read += client->read(text.size() - read.size());
  EXPECT_TRUE(read == text);  // Not EXPECT_EQ: it would print all of it.
  loop.until([&] { return written->done(); });
  EXPECT_TRUE(*written->result);
}

TEST_F(TlsStreamTest, KeyUpdatesInTheMiddleAreInvisible) {
  connect();
  shake();
  for (int round = 0; round < 3; ++round) {
    ASSERT_EQ(SSL_key_update(client->ssl(), SSL_KEY_UPDATE_REQUESTED), 1);
    client->write("ping");
    EXPECT_EQ(loop.run(read_exactly(*server, 4)), "ping");
    ASSERT_TRUE(loop.run(write_all(*server, "pong")));
    EXPECT_EQ(client->read(4), "pong");
  }
}

TEST_F(TlsStreamTest, RenegotiationIsRefused) {
  connect();
  SSL_CTX_set_max_proto_version(client->context(), TLS1_2_VERSION);
  shake();
  ASSERT_EQ(SSL_renegotiate(client->ssl()), 1);
  const auto reading = loop.start(read_exactly(*server, 1));
  EXPECT_FALSE(client->handshake());
  client->close();
  loop.until([&] { return reading->done(); });
}

TEST_F(TlsStreamTest, BytesThatOpensslHoldsNeedNoWaiting) {
  connect();
  shake();
  client->write("first");
  client->write("second");
  std::array<std::byte, 2> two;
  std::string text;
  while (text.size() < 11) {
    ASSERT_TRUE(loop.run(server->readable()));
    const auto got = server->try_read(two);
    ASSERT_TRUE(got);
    if (got->state == IoState::done) text.append(as_text(ByteView{two}.first(got->size)));
  }
  EXPECT_EQ(text, "firstsecond");
  EXPECT_EQ(server->try_read(two)->state, IoState::would_block);
}

TEST_F(TlsStreamTest, CloseWakesBothWaitersAndSaysGoodbye) {
  connect();
  shake();
  const auto reading = loop.start(server->readable());
  loop.shard.poll();
  EXPECT_FALSE(reading->done());
  server->close();
  server->close();
  loop.until([&] { return reading->done(); });
  EXPECT_EQ(reading->result->error().code(), ErrorCode::cancelled);
  std::array<std::byte, 8> into;
  EXPECT_EQ(server->try_read(into).error().code(), ErrorCode::cancelled);
  EXPECT_EQ(server->try_write(as_bytes("x")).error().code(), ErrorCode::cancelled);
  EXPECT_EQ(loop.run(server->readable()).error().code(), ErrorCode::cancelled);
  EXPECT_EQ(loop.run(server->writable()).error().code(), ErrorCode::cancelled);
  EXPECT_EQ(client->read(1), "");
  EXPECT_NE(SSL_get_shutdown(client->ssl()) & SSL_RECEIVED_SHUTDOWN, 0);
}

TEST_F(TlsStreamTest, LastWordsSurviveUnreadBytes) {
  connect();
  shake();
  client->write(std::string(10'000, 'x'));
  ASSERT_TRUE(loop.run(write_all(*server, "refused")));
  server->close();  // Without reading: closing over them would send a reset.
  EXPECT_EQ(client->read(7), "refused");
}

/// Peers that no handshake is possible with.
struct RefusalCase {
  std::string_view name;
  void (*prepare)(SSL_CTX*);
  std::string_view server_says;
  int alert;
  std::string_view source;

  friend void PrintTo(const RefusalCase& c, std::ostream* out) { *out << c.name << "  [" << c.source << ']'; }
};

const RefusalCase kRefusals[] = {
    {"tls_1_1",
     [](SSL_CTX* c) {
       SSL_CTX_set_min_proto_version(c, TLS1_1_VERSION);
       SSL_CTX_set_max_proto_version(c, TLS1_1_VERSION);
     },
     "unsupported protocol", SSL_AD_PROTOCOL_VERSION, "device/04 section 12: 1.0 and 1.1 are gone"},
    {"cbc_only",
     [](SSL_CTX* c) {
       SSL_CTX_set_max_proto_version(c, TLS1_2_VERSION);
       SSL_CTX_set_cipher_list(c, "ECDHE-ECDSA-AES128-SHA256:ECDHE-RSA-AES128-SHA256");
     },
     "no shared cipher", SSL_AD_HANDSHAKE_FAILURE, "ours: AEAD only"},
    {"no_forward_secrecy",
     [](SSL_CTX* c) {
       SSL_CTX_set_max_proto_version(c, TLS1_2_VERSION);
       SSL_CTX_set_cipher_list(c, "AES128-GCM-SHA256");
     },
     "no shared cipher", SSL_AD_HANDSHAKE_FAILURE, "device/04 section 12: ECDHE"},
    {"other_groups",
     [](SSL_CTX* c) {
       SSL_CTX_set_min_proto_version(c, TLS1_3_VERSION);
       SSL_CTX_set1_groups_list(c, "X448");
     },
     "no suitable key share", SSL_AD_HANDSHAKE_FAILURE, "ours: X25519, P-256, P-384"},
};

class RefusalTest : public TlsStreamTest, public testing::WithParamInterface<RefusalCase> {
 protected:
  /// Sends the ClientHello and leaves the socket to us.
  void hello() {
    connect();
    GetParam().prepare(client->context());
    SSL_do_handshake(client->ssl());
    ERR_clear_error();
  }
  static std::string alert_record(int alert) {
    return std::string("\x15\x03", 2) + '?' + std::string("\0\2\2", 3) + static_cast<char>(alert);
  }
};

TEST_P(RefusalTest, HalfClosesAndReadsOnUntilThePeerIsGone) {
  hello();
  const auto done = loop.start(server->handshake());
  std::string alert = client->read_raw(8);  // The alert and, as nothing more comes, the end.
  ASSERT_EQ(alert.size(), 7U);
  alert[2] = '?';  // The record version differs with the offer.
  EXPECT_EQ(alert, alert_record(GetParam().alert));
  EXPECT_FALSE(done->done()) << "a peer that is still writing would lose the alert (device/10 section 3)";
  client->write_raw("the rest of a flight");
  loop.shard.poll();
  EXPECT_FALSE(done->done());
  client->close();
  loop.until([&] { return done->done(); });
  EXPECT_EQ(done->result->error().code(), ErrorCode::tls_failure);
  EXPECT_THAT(done->result->error().reason(), HasSubstr(GetParam().server_says));
}

TEST_P(RefusalTest, ReadsOnForASecondAtMost) {
  hello();
  const auto done = loop.start(server->handshake());
  client->read_raw(8);
  loop.clock.advance(std::chrono::milliseconds{999});
  loop.shard.poll();
  EXPECT_FALSE(done->done());
  loop.clock.advance(std::chrono::milliseconds{1});
  loop.until([&] { return done->done(); });
  EXPECT_EQ(done->result->error().code(), ErrorCode::tls_failure);
}

INSTANTIATE_TEST_SUITE_P(Peers, RefusalTest, testing::ValuesIn(kRefusals),
                         [](const auto& row) { return std::string{row.param.name}; });

TEST_F(TlsStreamTest, ReadsOnFor64KiBAtMost) {
  connect();
  client->write_raw("GET / HTTP/1.1\r\n\r\n");
  const auto done = loop.start(server->handshake());
  loop.shard.poll();
  ASSERT_FALSE(done->done());
  std::size_t sent = 0;
  loop.turns([&] {
    if (done->done()) return true;
    client->write_raw(std::string(1024, 'x'));
    sent += 1024;
    return false;
  });
  EXPECT_EQ(done->result->error().code(), ErrorCode::tls_failure);
  EXPECT_THAT(done->result->error().reason(), HasSubstr("http request"));
  EXPECT_GE(sent, 64U * 1024);
  EXPECT_LE(sent, 256U * 1024);
}

TEST_F(TlsStreamTest, CloseEndsTheReadingOn) {
  connect();
  client->write_raw("GET / HTTP/1.1\r\n\r\n");
  const auto done = loop.start(server->handshake());
  loop.shard.poll();
  ASSERT_FALSE(done->done());
  server->close();
  loop.until([&] { return done->done(); });
  EXPECT_EQ(done->result->error().code(), ErrorCode::cancelled);
}

TEST_F(TlsStreamTest, CertificateListsHaveALimit) {
  TlsIdentity long_chain = ids().device_chain;
  for (int i = 0; i < 100; ++i)
    long_chain.chain.certificates.push_back(ids().device_chain.chain.certificates[1]);
  const TlsClientContext context_of_client = ids().client({long_chain});
  SSL_CTX_set_max_proto_version(context_of_client.current().get(), TLS1_2_VERSION);
  auto [server_socket, client_socket] = loop.connected();
  TlsStream end{loop.shard, Accepted{std::move(server_socket), {}}, *context};
  TlsStream other{loop.shard, std::move(client_socket), context_of_client, "localhost"};
  const auto theirs = loop.start(other.handshake());
  const auto ours = loop.start(end.handshake());
  loop.until([&] { return theirs->done(); });
  other.close();
  loop.until([&] { return ours->done(); });
  EXPECT_EQ(ours->result->error(), (Error{ErrorCode::tls_failure, "excessive message size"}));
  EXPECT_THAT(theirs->result->error().reason(), HasSubstr("peer alert illegal_parameter (47)"));
}

}  // namespace
}  // namespace muster::net
