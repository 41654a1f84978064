#include "service.hpp"

#include "eventlog/tests/forwarding_log.hpp"
#include "registry/sqlite/store.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <sqlite3.h>

namespace muster::simulation {
class TappedLog final : public eventlog::ForwardingLog {
 public:
  TappedLog(eventlog::EventLog& log, bool early) : ForwardingLog{log}, early_{early} {}

  Result<eventlog::Ticket> append(const EventView& event) override {
    auto ticket = ForwardingLog::append(event);
    if (ticket) last_ = *ticket;
    return ticket;
  }
  eventlog::Ticket durable_ticket() const noexcept override {
    return early_ ? last_ : ForwardingLog::durable_ticket();
  }

 private:
  bool early_;
  eventlog::Ticket last_ = 0;
};

Service::Service(const Ground& ground)
    : ground_{ground}, files_{ground.disk}, journal_{ground.clock, ground.random}, sessions_{ground.clock} {}

Result<std::unique_ptr<Service>> Service::start(const Ground& ground) {
  std::unique_ptr<Service> service{new Service{ground}};
  MUSTER_CHECK(service->open());
  return service;
}

/// In the order of server/service_start.cpp.
Result<void> Service::open() {
  using registry::sqlite::open_store;
  using registry::sqlite::Role;
  const std::string path = registry_path();
  MUSTER_TRY(writer_, open_store(path, Role::writer, files_.name()));
  MUSTER_TRY(reader_, open_store(path, Role::reader, files_.name()));
  MUSTER_TRY(observer_, open_store(path, Role::reader, files_.name()));
  registry_ = std::make_unique<RegistryByHand>(*writer_, *reader_);
  if (ground_.mutation == Mutation::registry_answers_early) registry_->answer_early();
  MUSTER_TRY(
      log_, eventlog::CommitStream::open(ground_.disk, ground_.clock, ground_.log, eventlog::Drive::by_hand));
  MUSTER_TRY(const std::vector<Hub> hubs, observer_->services().hubs());
  for (const Hub& hub : hubs) {
    MUSTER_CHECK(log_->add_hub(hub.name.key(), hub.partition_count));
  }
  tapped_ = std::make_unique<TappedLog>(*log_, ground_.mutation == Mutation::acknowledges_before_sync);
  front_door_ = std::make_unique<server::FrontDoor>(*registry_, "127.0.0.1", std::vector<std::string>{});
  allocation_ = std::make_unique<provisioning::PolicyAllocation>();
  provisioning_ = std::make_unique<provisioning::Provisioning>(provisioning::Provisioning{
      *registry_,
      anchors_,
      verdicts_,
      *allocation_,
      ground_.clock,
      ground_.random,
      {},
      [this](const DeviceIdentity& left) {
        sessions_.close_where(
            [&](const hub::SessionKey& key) { return key.hub == left.hub && key.device == left.id; },
            Error{ErrorCode::device_not_found, "it was assigned to another hub"});
        sessions_.forget({left.hub, left.id, ""});
      }});
  operations_ = std::make_unique<provisioning::Operations>(*provisioning_);
  connect_ = std::make_unique<hub::ConnectService>(
      hub::ConnectService{*registry_, anchors_, verdicts_, ground_.clock});
  twins_ = std::make_unique<hub::Twins>(*registry_, sessions_, ground_.clock);
  throttles_ = std::make_unique<throttle::Throttles>(ground_.clock, throttle::Profile::none);
  for (std::uint32_t index = 0; index < ground_.shards; ++index) {
    shards_.push_back(std::make_unique<net::Shard>(ground_.clock, index));
  }
  mqtt::MqttLimits limits;
  limits.inflight_max = 8;  // So that a device's window meets it.
  gateway_ = std::make_unique<mqtt::Gateway>(
      mqtt::GatewayServices{ground_.clock, journal_, *registry_, *tapped_, *operations_, *provisioning_,
                            *connect_, sessions_, *twins_, *throttles_, *front_door_, limits,
                            mqtt::DpsAnswers{}},
      shards_);
  return {};
}

Service::~Service() {
  if (!gateway_) return;
  const Error over{ErrorCode::shutting_down, "the process ended"};
  registry_->stop();
  // Again and again: a connection that was accepted last is known only once its coroutine has begun.
  do {
    for (const auto& shard : shards_) gateway_->end_all(*shard, over);
  } while (poll_all());
}

void Service::stop() {
  const Error over{ErrorCode::shutting_down, "the service is being stopped"};
  bool moved = true;
  while (moved) {
    for (const auto& shard : shards_) gateway_->end_all(*shard, over);
    moved = poll_all();
    moved = registry_->run_once(true, 8) || moved;
    moved = log_->run_once() || moved;
  }
  log_->stop();
  registry_->stop();
}

bool Service::poll_all() {
  bool ever = false;
  for (bool moved = true; moved; ever = ever || moved) {
    moved = false;
    for (const auto& shard : shards_) moved = shard->poll() > 0 || moved;
  }
  return ever;
}

void Service::refresh() {
  asio::co_spawn(shards_.front()->io(), front_door_->refresh(), asio::detached);
  while (poll_all() || registry_->run_once(true, 1)) {
  }
}

std::shared_ptr<net::ScriptedPeer> Service::accept(net::PeerInfo info, std::size_t shard) {
  auto [stream, peer] = net::ScriptedStream::make(*shards_[shard]);
  peer->set_info(std::move(info));
  asio::co_spawn(shards_[shard]->io(), gateway_->serve(*shards_[shard], std::move(stream)), asio::detached);
  return peer;
}

Result<void> Service::make_world() {
  const WallTime now = ground_.clock.wall();
  MUSTER_CHECK(writer_->transaction([&]() -> Result<void> {
    std::vector<LinkedHub> links;
    for (const ServiceName& hub : kHubs) {
      MUSTER_CHECK(writer_->services().put_hub(
          {.name = hub, .location = "eastus", .partition_count = kPartitions, .created = now}, 0));
      links.push_back({hub, "eastus", 1, true});
    }
    const DpsInstance dps{.name = kDps,
                          .id_scope = std::string{kScope},
                          .location = "eastus",
                          .linked_hubs = links,
                          .created = now};
    MUSTER_CHECK(writer_->services().put_dps(dps, 0));
    EnrollmentGroup group{.dps = kDps, .id = *EnrollmentGroupId::parse("devices"), .settings = {}};
    group.settings.attestation.type = AttestationType::symmetric_key;
    group.settings.attestation.primary_key = std::string{kGroupKey};
    MUSTER_CHECK(writer_->groups().put(group, 0));
    return {};
  }));
  for (const ServiceName& hub : kHubs) {
    MUSTER_CHECK(log_->add_hub(hub.key(), kPartitions));
  }
  return {};
}

void Service::checkpoint() {
  sqlite3* db = nullptr;
  if (sqlite3_open_v2(registry_path().c_str(), &db, SQLITE_OPEN_READWRITE, files_.name()) == SQLITE_OK) {
    sqlite3_wal_checkpoint_v2(db, nullptr, SQLITE_CHECKPOINT_RESTART, nullptr, nullptr);
  }
  sqlite3_close(db);
}

}  // namespace muster::simulation
