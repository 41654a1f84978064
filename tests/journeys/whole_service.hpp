#pragma once

#include "base/random.hpp"
#include "disk/lossy.hpp"
#include "eventlog/commit_stream.hpp"
#include "gateway/mqtt/gateway.hpp"
#include "hurried_log.hpp"
#include "journal/journal.hpp"
#include "net/scripted_stream.hpp"
#include "pki/tests/forge.hpp"
#include "provisioning/operations.hpp"
#include "registry/tests/inline_registry.hpp"
#include "server/front_door.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace muster::journeys {

using namespace std::chrono_literals;

inline constexpr std::string_view kScope = "0ne00123ABC";
inline const ServiceName kDps = *ServiceName::parse("my-dps-x509");
inline const ServiceName kHub = *ServiceName::parse("my-iot-hub-x509");
inline constexpr std::string_view kHubHost = "my-iot-hub-x509.azure-devices.net";
inline constexpr std::string_view kGroup = "my-device-group";
inline constexpr std::string_view kDevice = "my-device-001";

/// What a test may want other than it is by default.
struct Terms {
  mqtt::MqttLimits limits;
  mqtt::DpsAnswers dps;
  provisioning::ProvisioningConfig provisioning;
  std::uint64_t log_queue_bytes = 64u << 20;
  provisioning::Geography geography;
  provisioning::AllocationWebhook* webhook = nullptr;
  throttle::Profile throttles = throttle::Profile::none;
};

/// An event as it was read back from the log.
struct Read {
  std::string device, properties, body;
  AuthMethod method;
  std::uint8_t flags;
};

/// Everything that serves devices, in one thread, on the test clock: registry and disk in memory, connections
/// that a test scripts. The world is the tutorial's: one DPS instance, one hub, two verified CAs, one
/// enrollment group. Nothing happens while a test looks; settles() lets everything happen that can.
class WholeService {
 public:
  explicit WholeService(Terms terms = {});
  ~WholeService();

  // What an operator does.
  void uploads_ca(std::string_view name, const pki::Certificate& certificate, bool verified = true);
  void removes_ca(std::string_view name);
  void enrolls(std::string_view group, std::string_view ca, bool enabled = true);
  void drops_enrollment(std::string_view group);
  /// Changes what the enrollment group says.
  void changes_enrollment(std::string_view group, const std::function<void(EnrollmentSettings&)>& change);
  /// A further hub, linked with this weight.
  void links_hub(const ServiceName& hub, std::string_view location, std::uint32_t weight);
  void disables_device(std::string_view id);
  void deletes_device(std::string_view id);
  /// Changes the twin of a device, as PATCH /twins/{id} does with this body.
  Result<void> patches_twin(std::string_view id, std::string_view body);
  std::optional<Twin> twin(std::string_view id);
  /// What the service API does after a change of a device was stored.
  void ends_sessions(std::string_view id, const Error& why);
  /// All but what is stored starts anew; connections are gone.
  void restarts();

  // What happens to it.
  void passes(std::chrono::nanoseconds by);
  void settles();
  void disk_pauses() { disk_paused_ = true; }
  void disk_goes_on();
  void disk_fails();
  /// From now on a commit comes as soon as an append has found no room, even while the disk pauses for
  /// settles().
  void log_hurries() { running_->hurried.hurries = true; }

  // What can be seen of it.
  std::vector<Read> events();
  /// Newest first.
  std::vector<journal::Kept> journal(std::string_view subject) const;
  std::vector<journal::Kept> newest_entries() const { return running_->journal.newest(10'000); }
  std::optional<DeviceIdentity> device(std::string_view id, const ServiceName& hub = kHub);
  std::optional<Registration> registration(std::string_view id);
  std::size_t connected() const { return running_->sessions.connected_count(); }
  std::size_t operations_running() const { return running_->operations.running(); }
  registry::InlineRegistry& registry() { return running_->registry; }
  registry::Store& store() { return running_->registry.store(); }

  /// A connection is accepted; the peer's end of it.
  std::shared_ptr<net::ScriptedPeer> accepts(net::PeerInfo info);

  TestClock clock{pki::forge::kNow};

 private:
  /// What a restart makes anew, in the order of server/service_parts.hpp.
  struct Running {
    explicit Running(WholeService& service);
    ~Running();
    journal::Journal journal;
    hub::SessionDirectory sessions;
    registry::InlineRegistry registry;
    std::unique_ptr<eventlog::CommitStream> log;
    HurriedLog hurried;
    server::FrontDoor front_door;
    trust::AnchorCache anchors;
    trust::VerdictCache verdicts;
    provisioning::PolicyAllocation allocation;
    provisioning::Provisioning provisioning;
    provisioning::Operations operations;
    hub::ConnectService connect;
    hub::Twins twins;
    throttle::Throttles throttles;
    std::vector<std::unique_ptr<net::Shard>> shards;
    std::unique_ptr<mqtt::Gateway> gateway;
  };
  void starts();
  void makes_world();
  net::Shard& shard() { return *running_->shards.front(); }

  Terms terms_;
  std::unique_ptr<Random> random_ = make_seeded_random(7);
  disk::LossyDisk disk_{7};
  std::shared_ptr<registry::memory::MemoryStore> stored_ = std::make_shared<registry::memory::MemoryStore>();
  std::unique_ptr<Running> running_;
  bool disk_paused_ = false;
};

/// A device's certificate, issued by the tutorial's intermediate CA; the device presents it alone, as the
/// tutorial's does.
pki::Chain certificate_of(std::string_view common_name);

}  // namespace muster::journeys
