#pragma once

#include "protocol/dps/topic.hpp"
#include "protocol/mqtt/packet.hpp"
#include "whole_service.hpp"

#include <nlohmann/json.hpp>

#include <deque>
#include <memory>
#include <optional>
#include <string>

namespace muster::journeys {

using mqtt::Connack;
using mqtt::Connect;
using mqtt::Disconnect;
using mqtt::Pingreq;
using mqtt::Pingresp;
using mqtt::Puback;
using mqtt::Publish;
using mqtt::Suback;
using mqtt::Subscribe;
using mqtt::Unsuback;
using mqtt::Unsubscribe;

/// What a device reached the service by, and what it showed in the handshake.
struct Dialled {
  std::optional<pki::Chain> chain;
  std::string server_name = std::string{kGlobalProvisioningHost};
  std::string address = "127.0.0.1";
};

/// A PUBLISH on DPS's response topic.
struct Answer {
  int status = 0;
  std::string rid;
  std::optional<int> retry_after;
  nlohmann::json body;
  std::uint8_t qos = 0;
};

/// One connection of one device, as bytes: what it says is sent at once and the service settles; what it
/// hears are the packets that came, in order. Views in a packet that was heard live as long as the Device.
class Device {
 public:
  Device(WholeService& service, Dialled dialled);

  template <typename P>
  void says(const P& packet) {
    Bytes bytes;
    mqtt::encode(packet, bytes);
    sends(bytes);
  }
  void sends(ByteView bytes);

  /// The next packet, which has to be a P.
  template <typename P>
  P hears() {
    const std::optional<mqtt::Packet> packet = next();
    if (packet && std::holds_alternative<P>(*packet)) return std::get<P>(*packet);
    ADD_FAILURE() << (packet ? "another packet came, of kind " + std::to_string(packet->index())
                             : "no packet came");
    return P{};
  }
  bool hears_nothing();
  /// Of what kind the next packet is; nullopt when none came.
  std::optional<mqtt::PacketType> hears_type();
  void hangs_up();
  bool is_closed() const { return peer_->closed(); }
  net::ScriptedPeer& wire() { return *peer_; }

  // The usual sentences of a conversation, each up to its answer.
  Connack connects_to_dps(std::string_view registration_id, std::string_view scope = kScope);
  void subscribes_to_responses();
  Answer registers(std::string_view registration_id, std::string_view rid = "r");
  Answer polls(std::string_view operation_id, std::string_view rid = "p");
  Answer hears_answer();
  /// Connects to DPS, registers and polls until the answer is final.
  Answer provisions(std::string_view registration_id);

  struct HubTerms {
    bool clean_session = true;
    std::uint16_t keep_alive_s = 60;
    std::optional<mqtt::Will> will;
  };
  Connack connects_to_hub(std::string_view device_id, const HubTerms& terms);
  Connack connects_to_hub(std::string_view device_id) { return connects_to_hub(device_id, HubTerms{}); }
  /// Telemetry; with a packet id at QoS 1.
  void publishes(std::string_view topic, std::string_view body, std::uint16_t packet_id = 0);
  Suback subscribes(std::vector<mqtt::TopicRequest> topics);

 private:
  std::optional<mqtt::Packet> next();

  WholeService& service_;
  std::shared_ptr<net::ScriptedPeer> peer_;
  Bytes unread_;
  std::deque<Bytes> heard_;
};

/// Dials DPS, or the hub, with this certificate.
Dialled to_dps(pki::Chain chain);
Dialled to_hub(pki::Chain chain);
/// A device that is registered: its certificate.
pki::Chain provisioned(WholeService& service, std::string_view id = kDevice);
/// The telemetry topic of a device.
std::string events_topic(std::string_view device_id, std::string_view properties = {});

}  // namespace muster::journeys
