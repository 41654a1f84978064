#include "cli/commands.hpp"
#include "cli/duration.hpp"

#include <fmt/format.h>

namespace muster::cli {
namespace {

constexpr std::chrono::seconds kStopTimeout{60};
constexpr std::chrono::milliseconds kPollInterval{50};

/// Gone is when nothing listens at the socket any more and world.json was removed.
bool is_gone(Invocation& invocation) {
  const auto world = invocation.shell().disk.exists(invocation.folder() + "/world.json");
  if (world && *world) return false;
  const auto answer = send_request(control_socket_path(invocation.folder()),
                                   {.host = std::string{kMusterHost}, .target = "/muster/v1/status"});
  return !answer && answer.error().code() == ErrorCode::not_running;
}

Result<int> down(Invocation& invocation) {
  const Request stop{.method = "POST", .host = std::string{kMusterHost}, .target = "/muster/v1/stop"};
  MUSTER_CHECK(invocation.send(stop));
  Clock& clock = invocation.shell().clock;
  const SteadyTime deadline = clock.steady() + kStopTimeout;
  while (!is_gone(invocation)) {
    if (clock.steady() > deadline) {
      return failure(ErrorCode::timed_out,
                     fmt::format("the service in {} was asked to stop and is still there after {} s",
                                 invocation.folder(), kStopTimeout.count()));
    }
    pause(clock, kPollInterval);
  }
  invocation.shell().err << fmt::format("stopped {}\n", invocation.folder());
  return 0;
}

}  // namespace

void add_down(Commands& commands) {
  commands.verb(
      "down",
      {.line = "Stop the world's service",
       .about = "Asks it through the control socket and waits until it has gone: sessions are closed, and "
                "everything that was acknowledged is on disk. It signals no process.",
       .examples = "$ muster down\nstopped ./muster-data",
       .request = "POST /muster/v1/stop   Host: muster"},
      down);
}

}  // namespace muster::cli
