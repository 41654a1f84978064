#include "net/tests/identities.hpp"
#include "net/tests/raw_client.hpp"
#include "net/tls_stream.hpp"

#include <gmock/gmock.h>

namespace muster::net {
namespace {

using testing::HasSubstr;

const Identities& ids() { return Identities::get(); }

/// As a session does: who failed closes.
Task<void> handshake_or_close(Stream& stream) {
  const Result<void> done = co_await stream.handshake();
  if (!done) stream.close();
  co_return done;
}

class TlsTest : public testing::Test {
 protected:
  struct Ends {
    std::unique_ptr<TlsStream> server, client;
    Result<void> server_result, client_result;
  };
  Ends shake(const TlsServerContext& server, const TlsClientContext& client, std::string name = "localhost") {
    auto [server_socket, client_socket] = loop.connected();
    Ends ends{
        .server = std::make_unique<TlsStream>(loop.shard, Accepted{std::move(server_socket), {}}, server),
        .client = std::make_unique<TlsStream>(loop.shard, std::move(client_socket), client, name)};
    const auto server_done = loop.start(handshake_or_close(*ends.server));
    const auto client_done = loop.start(handshake_or_close(*ends.client));
    loop.until([&] { return server_done->done() && client_done->done(); });
    ends.server_result = *server_done->result;
    ends.client_result = *client_done->result;
    return ends;
  }
  std::unique_ptr<TlsStream> accept(Descriptor socket) {
    return std::make_unique<TlsStream>(loop.shard, Accepted{std::move(socket), {}}, *server_context);
  }

  Loop loop;
  std::unique_ptr<TlsServerContext> server_context = ids().server();
};

struct HandshakeCase {
  std::string_view name;
  int version;
  std::string_view version_text;
  const TlsIdentity Identities::*client;  // Null: no client certificate.
  const char* signatures;                 // What the client can check; null: everything.
  std::string_view server_subject;
  std::size_t chain_size;
  std::string_view source;

