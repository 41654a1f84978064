#pragma once

#include "ledger.hpp"
#include "wire.hpp"

#include <functional>
#include <string>

namespace muster::simulation {

/// What a device can do in its surroundings.
struct Reach {
  TestClock& clock;
  Random& random;
  Ledger& ledger;
  const Verdict& verdict;
  /// Dials the service under that name; null while nobody listens.
  std::function<std::shared_ptr<Wire>(const std::string& server_name)> dial;
};

/// One device as a small state machine that speaks MQTT: registers at DPS, connects at its hub, publishes
/// with a window, reports, leaves, comes back. It knows nothing of the service's inside, and is told nothing
/// but what arrives.
class Device {
 public:
  Device(std::size_t number, Reach reach);

  /// Does one thing that a device of its kind might do now.
  void act();
  /// Handles what has arrived.
  void hear();
  /// From now on it wants one thing: to be online and have one more message acknowledged.
  void finish() noexcept { finishing_ = true; }
  bool finished() const noexcept { return finished_; }
  const std::shared_ptr<Wire>& wire() const noexcept { return wire_; }
  std::string_view stage_name() const noexcept;

 private:
  enum class Stage : std::uint8_t {
    away,
    dps_connecting,
    dps_subscribing,
    dps_registering,
    dps_waiting,
    dps_polling,
    hub_connecting,
    hub_subscribing,
    online
  };

  template <typename P>
  void say(const P& packet) {
    Bytes bytes;
    mqtt::encode(packet, bytes);
    wire_->send(bytes);
  }
  void dial_dps();
  void dial_hub();
  void connect(const std::string& user_name, const std::string& resource, bool clean);
  void request(const std::string& topic, const std::string& body);
  void publish(std::uint8_t qos);
  void report();
  void act_online();
  void leave(bool orderly);
  void lose_patience();
  std::uint16_t next_packet_id();

  void on(const mqtt::Packet& packet);
  void on_accepted();
  void on_response(const mqtt::Publish& packet);
  void on_registration(int status, std::string_view body);

  std::size_t number_;
  std::string id_;
  std::string key_;
  Reach reach_;
  Stage stage_ = Stage::away;
  std::shared_ptr<Wire> wire_;
  PacketReader reader_;
  std::optional<std::size_t> hub_;  ///< Where it was assigned.
  std::string operation_id_;
  std::uint16_t packet_id_ = 0;
  std::size_t window_ = 0;
  std::uint64_t reported_ = 0;
  int patience_ = 0;
  std::optional<std::uint16_t> last_wish_;  ///< Packet id of the message that finishing waits for.
  bool finishing_ = false;
  bool finished_ = false;
};

}  // namespace muster::simulation
