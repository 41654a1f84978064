#include "isolation/run_isolated.hpp"

#include "isolation/child.hpp"
#include "isolation/run_folder.hpp"
#include "isolation/tests/temporary_folder.hpp"

#include <gtest/gtest.h>
#include <unistd.h>

#include <sstream>

namespace muster::isolation {
namespace {

/// A world whose service is this very test.
world::RunningWorld own_world() {
  world::RunningWorld world;
  world.version = "0.1.0";
  world.pid = ::getpid();
  world.start_ticks = world::parse_start_ticks(*read_whole("/proc/self/stat"));
  world.endpoints.mqtt = {"127.0.9.1:8883"};
  world.endpoints.https = {"127.0.9.1:443"};
  world.hubs = {{"h", "h.azure-devices.net", "127.0.9.1"}};
  return world;
}

class RunIsolatedTest : public testing::Test {
 protected:
  void SetUp() override {
    folder.write("server/ca.pem", kFirstPem);
    folder.write("world.json", to_json(own_world()));
  }

  Result<int> run(const std::vector<std::string>& command) {
    return run_isolated(folder.path(), command, talk);
  }
  /// Runs a shell script and gives what it wrote into the file named by $OUT.
  std::string output_of(const std::string& script) {
    const auto status = run({"sh", "-c", "exec >" + (folder.path() / "out").string() + "; " + script});
    EXPECT_TRUE(status) << status.error().reason();
    return read_whole(folder.path() / "out").value_or("");
  }
  bool has_namespaces() {
    folder.write("hosts", "127.0.9.1 h.azure-devices.net\n");
    return available_method(folder.path() / "hosts").value_or(Method::nss_wrapper) != Method::nss_wrapper;
  }

  TemporaryFolder folder;
  std::ostringstream talk;
};

TEST_F(RunIsolatedTest, ReplacesHostsInsideAndNowhereElse) {
  if (!has_namespaces()) GTEST_SKIP() << "this machine allows no namespaces";
  const auto before = read_whole("/etc/hosts");
  EXPECT_NE(output_of("cat /etc/hosts").find("127.0.9.1 h.azure-devices.net"), std::string::npos);
  EXPECT_EQ(read_whole("/etc/hosts"), before);
  EXPECT_EQ(talk.str(), "");
}

TEST_F(RunIsolatedTest, KeepsTheUserAndSetsTrust) {
  EXPECT_EQ(output_of("id -u; printf %s \"$SSL_CERT_FILE\""),
            std::to_string(::geteuid()) + "\n" + (folder.path() / "run/ca-bundle.pem").string());
}

TEST_F(RunIsolatedTest, PassesTheExitStatusThrough) {
  for (const int wanted : {0, 1, 42, 127, 255}) {
    const auto status = run({"sh", "-c", "exit " + std::to_string(wanted)});
    ASSERT_TRUE(status) << status.error().reason();
    EXPECT_EQ(*status, wanted);
  }
  const auto killed = run({"sh", "-c", "kill -TERM $$"});
  ASSERT_TRUE(killed);
  EXPECT_EQ(*killed, 128 + 15);
}

TEST_F(RunIsolatedTest, ForwardsASignalToTheCommand) {
  // The command signals the runner, its parent, and ends by its own trap: the sleep is only there to be
  // interrupted.
  const auto status = run({"sh", "-c", "trap 'kill $!; exit 7' TERM; sleep 60 & kill -TERM $PPID; wait"});
  ASSERT_TRUE(status) << status.error().reason();
  EXPECT_EQ(*status, 7);
}

TEST_F(RunIsolatedTest, NamesACommandThatCannotRun) {
  const auto status = run({"no-such-command-9f3a"});
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().code(), ErrorCode::command_not_found);
  EXPECT_EQ(status.error().reason(), "no-such-command-9f3a: No such file or directory");
  EXPECT_EQ(run({}).error().code(), ErrorCode::usage);
}

TEST_F(RunIsolatedTest, SaysWhereHttpsIsWhenNotOn443) {
  auto world = own_world();
  world.endpoints.https = {"127.0.9.1:8443"};
  folder.write("world.json", to_json(world));
  ASSERT_TRUE(run({"true"}));
  EXPECT_NE(talk.str().find("HTTPS is served at 127.0.9.1:8443, not on port 443"), std::string::npos);
}

TEST_F(RunIsolatedTest, RefusesAWorldThatDoesNotRun) {
  auto gone = own_world();
  ++gone.start_ticks;  // Another process that got the number of the one that wrote the file.
  folder.write("world.json", to_json(gone));
  EXPECT_EQ(run({"true"}).error().code(), ErrorCode::not_running);

  std::filesystem::remove(folder.path() / "world.json");
  const auto missing = run({"true"});
  ASSERT_FALSE(missing);
  EXPECT_EQ(missing.error().code(), ErrorCode::not_running);
  EXPECT_NE(missing.error().remedy().find("muster up --data "), std::string::npos);
}

TEST_F(RunIsolatedTest, SaysWhenTheWorldIsAnotherUsers) {
  constexpr ::uid_t kNobody = 65'534;
  ASSERT_EQ(::chmod(folder.path().c_str(), 0), 0);
  const ::uid_t before = ::geteuid();
  if (before == 0) {  // Root may read everything.
    ASSERT_EQ(::seteuid(kNobody), 0);
  }
  const auto refused = run({"true"});
  if (before == 0) {
    ASSERT_EQ(::seteuid(before), 0);
  }
  ASSERT_EQ(::chmod(folder.path().c_str(), 0700), 0);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code(), ErrorCode::permission_denied);
  EXPECT_NE(refused.error().reason().find("world.json is not readable by user"), std::string::npos);
}

TEST(RunChildTest, UsesTheGivenEnvironmentAlone) {
  const TemporaryFolder folder;
  const auto status = run_child({.command = {"/bin/sh", "-c", "test \"$ONLY\" = this && test -z \"$HOME\""},
                                 .environment = {{"ONLY", "this"}},
                                 .method = Method::nss_wrapper,
                                 .hosts = ""});
  ASSERT_TRUE(status) << status.error().reason();
  EXPECT_EQ(*status, 0);
}

}  // namespace
}  // namespace muster::isolation
