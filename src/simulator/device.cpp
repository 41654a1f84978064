#include "simulator/device.hpp"

#include "base/bytes.hpp"
#include "base/log.hpp"
#include "client/engine.hpp"
#include "muster/ids.hpp"
#include "simulator/own_certificate.hpp"
#include "simulator/telemetry.hpp"

#include <fmt/format.h>

namespace muster::simulator {
namespace {

constexpr std::string_view kModule = "device";
/// Longer than any usual outage of a hub: the message is sent again when the connection is back.
constexpr std::chrono::minutes kPublishTimeout{10};

class Device {
 public:
  explicit Device(DeviceSetup setup) : setup_{std::move(setup)}, engine_{setup_.runtime.engine()} {}

  Task<bool> run() {
    MUSTER_CO_CHECK(check_certificate());
    greet();
    MUSTER_CO_TRY(const Assignment assignment, co_await provision_self());
    say("=== Connecting to IoT Hub ===");
    Client client{setup_.runtime, setup_.credentials, client_options(assignment)};
    MUSTER_CO_CHECK(co_await client.connect(setup_.timeout));
    say("Connected to IoT Hub!\n");
    const Result<bool> sent = co_await send_telemetry(client);
    const Result<void> gone = co_await client.disconnect();
    static_cast<void>(gone);
    co_return sent;
  }

 private:
  void say(std::string_view line) { setup_.out << line << '\n' << std::flush; }

  Result<void> check_certificate() {
    MUSTER_TRY(const CredentialPem pem, setup_.credentials->load());
    MUSTER_TRY(const OwnCertificate own, check_own_certificate(pem, setup_.config, engine_.clock.wall()));
    log::info(kModule, "certificate subject={} not_after={} days_left={}", log::field(own.subject),
              format_utc(own.not_after), own.days_left);
    if (own.days_left < kWarnDays) {
      log::warning(kModule, "certificate expires soon: days_left={}; renew it before {}", own.days_left,
                   format_utc(own.not_after));
    }
    if (!equals_ignoring_case(own.common_name, setup_.config.registration_id)) {
      log::warning(kModule, "certificate common_name={} is not registration_id={}: DPS will refuse it",
                   log::field(own.common_name), log::field(setup_.config.registration_id));
    }
    return {};
  }

  void greet() {
    const DeviceConfig& config = setup_.config;
    say("=== IoT Device Simulator with X.509 ===\n");
    say(fmt::format("Certificate loaded from: {}", config.cert_file));
    say(fmt::format("Registration ID: {}\n", config.registration_id));
    say("=== Starting DPS Provisioning ===");
    say(fmt::format("Host: {}", config.provisioning_host));
    say(fmt::format("ID Scope: {}", config.id_scope));
    say(fmt::format("Registration ID: {}\n", config.registration_id));
    say("Registering with DPS...");
  }

  Transport transport() const {
    Transport transport;
    transport.ca_file = setup_.config.ca_path;
    transport.connect_to = setup_.config.connect_to;
    return transport;
  }

  Task<Assignment> provision_self() {
    ProvisioningOptions options;
    options.host = setup_.config.provisioning_host;
    options.id_scope = setup_.config.id_scope;
    options.registration_id = setup_.config.registration_id;
    options.transport = transport();
    options.timeout = setup_.timeout;
    options.on_retry = [](const Error& why, std::chrono::milliseconds pause) {
      log::warning(kModule, "provisioning retry_in_ms={} why={}", pause.count(), log::field(why.reason()));
    };
    MUSTER_CO_TRY(const Assignment assignment,
                  co_await provision(setup_.runtime, setup_.credentials, std::move(options)));
    log::info(kModule, "provisioned status={} substatus={} hub={} device={} operation={}", assignment.status,
              log::field(assignment.substatus), log::field(assignment.assigned_hub),
              log::field(assignment.device_id), log::field(assignment.operation_id));
    say(fmt::format("Status: {}", assignment.status));
    say(fmt::format("Assigned Hub: {}", assignment.assigned_hub));
    say(fmt::format("Device ID: {}\n", assignment.device_id));
    co_return assignment;
  }

  static void log_state(const ConnectionEvent& event) {
    const std::string why = event.why ? log::field(event.why->reason()) : std::string{};
    switch (event.state) {
      case ConnectionState::connecting:
        return log::info(kModule, "hub connecting attempt={}", event.attempt);
      case ConnectionState::connected:
        return log::info(kModule, "hub connected attempt={}", event.attempt);
      case ConnectionState::waiting:
        return log::warning(kModule, "hub waiting retry_in_ms={} why={}", event.retry_in.count(), why);
      case ConnectionState::refused:
        return log::error(kModule, "hub refused why={}", why);
      case ConnectionState::disconnected:
        return log::info(kModule, "hub disconnected");
    }
  }

  ClientOptions client_options(const Assignment& assignment) const {
    ClientOptions options;
    options.host = assignment.assigned_hub;
    options.device_id = assignment.device_id;
    options.transport = transport();
    options.on_state = log_state;
    return options;
  }

  /// One message in flight: a line follows its PUBACK.
  Task<void> send_one(Client& client, std::uint64_t number) {
    const Telemetry telemetry = measure(engine_.random, engine_.clock.wall());
    const bool own = !setup_.config.payload_json.empty();
    const std::string payload = own ? setup_.config.payload_json : to_json(telemetry);
    PublishOptions options;
    options.content_type = "application/json";
    options.content_encoding = "utf-8";
    options.timeout = kPublishTimeout;
    MUSTER_CO_CHECK(co_await client.publish(as_bytes(payload), std::move(options)));
    say(fmt::format("[{}] Sent: {}", number, own ? payload : to_line(telemetry)));
    co_return Result<void>{};
  }

  /// False when it was cancelled.
  Task<bool> send_telemetry(Client& client) {
    say("=== Sending Telemetry ===");
    const std::uint64_t messages = setup_.config.messages;
    for (std::uint64_t number = 1; messages == 0 || number <= messages; ++number) {
      if (number > 1) {
        const Result<void> paused = co_await client::pause(engine_, setup_.config.interval);
        if (!paused) co_return false;
      }
      const auto cancellation = co_await asio::this_coro::cancellation_state;
      if (cancellation.cancelled() != asio::cancellation_type::none) co_return false;
      const Result<void> sent = co_await send_one(client, number);
      if (!sent && sent.error().code() == ErrorCode::cancelled) co_return false;
      if (!sent) co_return failure(sent.error());
    }
    say("\nTelemetry complete!");
    co_return true;
  }

  DeviceSetup setup_;
  client::Engine& engine_;
};

}  // namespace

Task<bool> run_device(DeviceSetup setup) {
  // Cancelling ends a wait with a value: the device then says goodbye to its hub.
  co_await asio::this_coro::throw_if_cancelled(false);
  Device device{std::move(setup)};
  Result<bool> outcome = co_await device.run();
  if (!outcome && outcome.error().code() == ErrorCode::cancelled) co_return false;
  co_return outcome;
}

}  // namespace muster::simulator
