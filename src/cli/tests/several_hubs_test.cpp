#include "cli/tests/test_shell.hpp"
#include "isolation/run_isolated.hpp"
#include "server/service.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <nlohmann/json.hpp>
#include <poll.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <thread>

/// Hubs that come and go while the service runs, by the command line and the real control socket.
namespace muster::cli {
namespace {

namespace fs = std::filesystem;
using nlohmann::json;
using testing::HasSubstr;

/// The nth loopback address of this process's own, so that tests may run beside each other.
std::string own_address(unsigned nth) {
  const auto pid = static_cast<unsigned>(::getpid());
  return fmt::format("127.28.{}.{}", pid / 60 % 250 + 1, pid % 60 * 4 + nth);
}

class SeveralHubs : public testing::Test {
 protected:
  SeveralHubs() {
    std::string name = (fs::temp_directory_path() / "muster-hubs-XXXXXX").string();
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    root_ = name;
    shell_.disk = disk::make_real_disk();
    shell_.environment["MUSTER_DATA"] = folder();
    start();
  }
  ~SeveralHubs() override {
    service_.reset();
    fs::remove_all(root_);
  }
  std::string folder() const { return root_ + "/muster-data"; }
  void start() {
    service_.reset();
    server::ConfigSources sources{.flags = {{"listen", own_address(1)},
                                            {"mqtt_port", "28883"},
                                            {"https_port", "28443"},
                                            {"admin_port", "29464"}}};
    auto started = server::Service::start({*clock_, *random_, *disk_}, {folder()}, std::move(sources), false);
    ASSERT_TRUE(started) << started.error().reason();
    service_ = *std::move(started);
  }
  std::string read(const std::string& file) const {
    std::ifstream stream{folder() + "/" + file};
    return {std::istreambuf_iterator<char>{stream}, {}};
  }
  ino_t inode(const std::string& file) const {
    struct stat seen {};
    EXPECT_EQ(::stat((folder() + "/" + file).c_str(), &seen), 0);
    return seen.st_ino;
  }
  json run(std::vector<std::string> words) {
    const auto outcome = shell_.run(words);
    EXPECT_EQ(outcome.status, 0) << outcome.err;
    return outcome.out.empty() ? json{} : json::parse(outcome.out, nullptr, false);
  }
  /// Somebody takes connections there.
  static bool listens(const std::string& address, std::uint16_t port) {
    const int fd = ::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    sockaddr_in to{};
    to.sin_family = AF_INET;
    to.sin_port = htons(port);
    inet_pton(AF_INET, address.c_str(), &to.sin_addr);
    const bool taken = ::connect(fd, reinterpret_cast<const sockaddr*>(&to), sizeof to) == 0;
    ::close(fd);
    return taken;
  }