  friend void PrintTo(const HandshakeCase& c, std::ostream* out) {
    *out << c.name << "  [" << c.source << ']';
  }
};

const HandshakeCase kHandshakes[] = {
    {"v12_chain", TLS1_2_VERSION, "TLSv1.2", &Identities::device_chain, nullptr, "CN=server-p256", 2,
     "device/10 section 3: Python and Java are 1.2 only"},
    {"v13_chain", TLS1_3_VERSION, "TLSv1.3", &Identities::device_chain, nullptr, "CN=server-p256", 2,
     "device/10 section 3: Node, Go, Rust"},
    {"v12_leaf_only", TLS1_2_VERSION, "TLSv1.2", &Identities::device_leaf, nullptr, "CN=server-p256", 1,
     "leaf-only clients are completed later"},
    {"v13_rsa_device", TLS1_3_VERSION, "TLSv1.3", &Identities::device_rsa, nullptr, "CN=server-p256", 2,
     "device/10 section 2: client keys RSA and EC"},
    {"v12_rsa_device", TLS1_2_VERSION, "TLSv1.2", &Identities::device_rsa, nullptr, "CN=server-p256", 2,
     "device/10 section 2: client keys RSA and EC"},
    {"v12_self_signed", TLS1_2_VERSION, "TLSv1.2", &Identities::self_signed, nullptr, "CN=server-p256", 1,
     "accepted here, judged by trust: device/10 section 5"},
    {"v13_self_signed", TLS1_3_VERSION, "TLSv1.3", &Identities::self_signed, nullptr, "CN=server-p256", 1,
     "accepted here, judged by trust: device/10 section 5"},
    {"v12_no_certificate", TLS1_2_VERSION, "TLSv1.2", nullptr, nullptr, "CN=server-p256", 0,
     "SAS comes without"},
    {"v13_no_certificate", TLS1_3_VERSION, "TLSv1.3", nullptr, nullptr, "CN=server-p256", 0,
     "SAS comes without"},
    {"v12_rsa_first", TLS1_2_VERSION, "TLSv1.2", &Identities::device_chain,
     "RSA+SHA256:ECDSA+SHA256:RSA-PSS+SHA256", "CN=server-p256", 2, "both can be checked: the cheaper"},
    {"v12_only_rsa", TLS1_2_VERSION, "TLSv1.2", nullptr, "RSA+SHA256:RSA-PSS+SHA256", "CN=server-rsa", 0,
     "device/04 section 12: old clients know RSA only"},
    {"v13_only_rsa", TLS1_3_VERSION, "TLSv1.3", nullptr, "RSA-PSS+SHA256:RSA+SHA256", "CN=server-rsa", 0,
     "device/04 section 12"},
};

class HandshakeTest : public TlsTest, public testing::WithParamInterface<HandshakeCase> {};

TEST_P(HandshakeTest, BothEndsKnowEachOther) {
  const HandshakeCase& c = GetParam();
  const TlsClientContext client =
      ids().client(c.client == nullptr ? std::vector<TlsIdentity>{} : std::vector{ids().*c.client});
  SSL_CTX_set_max_proto_version(client.current().get(), c.version);
  if (c.signatures != nullptr) SSL_CTX_set1_sigalgs_list(client.current().get(), c.signatures);

  const Ends ends = shake(*server_context, client);

  ASSERT_TRUE(ends.server_result) << ends.server_result.error().reason();
  ASSERT_TRUE(ends.client_result) << ends.client_result.error().reason();
  const PeerInfo& seen = ends.server->peer();
  EXPECT_EQ(seen.tls_version, c.version_text);
  EXPECT_EQ(seen.server_name, "localhost");
  EXPECT_FALSE(seen.resumed);
  EXPECT_EQ(seen.local, ends.client->peer().remote);
  EXPECT_EQ(seen.remote, ends.client->peer().local);
  EXPECT_EQ(seen.chain ? seen.chain->size() : 0U, c.chain_size);
  if (c.client != nullptr && seen.chain) {
    EXPECT_EQ(seen.chain->parse().certificates, (ids().*c.client).chain.certificates);
  }
  ASSERT_TRUE(ends.client->peer().chain);
  EXPECT_EQ(ends.client->peer().chain->size(), 1U);
  EXPECT_EQ(ends.client->peer().chain->parse().leaf().subject(), c.server_subject);
}

INSTANTIATE_TEST_SUITE_P(Clients, HandshakeTest, testing::ValuesIn(kHandshakes),
                         [](const auto& row) { return std::string{row.param.name}; });

struct DistrustCase {
  std::string_view name;
  std::string_view dialled;
  bool right_ca;
  std::chrono::hours later;
  std::vector<std::string_view> client_says;
  std::string_view server_hears;
  std::string_view source;

