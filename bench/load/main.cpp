// The load of the bench: one thread that is many devices. bench/README.md has the method.

#include "devices.hpp"
#include "meter.hpp"
#include "modes.hpp"

#include <CLI/CLI.hpp>
#include <fmt/format.h>
#include <sys/resource.h>

#include <csignal>
#include <cstdio>

namespace muster::bench {
namespace {

void add_choice(CLI::App& command, DeviceChoice& choice) {
  command.add_option("certificates", choice.folder, "Folder of certificates (muster_load certs)")->required();
  command.add_option("--set", choice.set, "Which set of devices")->capture_default_str();
  command.add_option("--devices", choice.count, "How many devices")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
}

CLI::App& add_mode(CLI::App& app, const char* name, const char* about, Work& work) {
  CLI::App& mode = *app.add_subcommand(name, about);
  add_choice(mode, work.choice);
  mode.add_option("--address", work.target.address, "Where the server is")->capture_default_str();
  mode.add_option("--port", work.target.port, "Its port")->capture_default_str();
  mode.add_option("--server-name", work.target.server_name, "SNI, and the host of the user name")
      ->capture_default_str();
  mode.add_option("--tls", work.target.tls, "1.2 or 1.3")
      ->capture_default_str()
      ->check(CLI::IsMember({"1.2", "1.3"}));
  mode.add_option("--sources", work.target.sources, "Local addresses to connect from: .200 and on")
      ->capture_default_str()
      ->check(CLI::Range(1, 50));
  mode.add_option("--pid", work.server_pid, "The server's process, for its CPU");
  mode.add_option("--warm", work.warm_seconds, "Seconds before what is measured")->capture_default_str();
  mode.add_option("--seconds", work.seconds, "Seconds that are measured")->capture_default_str();
  mode.add_option("--concurrency", work.concurrency, "Connections being made at a time")
      ->capture_default_str()
      ->check(CLI::PositiveNumber);
  return mode;
}

void add_message_options(CLI::App& mode, Messages& messages) {
  mode.add_option("--payload", messages.payload_bytes, "Bytes of payload")
      ->capture_default_str()
      ->check(CLI::Range(64, 200'000));
  mode.add_flag("--stamp", messages.stamp, "Put the time at which a message is due into its payload");
}

/// A device a descriptor: the soft limit is usually far below the hard one.
void raise_file_limit() {
  rlimit limit{};
  getrlimit(RLIMIT_NOFILE, &limit);
  limit.rlim_cur = limit.rlim_max;
  setrlimit(RLIMIT_NOFILE, &limit);
}

int run(int argc, char** argv) {
  CLI::App app{"muster_load: many devices against one MQTT server; says what it measures as JSON lines"};
  app.require_subcommand(1);
  Work work;
  Messages messages;
  Registrations registrations;
  Consuming consuming;
  std::vector<std::string> server_names;
  bool fresh = false;
  bool resume = false;

  CLI::App& certs = *app.add_subcommand(
      "certs", "Make a set of device certificates, and the authorities if there are none");
  add_choice(certs, work.choice);
  certs.add_option("--server-san", server_names, "Names of server.pem: IP:127.0.0.1, DNS:localhost");
  certs.callback([&] { make_certificates(work.choice, server_names); });

  CLI::App& closed = add_mode(app, "messages", "Every device keeps a window of QoS 1 messages full", work);
  add_message_options(closed, messages);
  closed.add_option("--window", messages.window, "Unacknowledged messages a device")
      ->capture_default_str()
      ->check(CLI::Range(1, 1000));
  closed.add_option("--refill", messages.refill, "Fill the window again when so few are unacknowledged")
      ->capture_default_str();
  closed.callback([&] { run_messages(work, messages); });

  CLI::App& open = add_mode(app, "open", "QoS 1 messages at a rate, latency from when each was due", work);
  add_message_options(open, messages);
  open.add_option("--rate", messages.rate, "Messages a second over all devices")
      ->required()
      ->check(CLI::PositiveNumber);
  open.callback([&] { run_messages(work, messages); });

  CLI::App& connect = add_mode(app, "connect", "Connect, CONNECT, disconnect, again", work);
  connect.add_flag("--fresh", fresh, "Each device once: chains that the server has not seen");
  connect.add_flag("--resume", resume, "Resume the device's TLS session")->excludes("--fresh");
  connect.callback([&] {
    run_connects(work, fresh ? Chains::fresh : resume ? Chains::resume : Chains::again);
  });

  CLI::App& idle =
      add_mode(app, "idle", "Connect all, then hold until standard input closes or for --seconds", work);
  idle.callback([&] { run_idle(work); });

  CLI::App& enroll = add_mode(app, "register", "Register each device at DPS, once", work);
  enroll.add_option("--id-scope", registrations.id_scope, "The DPS instance")->required();
  enroll.add_option("--poll", registrations.poll_seconds, "Seconds before each poll")->capture_default_str();
  enroll.callback([&] { run_registrations(work, registrations); });

  CLI::App& consume =
      *app.add_subcommand("consume", "Follow a hub's event stream until standard input closes");
  consume.add_option("socket", consuming.socket, "The world's control socket")->required();
  consume.add_option("--hub", consuming.hub, "Its name")->required();
  consume.callback([&] { run_consumer(consuming); });

  CLI11_PARSE(app, argc, argv);
  return 0;
}

}  // namespace
}  // namespace muster::bench

int main(int argc, char** argv) {
  std::signal(SIGPIPE, SIG_IGN);
  muster::bench::raise_file_limit();
  try {
    return muster::bench::run(argc, argv);
  } catch (const muster::bench::Failed& failed) {
    muster::bench::say("failed");
    fmt::print(stderr, "muster_load: {}\n", failed.what());
    return 1;
  }
}