  std::unique_ptr<Clock> clock_ = make_system_clock();
  std::unique_ptr<Random> random_ = make_system_random();
  std::unique_ptr<disk::Disk> disk_ = disk::make_real_disk();
  std::string root_;
  TestShell shell_;
  std::unique_ptr<server::Service> service_;
};

TEST_F(SeveralHubs, ANewHubHasItsAddressAtOnceAndAfterARestart) {
  const ino_t hosts = inode("run/hosts");
  const json hub = run({"hub", "create", "--name", "second", "--partition-count", "2", "-l", "West Europe"});
  EXPECT_EQ(hub["location"], "westeurope");
  EXPECT_THAT(read("run/hosts"), HasSubstr(own_address(2) + " second.azure-devices.net\n"));
  EXPECT_EQ(inode("run/hosts"), hosts) << "it stands mounted in running commands";
  EXPECT_EQ(json::parse(read("world.json"))["hubs"][1]["address"], own_address(2));
  EXPECT_TRUE(listens(own_address(2), 28883));
  EXPECT_TRUE(listens(own_address(2), 28443));
  start();
  EXPECT_TRUE(listens(own_address(2), 28883));
  EXPECT_EQ(inode("run/hosts"), hosts);
  run({"hub", "delete", "--name", "second"});
  EXPECT_FALSE(listens(own_address(2), 28883));
  EXPECT_THAT(read("run/hosts"), testing::Not(HasSubstr("second")));
  const json third = run({"hub", "create", "--name", "third"});
  EXPECT_THAT(read("run/hosts"), HasSubstr(own_address(3) + " third.azure-devices.net\n"))
      << "numbers are not given twice";
}

TEST_F(SeveralHubs, HubsAreLinkedWeighedAndUnlinked) {
  run({"hub", "create", "--name", "second"});
  const auto again = shell_.run({"hub", "create", "--name", "second"});
  EXPECT_EQ(again.status, 5);
  EXPECT_THAT(again.err, HasSubstr("MU-4003"));
  json links = run({"dps", "linked-hub", "create", "--hub-name", "second", "--allocation-weight", "3"});
  ASSERT_EQ(links.size(), 2u);
  EXPECT_EQ(links[1]["allocationWeight"], 3);
  links = run({"dps", "linked-hub", "update", "--linked-hub", "second", "--aw", "1", "--aap", "false"});
  EXPECT_EQ(links[1]["applyAllocationPolicy"], false);
  EXPECT_EQ(run({"dps", "linked-hub", "show", "--linked-hub", "second"})["allocationWeight"], 1);
  run({"dps", "linked-hub", "update", "--linked-hub", "second", "--apply-allocation-policy", "true"});

  const json tried = run({"dps", "allocate", "--dry-run", "my-device-group"});
  EXPECT_EQ(tried["devices"].size(), 10'000u);
  ASSERT_EQ(tried["shares"].size(), 2u);
  EXPECT_EQ(tried["shares"][0]["expected"], "50.0 %");
  EXPECT_NEAR(tried["shares"][0]["count"].get<double>(), 5'000, 200);

  EXPECT_EQ(run({"dps", "update", "--allocation-policy", "static"})["properties"]["allocationPolicy"],
            "Static");
  run({"dps", "linked-hub", "delete", "--linked-hub", "second.azure-devices.net"});
  EXPECT_EQ(run({"dps", "linked-hub", "list"}).size(), 1u);
  EXPECT_EQ(shell_.run({"dps", "linked-hub", "delete", "--linked-hub", "second"}).status, 5);
  EXPECT_EQ(shell_.run({"dps", "linked-hub", "create"}).status, 2);
  EXPECT_EQ(shell_.run({"dps", "allocate", "my-device-group"}).status, 2);
}

TEST_F(SeveralHubs, ARunThatIsUnderWaySeesANewHub) {
  const std::string ready = root_ + "/ready";
  const std::string go = root_ + "/go";
  ASSERT_EQ(::mkfifo(ready.c_str(), 0600), 0);
  ASSERT_EQ(::mkfifo(go.c_str(), 0600), 0);
  // Says that it runs, waits for the word, and looks the new name up.
  const std::string script =
      fmt::format("echo up > {}; read word < {}; getent hosts second.azure-devices.net | grep -q '^{} '",
                  ready, go, own_address(2));
  std::ostringstream talk;
  Result<int> ended = 1;
  // Open before anybody writes: who writes and goes is then never missed.
  const int heard = ::open(ready.c_str(), O_RDONLY | O_NONBLOCK | O_CLOEXEC);
  std::thread command{[&] {
    ended = isolation::run_isolated(folder(), {"sh", "-c", script}, talk);
    // Where nothing can be isolated nobody else opens the pipe.
    if (!ended) ::close(::open(ready.c_str(), O_WRONLY | O_CLOEXEC));
  }};
  pollfd waiting{.fd = heard, .events = POLLIN, .revents = 0};
  ::poll(&waiting, 1, -1);
  char word[4] = {};
  const bool runs = ::read(heard, word, sizeof word) > 0;
  ::close(heard);
  if (runs) {
    run({"hub", "create", "--name", "second"});
    std::ofstream{go} << "go\n";
  }
  command.join();
  if (!ended && ended.error().code() == ErrorCode::isolation_unavailable)
    GTEST_SKIP() << ended.error().reason();
  ASSERT_TRUE(ended) << ended.error().reason();
  EXPECT_EQ(*ended, 0) << talk.str();
}

}  // namespace
}  // namespace muster::cli
