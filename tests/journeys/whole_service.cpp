#include "whole_service.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>

namespace muster::journeys {
namespace {

using pki::forge::tutorial;

eventlog::SegmentedLogConfig log_config(const Terms& terms) {
  eventlog::SegmentedLogConfig config;
  config.directory = "events";
  config.segment_bytes = 4u << 20;
  config.flush_interval = std::chrono::microseconds{0};
  config.queue_bytes_max = terms.log_queue_bytes;
  config.reserve_bytes = 0;
  return config;
}

/// A step of the test's own making: when it fails, the test is wrong.
template <typename T>
T made(Result<T> result) {
  if (!result) ADD_FAILURE() << result.error().reason();
  return *std::move(result);
}
void made(const Result<void>& result) { ASSERT_TRUE(result) << result.error().reason(); }

}  // namespace

WholeService::WholeService(Terms terms) : terms_{std::move(terms)} {
  starts();
  makes_world();
}

WholeService::~WholeService() = default;

WholeService::Running::Running(WholeService& service)
    : journal{service.clock, *service.random_},
      sessions{service.clock},
      registry{service.stored_},
      log{made(eventlog::CommitStream::open(service.disk_, service.clock, log_config(service.terms_),
                                            eventlog::Drive::by_hand))},
      hurried{*log},
      front_door{registry, "127.0.0.1", {"127.0.0.1"}},
      allocation{service.terms_.geography, service.terms_.webhook},
      provisioning{registry,
                   anchors,
                   verdicts,
                   allocation,
                   service.clock,
                   *service.random_,
                   service.terms_.provisioning},
      operations{provisioning},
      connect{registry, anchors, verdicts, service.clock},
      twins{registry, sessions, service.clock},
      throttles{service.clock, service.terms_.throttles} {
  shards.push_back(std::make_unique<net::Shard>(service.clock, 0));
  gateway = std::make_unique<mqtt::Gateway>(
      mqtt::GatewayServices{service.clock, journal, registry, hurried, operations, provisioning, connect,
                            sessions, twins, throttles, front_door, service.terms_.limits,
                            service.terms_.dps},
      shards);
}

WholeService::Running::~Running() {
  registry.go_on();
  gateway->end_all(*shards.front(), Error{ErrorCode::shutting_down, "the test is over"});
  while (shards.front()->poll() > 0) {
  }
}

void WholeService::starts() { running_ = std::make_unique<Running>(*this); }

void WholeService::makes_world() {
  made(store().services().put_hub({.name = kHub, .location = "eastus", .created = clock.wall()}, 0));
  made(store().services().put_dps({.name = kDps,
                                   .id_scope = std::string{kScope},
                                   .location = "eastus",
                                   .linked_hubs = {{kHub, "eastus", 1, true}},
                                   .created = clock.wall()},
                                  0));
  made(running_->log->add_hub(kHub.str(), 4));
  uploads_ca("my-root-ca", tutorial().root.certificate);
  uploads_ca("my-intermediate-ca", tutorial().intermediate.certificate);
  enrolls(kGroup, "my-intermediate-ca");
  asio::co_spawn(shard().io(), running_->front_door.refresh(), asio::detached);
  settles();
}

void WholeService::uploads_ca(std::string_view name, const pki::Certificate& certificate, bool verified) {
  made(store().certificates().put({.owner = {ServiceKind::dps, kDps},
                                   .name = *CertificateName::parse(name),
                                   .der = certificate.der(),
                                   .subject = certificate.subject(),
                                   .sha1_thumbprint = certificate.sha1_thumbprint(),
                                   .sha256_thumbprint = certificate.sha256_thumbprint(),
                                   .not_before = certificate.not_before(),
                                   .not_after = certificate.not_after(),
                                   .verified = verified,
                                   .created = clock.wall(),
                                   .updated = clock.wall()},
                                  registry::kAnyVersion));
}

void WholeService::removes_ca(std::string_view name) {
  made(store().certificates().remove({ServiceKind::dps, kDps}, *CertificateName::parse(name),
                                     registry::kAnyVersion));
}

void WholeService::enrolls(std::string_view group, std::string_view ca, bool enabled) {
  EnrollmentGroup wanted{.dps = kDps, .id = *EnrollmentGroupId::parse(group)};
  wanted.settings.attestation.type = AttestationType::x509;
  wanted.settings.attestation.ca_primary = ca;
  wanted.settings.enabled = enabled;
  made(store().groups().put(wanted, registry::kAnyVersion));
}

void WholeService::drops_enrollment(std::string_view group) {
  made(store().groups().remove(kDps, *EnrollmentGroupId::parse(group), registry::kAnyVersion));
}

void WholeService::changes_enrollment(std::string_view group,
                                      const std::function<void(EnrollmentSettings&)>& change) {
  auto held = made(store().groups().find(kDps, *EnrollmentGroupId::parse(group))).value();
  change(held.settings);
  made(store().groups().put(held, registry::kAnyVersion));
}

void WholeService::links_hub(const ServiceName& hub, std::string_view location, std::uint32_t weight) {
  made(store().services().put_hub({.name = hub, .location = std::string{location}, .created = clock.wall()},
                                  0));
  made(running_->log->add_hub(hub.str(), 4));
  auto dps = made(store().services().dps_instances()).at(0);
  dps.linked_hubs.push_back({hub, std::string{location}, weight, true});
  made(store().services().put_dps(dps, registry::kAnyVersion));
  asio::co_spawn(shard().io(), running_->front_door.refresh(), asio::detached);
  settles();
}

void WholeService::disables_device(std::string_view id) {
  DeviceIdentity identity = device(id).value();
  identity.enabled = false;
  made(store().devices().put(identity, registry::kAnyVersion, nullptr));
}

void WholeService::deletes_device(std::string_view id) {
  made(store().devices().remove(kHub, *DeviceId::parse(id), registry::kAnyVersion));
}

Result<void> WholeService::patches_twin(std::string_view id, std::string_view body) {
  const auto outcome = std::make_shared<std::optional<Result<void>>>();
  const auto patch = [](hub::Twins& twins, hub::SessionKey key, hub::TwinChange change,
                        std::shared_ptr<std::optional<Result<void>>> into) -> asio::awaitable<void> {
    const auto changed = co_await twins.change(std::move(key), std::move(change), {});
    *into = changed ? Result<void>{} : Result<void>{failure(changed.error())};
  };
  const hub::SessionKey key{kHub, *DeviceId::parse(id), ""};
  MUSTER_TRY(const hub::TwinChange change, hub::parse_twin_patch(body));
  asio::co_spawn(shard().io(), patch(running_->twins, key, change, outcome), asio::detached);
  settles();
  return **outcome;
}

std::optional<Twin> WholeService::twin(std::string_view id) {
  return made(store().devices().find_twin(kHub, *DeviceId::parse(id)));
}

void WholeService::ends_sessions(std::string_view id, const Error& why) {
  running_->sessions.close_where([id](const hub::SessionKey& key) { return key.device.str() == id; }, why);
}

void WholeService::restarts() {
  running_->log->stop();
  running_.reset();
  starts();
  asio::co_spawn(shard().io(), running_->front_door.refresh(), asio::detached);
  settles();
}

void WholeService::passes(std::chrono::nanoseconds by) {
  clock.advance(by);
  settles();
}

void WholeService::settles() {
  bool moved = true;
  while (moved) {
    moved = shard().poll() > 0;
    while (!disk_paused_ && running_->log->run_once()) moved = true;
  }
}

void WholeService::disk_goes_on() {
  disk_paused_ = false;
  settles();
}

void WholeService::disk_fails() {
  disk_.set_fault([](const disk::Operation& operation) -> std::optional<ErrorCode> {
    if (operation.kind == disk::OperationKind::sync) return ErrorCode::io_failed;
    return std::nullopt;
  });
}

std::vector<Read> WholeService::events() {
  std::vector<Read> all;
  for (std::uint32_t partition = 0; partition < 4; ++partition) {
    const auto reader = made(running_->log->open_reader(kHub.str(), partition, eventlog::FromStart{}));
    for (bool more = true; more;) {
      const eventlog::ReadBatch batch = made(reader->read(1u << 20));
      for (const StoredEvent& stored : batch.events) {
        const EventView& event = stored.event;
        all.push_back({std::string{event.device_id}, std::string{event.properties},
                       std::string{as_text(event.body)}, event.auth_method, event.flags});
      }
      more = !batch.at_end && !batch.events.empty();
    }
  }
  return all;
}

std::vector<journal::Kept> WholeService::journal(std::string_view subject) const {
  return running_->journal.newest(1'000, std::string{subject});
}

std::optional<DeviceIdentity> WholeService::device(std::string_view id, const ServiceName& hub) {
  return made(store().devices().find(hub, *DeviceId::parse(id)));
}

std::optional<Registration> WholeService::registration(std::string_view id) {
  return made(store().registrations().find(kDps, *RegistrationId::parse(id)));
}

std::shared_ptr<net::ScriptedPeer> WholeService::accepts(net::PeerInfo info) {
  auto [stream, peer] = net::ScriptedStream::make(shard());
  peer->set_info(std::move(info));
  asio::co_spawn(shard().io(), running_->gateway->serve(shard(), std::move(stream)), asio::detached);
  return peer;
}

pki::Chain certificate_of(std::string_view common_name) {
  return {
      {pki::forge::forge({.common_name = std::string{common_name}}, &tutorial().intermediate).certificate}};
}

}  // namespace muster::journeys
