#include "base/log.hpp"
#include "cli/commands.hpp"
#include "cli/duration.hpp"
#include "simulator/device.hpp"

#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/signal_set.hpp>
#include <fmt/format.h>

#include <csignal>

namespace muster::cli {
namespace {

constexpr std::uint64_t kConfigSizeMax = 1024 * 1024;

struct Options {
  std::string file;
  std::string timeout = "30s";
  std::string log_level = "info";
  std::map<std::string, std::string> by_key;  ///< Filled with every key; empty where not given.
};

struct KeyFlag {
  const char* key;
  const char* flag;
  const char* metavar;
  const char* help;
};
constexpr KeyFlag kFlags[] = {
    {"provisioning_host", "--provisioning-host", "HOST", "The DPS host"},
    {"id_scope", "--id-scope", "SCOPE", "The id scope of the DPS instance"},
    {"registration_id", "--registration-id,-d", "ID", "The registration id: the certificate's common name"},
    {"cert_file", "--cert-file", "FILE", "The device's certificate, PEM; intermediates may follow the leaf"},
    {"key_file", "--key-file", "FILE", "Its private key, PEM"},
    {"key_passphrase", "--key-passphrase", "TEXT", "Of the key, if it is encrypted"},
    {"ca_file", "--ca-file", "FILE", "The only roots to believe; else the system's, or SSL_CERT_FILE's"},
    {"connect_to", "--connect-to", "ADDRESS:PORT", "Where to connect in place of looking names up"},
    {"messages", "--messages,-n", "N", "How many messages to send, 0 without end; else 10"},
    {"interval_seconds", "--interval,--interval-seconds", "SECONDS", "Pause between two messages; else 5"},
    {"payload", "--payload", "JSON", "Sent as it stands in place of the tutorial's telemetry"},
};

/// The file may be missing when it was not named and what must be known is said otherwise.
bool may_do_without_file(const Options& options, const Environment& environment) {
  const auto scope = options.by_key.find("id_scope");
  return options.file.empty() && ((scope != options.by_key.end() && !scope->second.empty()) ||
                                  environment.contains("PROVISIONING_IDSCOPE"));
}

Result<simulator::DeviceConfig> load(Shell& shell, const Options& options) {
  simulator::DeviceConfigSources sources;
  sources.path = options.file.empty() ? "config.json" : options.file;
  sources.environment = shell.environment;
  for (const auto& [key, value] : options.by_key) {
    if (!value.empty()) sources.flags.emplace(key, value);
  }
  MUSTER_TRY(const bool exists, shell.disk.exists(sources.path));
  if (exists) {
    MUSTER_TRY(const Bytes text, disk::read_all(shell.disk, sources.path, kConfigSizeMax));
    sources.text = as_text(text);
  } else if (!may_do_without_file(options, shell.environment)) {
    return failure(
        Error{ErrorCode::file_unreadable, fmt::format("{}: there is no such file", sources.path)}.with_remedy(
            "Name the device's config.json, as in: muster device run muster-data/device/config.json"));
  }
  return simulator::load_device_config(sources);
}

Result<int> device_run(Invocation& invocation, const Options& options) {
  Shell& shell = invocation.shell();
  const auto timeout = parse_duration(options.timeout);
  if (!timeout || timeout->count() == 0) {
    return failure(ErrorCode::usage,
                   fmt::format("--timeout wants a duration like 30s, and got {}", options.timeout));
  }
  MUSTER_TRY(simulator::DeviceConfig config, load(shell, options));
  log::start(log::parse_level(options.log_level).value_or(log::Level::info));

  asio::cancellation_signal stop;  // Before the runtime, whose last handlers may use it.
  Runtime runtime{shell.clock, shell.random};
  asio::signal_set signals{runtime.executor(), SIGINT, SIGTERM};
  signals.async_wait([&stop](const boost::system::error_code& ec, int) {
    if (ec) return;
    // The device says goodbye to its hub; a second signal ends the process as usual.
    std::signal(SIGINT, SIG_DFL);
    std::signal(SIGTERM, SIG_DFL);
    stop.emit(asio::cancellation_type::terminal);
  });
  auto credentials = pem_file_credentials(config.cert_path, config.key_path, config.key_passphrase);
  simulator::DeviceSetup setup{runtime, std::move(credentials), std::move(config), shell.out, *timeout};
  const Result<bool> all_sent = runtime.run(simulator::run_device(std::move(setup)), stop.slot());
  if (!all_sent) return failure(all_sent.error());
  return 0;
}

}  // namespace

void add_device_run(Commands& commands) {
  commands.verb<Options>(
      "device run",
      {.line = "Run the simulated device of the tutorial",
       .about = "Provisions itself through DPS with its certificate, connects to its hub and sends "
                "telemetry; standard "
                "output is the tutorial's, the log goes to standard error. Ends with 3 for a bad "
                "configuration, 4 when "
                "a service cannot be reached, 5 when it refuses; Ctrl-C disconnects and ends with 0.",
       .examples = "$ muster device run muster-data/device/config.json --messages 2 --interval 0\n"
                   "=== IoT Device Simulator with X.509 ===\n"
                   "\n"
                   "Certificate loaded from: ../certs/device/device.pem\n"
                   "Registration ID: my-device-001\n"
                   "\n"
                   "=== Starting DPS Provisioning ===\n"
                   "Host: global.azure-devices-provisioning.net\n"
                   "ID Scope: 0ne00123ABC\n"
                   "Registration ID: my-device-001\n"
                   "\n"
                   "Registering with DPS...\n"
                   "Status: assigned\n"
                   "Assigned Hub: my-iot-hub-x509.azure-devices.net\n"
                   "Device ID: my-device-001\n"
                   "\n"
                   "=== Connecting to IoT Hub ===\n"
                   "Connected to IoT Hub!\n"
                   "\n"
                   "=== Sending Telemetry ===\n"
                   "[1] Sent: Temp=24.3°C, Humidity=67.2%\n"
                   "[2] Sent: Temp=26.7°C, Humidity=71.5%\n"
                   "\n"
                   "Telemetry complete!"},
      [](Flags& flags, Options& options) {
        flags.text("FILE", options.file, "FILE", "The device's configuration; else ./config.json");
        for (const KeyFlag& flag : kFlags) {
          flags.text(flag.flag, options.by_key[flag.key], flag.metavar, flag.help);
        }
        flags.text("--timeout", options.timeout, "DURATION",
                   "How long to try to provision, and again to connect; else 30s");
        flags.choice("--log-level", options.log_level, {"debug", "info", "warning", "error", "off"},
                     "What is logged to standard error; else info");
      },
      device_run);
}

}  // namespace muster::cli