  friend void PrintTo(const DistrustCase& c, std::ostream* out) {
    *out << c.name << "  [" << c.source << ']';
  }
};

const DistrustCase kDistrusts[] = {
    {"unknown_issuer",
     "localhost",
     false,
     {},
     {"localhost", "unable to get local issuer", "CN=server-p256", "CN=Test Server CA"},
     "peer alert unknown_ca (48)",
     "device/10 section 2, Python's OpenSSL"},
    {"wrong_name",
     "elsewhere.muster.test",
     true,
     {},
     {"elsewhere.muster.test", "ostname mismatch", "CN=server-p256", "localhost, hub.muster.test, 127.0.0.1"},
     "peer alert bad_certificate (42)",
     "device/10 section 2, Python's OpenSSL"},
    {"wrong_address",
     "127.0.0.2",
     true,
     {},
     {"127.0.0.2", "IP address mismatch", "127.0.0.1"},
     "peer alert bad_certificate (42)",
     "device/10 section 2"},
    {"expired",
     "localhost",
     true,
     std::chrono::hours{24 * 366},
     {"certificate has expired", "ended 2027-03-01T00:00:00Z", "clock says 2027-03-02T00:00:00Z"},
     "peer alert certificate_expired (45)",
     "architecture 3.6: the clock judges"},
    {"not_yet_valid",
     "localhost",
     true,
     std::chrono::hours{-24},
     {"not yet valid", "clock says 2026-02-28T00:00:00Z"},
     "peer alert bad_certificate (42)",
     "architecture 3.6: the clock judges"},
};

class DistrustTest : public TlsTest, public testing::WithParamInterface<DistrustCase> {};

TEST_P(DistrustTest, BothEndsSayWhy) {
  const DistrustCase& c = GetParam();
  loop.clock.jump_wall(c.later);
  const auto root = c.right_ca ? ids().server_ca.certificate : ids().other_ca.certificate;
  const auto client = TlsClientContext::make({.roots = {root}});
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    SSL_CTX_set_max_proto_version(client->current().get(), version);

    const Ends ends = shake(*server_context, *client, std::string{c.dialled});

    ASSERT_FALSE(ends.client_result);
    EXPECT_EQ(ends.client_result.error().code(), ErrorCode::server_untrusted);
    for (const auto part : c.client_says) EXPECT_THAT(ends.client_result.error().reason(), HasSubstr(part));
    ASSERT_FALSE(ends.server_result);
    EXPECT_EQ(ends.server_result.error(), (Error{ErrorCode::tls_failure, std::string{c.server_hears}}));
  }
}

INSTANTIATE_TEST_SUITE_P(Clients, DistrustTest, testing::ValuesIn(kDistrusts),
                         [](const auto& row) { return std::string{row.param.name}; });

TEST_F(TlsTest, ServerNamesThatAreAddressesAreIgnoredAndNamesLowered) {
  struct Case {
    const char *sent, *known;
  };
  for (const Case& c : {Case{"127.0.0.1", ""}, Case{"::1", ""}, Case{"Hub.MUSTER.test", "hub.muster.test"}}) {
    auto [server_socket, client_socket] = loop.connected();
    const auto server = accept(std::move(server_socket));
    RawClient client{loop, std::move(client_socket)};
    SSL_set_tlsext_host_name(client.ssl(), c.sent);
    const auto done = loop.start(server->handshake());
    ASSERT_TRUE(client.handshake());
    loop.until([&] { return done->done(); });
    ASSERT_TRUE(*done->result) << done->result->error().reason();
    EXPECT_EQ(server->peer().server_name, c.known) << "Java sends the address (device/10 section 1, note 4)";
  }
}

TEST_F(TlsTest, AsksForACertificateWithoutNamingCasAndGivesOneSmallSession) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    auto [server_socket, client_socket] = loop.connected();
    const auto server = accept(std::move(server_socket));
    RawClient client{loop, std::move(client_socket)};
    SSL_CTX_set_max_proto_version(client.context(), version);
    static int asked;
    static int tickets;
    static std::size_t ticket_size;
    asked = tickets = 0;
    ticket_size = 0;
    SSL_CTX_set_client_cert_cb(client.context(), [](SSL* ssl, X509**, EVP_PKEY**) {
      ++asked;
      const STACK_OF(X509_NAME)* names = SSL_get0_peer_CA_list(ssl);
      EXPECT_EQ(names == nullptr ? 0 : sk_X509_NAME_num(names), 0);
      return 0;
    });
    SSL_CTX_set_session_cache_mode(client.context(), SSL_SESS_CACHE_CLIENT);
    SSL_CTX_sess_set_new_cb(client.context(), [](SSL*, SSL_SESSION* session) {
      tickets += SSL_SESSION_has_ticket(session);
      const unsigned char* ticket = nullptr;
      SSL_SESSION_get0_ticket(session, &ticket, &ticket_size);
      return 0;
    });
    const auto done = loop.start(server->handshake());
    ASSERT_TRUE(client.handshake());
    loop.until([&] { return done->done(); });
    ASSERT_TRUE(loop.run(write_all(*server, "x")));
    EXPECT_EQ(client.read(1), "x");
    EXPECT_EQ(asked, 1);
    EXPECT_EQ(tickets, version == TLS1_3_VERSION ? 1 : 0);
    EXPECT_LE(ticket_size, 64) << "an id, not the session itself";
  }
}

