#pragma once

#include "muster/credentials.hpp"
#include "muster/message.hpp"
#include "muster/result.hpp"
#include "muster/runtime.hpp"
#include "muster/twin.hpp"

#include <boost/asio/awaitable.hpp>

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <span>
#include <string>

/// The device client for Azure IoT Hub and its Device Provisioning Service, over MQTT with X.509. It speaks
/// to Azure itself as to a muster world; only addresses and roots differ.
namespace muster {

/// How a service is reached and whom the device believes. With nothing said: the name is looked up, port
/// 8883, and the system's roots (or SSL_CERT_FILE's) decide. The server's name is always checked.
struct Transport {
  std::string ca_file;     ///< PEM of the only roots to believe; empty: the system's.
  std::string connect_to;  ///< "127.0.0.1:8883", "[::1]:8883": dialled in place of looking the name up. SNI
                           ///< and the check of the name stay as they are, as with curl's --connect-to.
  std::uint16_t port = 8883;
};

/// Exponential backoff with full jitter: the nth pause is uniform between 0 and the smaller of `pause_max`
/// and `pause_first` x 2^n.
struct RetryPolicy {
  std::chrono::milliseconds pause_first{500};
  std::chrono::milliseconds pause_max{30'000};
  /// One attempt: name, TCP, TLS and CONNACK.
  std::chrono::milliseconds attempt_timeout{15'000};
};

struct ProvisioningOptions {
  std::string host = "global.azure-devices-provisioning.net";
  std::string id_scope;
  std::string registration_id;  ///< With X.509: the certificate's common name.
  std::string payload_json;     ///< For custom allocation; one JSON value, or empty.
  Transport transport;
  RetryPolicy retry;
  std::chrono::milliseconds timeout{60'000};  ///< For everything, retries and polls included.
  std::string user_agent;                     ///< ClientVersion; empty: the library's own.
  /// Told before each pause: what went wrong, and how long the pause is.
  std::function<void(const Error&, std::chrono::milliseconds)> on_retry;
};

/// Where DPS put a device.
struct Assignment {
  std::string status;        ///< "assigned".
  std::string substatus;     ///< "initialAssignment", ...; may be empty.
  std::string assigned_hub;  ///< Host name.
  std::string device_id;
  std::string operation_id;
};

/// Registers a device with DPS and waits until it is assigned to a hub.
///
/// Shape     id_scope and registration_id must not be empty.
/// Units     `timeout` in milliseconds of the Runtime's clock. The service's retry-after is honoured between
/// 1
///           and 30 seconds; without one a poll follows after 2.
/// Returns   the assignment.
/// Errors    provisioning_failed  DPS refused; status, error code, message and tracking id are in the reason.
///                                Final: 4xx but 429, status failed or disabled, CONNACK 1, 2, 4, 5
///           server_untrusted     final
///           file_unreadable, key_mismatch  the credentials; final
///           timed_out, or the last attempt's own error (connect_failed, name_unresolved, connection_lost,
///                                tls_failure, provisioning_failed for 429 and 5xx) when time is up
///           cancelled            it may or may not have happened
/// Order     none; registering again gives the same device.
/// Threads   call from the Runtime's executor. Cancellation: terminal.
/// Delivery  requests are sent again until one is answered; DPS takes repeated ones for one registration.
/// Source    Azure DPS, "Communicate with your DPS using the MQTT protocol", api-version 2019-03-31. Tested
/// by
///           src/client/tests/provision_test.cpp.
boost::asio::awaitable<Result<Assignment>> provision(Runtime& runtime,
                                                     std::shared_ptr<Credentials> credentials,
                                                     ProvisioningOptions options);

enum class ConnectionState : std::uint8_t {
  disconnected,  ///< Not asked to be connected, or no more.
  connecting,
  connected,
  waiting,  ///< Lost or not reached; will be tried again after a pause.
  refused,  ///< For good: `why` is final, nothing is tried until connect() is called again.
};

/// One change of the connection, told in order.
struct ConnectionEvent {
  ConnectionState state = ConnectionState::disconnected;
  std::optional<Error> why;               ///< With waiting and refused.
  std::chrono::milliseconds retry_in{0};  ///< With waiting.
  unsigned attempt = 0;                   ///< Since the last stable connection; the first is 1.
};

struct ClientOptions {
  std::string host;  ///< The hub's, as in Assignment::assigned_hub.
  std::string device_id;
  Transport transport;
  RetryPolicy retry;
  std::chrono::seconds keep_alive{60};  ///< 5 s to 1740 s.
  std::size_t outbox_max = 256;         ///< Messages kept until they are acknowledged.
  std::size_t twin_requests_max = 16;   ///< Twin requests kept until they are answered.
  std::string user_agent;               ///< DeviceClientType; empty: the library's own.
  /// Called on the Runtime's thread; must not call the Client.
  std::function<void(const ConnectionEvent&)> on_state;
};

/// A device's connection to its hub. Once connected it stays so: a lost connection is made again, and what
/// was not acknowledged is sent again. Make and destroy it on any thread; the Runtime must outlive it.
class Client {
 public:
  Client(Runtime& runtime, std::shared_ptr<Credentials> credentials, ClientOptions options);
  /// Disconnects without waiting; who still waits is told `cancelled`.
  ~Client();
  Client(Client&& other) noexcept;
  Client& operator=(Client&&) = delete;

  /// Connects, and keeps connected until disconnect().
  ///
  /// Units     `timeout` in milliseconds of the Runtime's clock, retries included; above 0.
  /// Returns   nothing. When this completes with a value, the hub has accepted the device.
  /// Errors    hub_refused       CONNACK 1, 2, 4 or 5; final
  ///           server_untrusted  final
  ///           file_unreadable, key_mismatch  the credentials; final
  ///           timed_out, or the last attempt's own error when time is up; nothing is tried any more then
  ///           cancelled         the client goes on trying; disconnect() ends that
  /// Order     at once when it is connected already.
  /// Threads   call from the Runtime's executor. Cancellation: terminal.
  /// Source    Azure IoT Hub, "Communicate with your IoT hub using MQTT", api-version 2021-04-12. Tested by
  ///           src/client/tests/client_test.cpp.
  boost::asio::awaitable<Result<void>> connect(std::chrono::milliseconds timeout = std::chrono::seconds{60});

  /// Sends one telemetry message and waits until the hub has it on disk.
  ///
  /// Shape     `payload`: any content; borrowed until the result is awaited, then copied. Payload and encoded
  ///           properties together at most kMessageSizeMax (262,144) bytes.
  /// Units     `options.timeout` in milliseconds of the Runtime's clock, reconnections included.
  /// Returns   nothing. When this completes with a value, the message survives a crash of the hub.
  /// Errors    message_too_large   nothing was sent; the limit is in the reason
  ///           not_connected       the outbox is full, offline or behind; nothing was sent
  ///           hub_refused, server_untrusted, ...  the client had given up before (ConnectionState::refused)
  ///           timed_out           it may or may not have been stored: sending again can make a duplicate
  ///           cancelled           as timed_out; also for disconnect()
  /// Order     messages of one Client are sent in the order of the calls.
  /// Threads   call from the Runtime's executor. Cancellation: terminal.
  /// Delivery  at least once (QoS 1). Consumers tell duplicates by the message-id property.
  /// Source    MQTT 3.1.1 sections 4.3.2 and 4.4; Azure IoT Hub, "Communicate with your IoT hub using MQTT",
  ///           sending device-to-cloud messages; size limit from its quotas page. Tested by
  ///           src/client/tests/client_test.cpp.
  boost::asio::awaitable<Result<void>> publish(std::span<const std::byte> payload, PublishOptions options);
  boost::asio::awaitable<Result<void>> publish(std::span<const std::byte> payload);

  /// Reads the device's twin.
  ///
  /// Units     `timeout` in milliseconds of the Runtime's clock, reconnections included; above 0.
  /// Returns   desired and reported properties with their versions.
  /// Errors    hub_refused         the hub answered 4xx or 5xx; status, error code and message are in the
  /// reason
  ///           service_error       the hub answered with what is no twin
  ///           not_connected       twin_requests_max requests wait already; nothing was sent
  ///           hub_refused, server_untrusted, ...  the client had given up before (ConnectionState::refused)
  ///           timed_out
  ///           cancelled           also for disconnect()
  /// Order     requests are sent in the order of the calls.
  /// Threads   call from the Runtime's executor. Cancellation: terminal.
  /// Delivery  asked again on the next connection until it is answered or time is up.
  /// Source    Azure IoT Hub, "Communicate with your IoT hub using MQTT", device twins. Tested by
  ///           src/client/tests/twin_test.cpp.
  boost::asio::awaitable<Result<DeviceTwin>> get_twin(
      std::chrono::milliseconds timeout = std::chrono::seconds{30});

  /// Changes the device's reported properties.
  ///
  /// Shape     `patch_json`: a JSON object; merged into what is there, null deletes. The limits on keys,
  /// depth
  ///           and size are the hub's to check.
  /// Units     as get_twin().
  /// Returns   the new version of the reported properties. When this completes with a value, the hub has them
  ///           on disk.
  /// Errors    as get_twin(). After timed_out and cancelled it may or may not have been stored.
  /// Order     patches of one Client are sent in the order of the calls.
  /// Threads   call from the Runtime's executor. Cancellation: terminal.
  /// Delivery  at least once: sent again on the next connection until it is answered, which leaves the same
  ///           properties and may move the version once more.
  /// Source    as get_twin().
  boost::asio::awaitable<Result<std::int64_t>> patch_reported(
      std::string patch_json, std::chrono::milliseconds timeout = std::chrono::seconds{30});

  /// Asks to be told of the desired properties, from now on and on every later connection.
  ///
  /// Shape     `on_update` is called on the Runtime's thread, in the order of the versions: first with all of
  ///           them, then with each change; with all of them again whenever one may have been missed, which a
  ///           new connection finds out by reading the twin. It must not call the Client. A second call takes
  ///           the first's place.
  /// Units     as get_twin().
  /// Returns   nothing. When this completes with a value, `on_update` has been called once.
  /// Errors    as get_twin(); the client goes on trying after timed_out and cancelled, until disconnect().
  ///           hub_refused also when the hub does not grant the subscription.
  /// Threads   call from the Runtime's executor. Cancellation: terminal.
  /// Delivery  a change that is followed by another while there is no connection is told as part of it.
  /// Source    as get_twin().
  boost::asio::awaitable<Result<void>> watch_desired(std::function<void(const DesiredUpdate&)> on_update,
                                                     std::chrono::milliseconds timeout = std::chrono::seconds{
                                                         30});

  /// Says DISCONNECT and closes. What was not acknowledged completes with `cancelled`.
  ///
  /// Returns   nothing; also when it was not connected. Waits at most a second for the peer to take the last
  ///           bytes.
  /// Threads   call from the Runtime's executor. Cancellation: not waited for any more.
  boost::asio::awaitable<Result<void>> disconnect();

  /// Threads   call from the Runtime's executor.
  ConnectionState state() const noexcept;

 private:
  class Session;
  std::shared_ptr<Session> session_;
};

}  // namespace muster
