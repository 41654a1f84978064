#include "base/log.hpp"
#include "cli/commands.hpp"
#include "cli/config_flags.hpp"
#include "server/service.hpp"

#include <fmt/format.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>

namespace muster::cli {
namespace {

struct UpOptions {
  ConfigFlags config;
  bool bare = false;
};

/// Wakes main from a signal handler or from the control socket: writing to an eventfd is allowed in both.
int stop_event = -1;

void ask_to_stop() {
  const std::uint64_t one = 1;
  // It fails only when it is full, and then it was asked already.
  [[maybe_unused]] const ssize_t size = ::write(stop_event, &one, sizeof one);
}

void on_signal(int) { ask_to_stop(); }

void listen_for_signals() {
  struct sigaction action = {};
  action.sa_handler = on_signal;
  sigemptyset(&action.sa_mask);
  for (const int signal : {SIGINT, SIGTERM}) sigaction(signal, &action, nullptr);
  // A peer that goes away while it is written to is an error of that connection, not the end of the process.
  std::signal(SIGPIPE, SIG_IGN);
}

void wait_for_stop() {
  std::uint64_t count = 0;
  while (::read(stop_event, &count, sizeof count) < 0 && errno == EINTR) {
  }
}

/// What was made and where it is, one fact a line, and what to do next.
void greet(std::ostream& out, const std::string& folder, const server::Ready& ready, bool bare) {
  const auto line = [&out](std::string_view label, std::string_view value) {
    out << fmt::format("{:<22}{}\n", label, value);
  };
  if (ready.made_world) {
    out << fmt::format("made a new world in {}\n", folder);
    line("configuration", folder + "/muster.json");
    line("server CA", folder + "/server/ca.pem");
    if (!bare) {
      line("root CA", folder + "/certs/root/root.pem");
      line("intermediate CA", folder + "/certs/intermediate/intermediate.pem");
      line("device certificate", folder + "/certs/device/device.pem");
      line("device configuration", folder + "/device/config.json");
    }
  }
  for (const std::string& endpoint : ready.mqtt_endpoints) line("MQTT (TLS)", endpoint);
  for (const std::string& endpoint : ready.https_endpoints) line("HTTPS", "https://" + endpoint);
  line("administration", "http://" + ready.admin_endpoint);
  line("control socket", folder + "/control.sock");
  for (const std::string& talk : ready.talk) out << talk << '\n';
  if (bare) {
    out << "Next\n  muster dps certificate create --help\n  muster status\n";
  } else {
    out << fmt::format(
        "Next\n  muster device run {0}/device/config.json\n  muster hub device-identity list\n"
        "  muster hub monitor-events --from start\n",
        folder);
  }
  out << "ready\n" << std::flush;
}

Result<int> up(Invocation& invocation, const UpOptions& options) {
  stop_event = ::eventfd(0, EFD_CLOEXEC);
  if (stop_event < 0) return failure(ErrorCode::io_failed, "eventfd");
  listen_for_signals();
  log::start(log::Level::warning);  // Until the configuration says what it should be.
  Shell& shell = invocation.shell();
  MUSTER_TRY(server::ConfigSources sources, config_sources(invocation, options.config));
  MUSTER_TRY(const std::unique_ptr<server::Service> service,
             server::Service::start({shell.clock, shell.random, shell.disk}, {invocation.folder()},
                                    std::move(sources), options.bare));
  service->on_stop_requested(ask_to_stop);
  greet(shell.out, invocation.folder(), service->ready(), options.bare);
  wait_for_stop();
  return 0;
}

}  // namespace

void add_up(Commands& commands) {
  commands.verb<UpOptions>(
      "up",
      {.line = "Make a world if there is none, and run its service here",
       .about = "The first time it makes the tutorial's own world: DPS, hub, certificates, an enrollment "
                "group and a device. "
                "It serves until Ctrl-C, SIGTERM or `muster down`, and then stops in an orderly way.",
       .examples = "$ muster up\n$ muster up --bare --listen 127.0.1.1 --data other-world\n"
                   "$ muster up --set event_log.retention_hours=48"},
      [](CLI::App& app, UpOptions& options) {
        add_config_flags(app, options.config);
        app.add_flag("--bare", options.bare, "Make a world without the tutorial's services and certificates");
      },
      up);
}

}  // namespace muster::cli