struct ResumptionCase {
  std::string_view name;
  std::string_view how;  ///< The first connection ends.
  bool resumed;
  friend void PrintTo(const ResumptionCase& c, std::ostream* out) { *out << c.name; }
};

class ResumptionTest : public TlsTest, public testing::WithParamInterface<ResumptionCase> {
 protected:
  struct Seen {
    bool resumed = false;
    std::shared_ptr<const pki::PresentedChain> chain;
    std::string server_name;
  };
  /// One connection with the device's certificate, ended as `how` says.
  Seen connect(int version, SSL_SESSION* session, std::string_view how, const char* name = nullptr) {
    auto [server_socket, client_socket] = loop.connected();
    const auto server = accept(std::move(server_socket));
    RawClient client{loop, std::move(client_socket)};
    client.use(ids().device_chain);
    SSL_CTX_set_max_proto_version(client.context(), version);
    // A context that goes makes the sessions of its own cache useless.
    SSL_CTX_set_session_cache_mode(client.context(),
                                   SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL_STORE);
    SSL_CTX_sess_set_new_cb(client.context(), [](SSL*, SSL_SESSION* made) {
      kept.reset(made);
      return 1;
    });
    if (session != nullptr) SSL_set_session(client.ssl(), session);
    if (name != nullptr) SSL_set_tlsext_host_name(client.ssl(), name);
    const auto done = loop.start(server->handshake());
    EXPECT_TRUE(client.handshake());
    loop.until([&] { return done->done(); });
    EXPECT_TRUE(loop.run(write_all(*server, "x")));
    EXPECT_EQ(client.read(1), "x");
    const Seen seen{server->peer().resumed, server->peer().chain, server->peer().server_name};
    end(*server, client, how);
    return seen;
  }
  void end(TlsStream& server, RawClient& client, std::string_view how) {
    std::array<std::byte, 16> into;
    if (how == "cut") client.end();
    if (how == "reset") client.reset();
    if (how == "garbage") client.write_raw("this is no record of TLS, is it");
    if (how == "forgotten") server.forget_session();
    if (how == "cut" || how == "reset" || how == "garbage") {
      EXPECT_TRUE(loop.run(server.readable()));
      EXPECT_FALSE(server.try_read(into));
    }
    server.close();
    // What belongs to this client alone goes before the next one comes.
    SSL_set_shutdown(client.ssl(), SSL_SENT_SHUTDOWN | SSL_RECEIVED_SHUTDOWN);
  }

  struct FreeSession {
    void operator()(SSL_SESSION* session) const { SSL_SESSION_free(session); }
  };
  static std::unique_ptr<SSL_SESSION, FreeSession> kept;
};
std::unique_ptr<SSL_SESSION, ResumptionTest::FreeSession> ResumptionTest::kept;

TEST_P(ResumptionTest, KeepsTheChainAndSurvivesALostNetwork) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    kept.reset();
    const Seen first = connect(version, nullptr, GetParam().how);
    EXPECT_FALSE(first.resumed);
    ASSERT_TRUE(first.chain);
    ASSERT_TRUE(kept);
    SSL_SESSION* const session = kept.get();
    SSL_SESSION_up_ref(session);
    const Seen second = connect(version, session, "");
    SSL_SESSION_free(session);
    EXPECT_EQ(second.resumed, GetParam().resumed) << version;
    ASSERT_TRUE(second.chain);
    EXPECT_EQ(second.chain->parse().certificates, ids().device_chain.chain.certificates);
    EXPECT_EQ(second.chain->hash(), first.chain->hash());
    EXPECT_EQ(second.chain->common_name(), ids().device_chain.chain.leaf().common_name());
    EXPECT_EQ(second.chain->leaf_sha256_thumbprint(), ids().device_chain.chain.leaf().sha256_thumbprint());
    EXPECT_EQ(second.chain->leaf_sha1_thumbprint(), ids().device_chain.chain.leaf().sha1_thumbprint());
  }
  kept.reset();
}

