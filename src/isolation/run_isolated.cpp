#include "isolation/run_isolated.hpp"

#include "isolation/child.hpp"
#include "isolation/run_folder.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <ostream>

namespace muster::isolation {
namespace {

namespace fs = std::filesystem;

Error not_running(const fs::path& world_dir, std::string_view why) {
  return Error{ErrorCode::not_running, fmt::format("{}: {}", world_dir.string(), why)}.with_remedy(
      fmt::format("Start it with `muster up --data {}`, then run this again.", world_dir.string()));
}

/// Another user's world looks as if no service ran it, unless the system is asked why.
Error no_world_file(const fs::path& world_dir) {
  const std::string path = (world_dir / "world.json").string();
  if (::faccessat(AT_FDCWD, path.c_str(), R_OK, AT_EACCESS) != 0 && errno == EACCES) {
    return Error{ErrorCode::permission_denied,
                 fmt::format("{} is not readable by user {}", path, ::geteuid())}
        .with_remedy("Run this as the user who runs the world's `muster up`, or as root.");
  }
  return not_running(world_dir, "there is no world.json, so no service runs this world");
}

/// Whether the process that wrote world.json is still that process, and not another that got its number.
bool is_alive(const world::RunningWorld& world) {
  const auto stat = read_whole(fmt::format("/proc/{}/stat", world.pid));
  if (!stat) return false;
  return world.start_ticks == 0 || world::parse_start_ticks(*stat) == world.start_ticks;
}

Result<world::RunningWorld> running_world(const fs::path& world_dir) {
  const auto text = read_whole(world_dir / "world.json");
  if (!text) return failure(no_world_file(world_dir));
  MUSTER_TRY(auto world, world::parse_running_world(*text));
  if (!is_alive(world)) {
    return failure(not_running(
        world_dir, fmt::format("world.json was left behind by process {}, which is gone", world.pid)));
  }
  return world;
}

/// Roots that the user had added stay trusted inside.
std::vector<fs::path> bundles_set_by_user(const Environment& environment) {
  std::vector<fs::path> found;
  for (const char* name : {"SSL_CERT_FILE", "NODE_EXTRA_CA_CERTS", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE"}) {
    const auto variable = environment.find(name);
    if (variable == environment.end() || variable->second.empty()) continue;
    const fs::path bundle{variable->second};
    if (std::ranges::find(found, bundle) == found.end()) found.push_back(bundle);
  }
  return found;
}

void say_what_is_missing(const world::RunningWorld& world, std::ostream& talk) {
  const auto& https = world.endpoints.https;
  constexpr std::uint16_t kHttpsPort = 443;
  const auto is_standard = [](const std::string& one) { return world::endpoint_port(one) == kHttpsPort; };
  if (https.empty() || std::ranges::any_of(https, is_standard)) return;
  talk << fmt::format(
      "muster run: HTTPS is served at {}, not on port 443: clients that speak HTTPS or WebSocket to the "
      "Azure names will "
      "not reach it. Start `muster up` as root, or allow the port once: sudo sysctl "
      "net.ipv4.ip_unprivileged_port_start=443\n",
      https.front());
}

}  // namespace

Result<int> run_isolated(const fs::path& world_dir, const std::vector<std::string>& command,
                         std::ostream& talk) {
  if (command.empty()) {
    return failure(ErrorCode::usage, "no command: muster run [--data DIR] -- COMMAND [ARGUMENT...]");
  }
  MUSTER_TRY(const auto world, running_world(world_dir));
  Environment environment = environment_of(::environ);
  MUSTER_TRY(const auto folder, RunFolder::make(world_dir, world, bundles_set_by_user(environment)));
  trust(environment, folder.trust_files());

  const auto method = available_method(folder.hosts());
  if (!method) {
    return failure(
        Error{ErrorCode::isolation_unavailable,
              "this machine allows neither mount nor user namespaces, and libnss_wrapper is not installed"}
            .with_remedy("Install libnss-wrapper, or run this as root, or point the client at 127.0.0.1 "
                         "(docs/how-to/point-a-client-at-muster.md)."));
  }
  if (*method == Method::nss_wrapper) {
    preload_nss_wrapper(environment, *nss_wrapper_library(), folder.hosts());
    talk << "muster run: no namespace may be made here, so names are replaced by libnss_wrapper: statically "
            "linked "
            "programs, Go's among them, will not see it\n";
  }
  say_what_is_missing(world, talk);
  talk.flush();
  return run_child({command, std::move(environment), *method, folder.hosts()});
}

}  // namespace muster::isolation