using ResumedNameTest = ResumptionTest;

/// A name leads to a service: it is that of this handshake, whatever the session began with.
TEST_P(ResumedNameTest, IsTheOneThatWasDialledNow) {
  for (const int version : {TLS1_2_VERSION, TLS1_3_VERSION}) {
    kept.reset();
    EXPECT_EQ(connect(version, nullptr, "", "Hub.muster.test").server_name, "hub.muster.test");
    ASSERT_TRUE(kept);
    const auto session = std::exchange(kept, nullptr);
    const Seen second = connect(version, session.get(), "", std::string{GetParam().how}.c_str());
    EXPECT_TRUE(second.resumed) << version;
    EXPECT_EQ(second.server_name, GetParam().how) << version;
  }
  kept.reset();
}

INSTANTIATE_TEST_SUITE_P(Names, ResumedNameTest,
                         testing::Values(ResumptionCase{"the_same", "hub.muster.test", true},
                                         ResumptionCase{"another", "dps.muster.test", true}),
                         [](const auto& one) { return std::string{one.param.name}; });

INSTANTIATE_TEST_SUITE_P(Ends, ResumptionTest,
                         testing::Values(ResumptionCase{"closed_by_us", "", true},
                                         ResumptionCase{"connection_cut", "cut", true},
                                         ResumptionCase{"connection_reset", "reset", true},
                                         ResumptionCase{"fault_of_tls", "garbage", false},
                                         ResumptionCase{"refused_and_forgotten", "forgotten", false}),
                         [](const auto& one) { return std::string{one.param.name}; });

TEST_F(TlsTest, ReplacedIdentitiesServeWhoComesLater) {
  const Ends before = shake(*server_context, ids().client());
  ASSERT_TRUE(server_context->replace(std::vector{ids().server_rsa}));
  const Ends after = shake(*server_context, ids().client());
  ASSERT_TRUE(before.client_result && after.client_result);
  EXPECT_EQ(before.client->peer().chain->parse().leaf().subject(), "CN=server-p256");
  EXPECT_EQ(after.client->peer().chain->parse().leaf().subject(), "CN=server-rsa");
  ASSERT_TRUE(loop.run(write_all(*before.server, "still here")));
  EXPECT_EQ(loop.run(read_exactly(*before.client, 10)), "still here");
}

TEST_F(TlsTest, WrongIdentitiesAndRootsAreRefusedByName) {
  const TlsIdentity wrong{ids().server_p256.chain, ids().server_rsa.key};
  EXPECT_EQ(TlsServerContext::make(std::vector{wrong}).error().code(), ErrorCode::key_mismatch);
  EXPECT_EQ(TlsServerContext::make({}).error().code(), ErrorCode::certificate_missing);
  EXPECT_EQ(server_context->replace(std::vector{wrong}).error().code(), ErrorCode::key_mismatch);
  EXPECT_TRUE(shake(*server_context, ids().client()).client_result) << "the old identities stay";

  const auto missing = TlsClientContext::make({.root_files = {"/nonexistent/ca.pem"}});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code(), ErrorCode::file_unreadable);
  EXPECT_THAT(missing.error().reason(), HasSubstr("/nonexistent/ca.pem"));
  EXPECT_TRUE(TlsClientContext::make({})) << "the system's roots";
}

}  // namespace
}  // namespace muster::net
