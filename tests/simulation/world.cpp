#include "world.hpp"

#include "eventlog/verify.hpp"
#include "protocol/dps/registration.hpp"
#include "protocol/dps/topic.hpp"
#include "protocol/hub/topic.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <sqlite3.h>

#include <algorithm>
#include <charconv>

namespace muster::simulation {
namespace {

using namespace std::chrono_literals;

constexpr WallTime kBegin{std::chrono::seconds{1'768'991'400}};  // 2026-01-21T10:30:00Z
constexpr std::uint64_t kStepsHealing = 40'000;

/// Far from the other streams of chance that begin near `seed`.
std::uint64_t stream_of(std::uint64_t seed, std::uint64_t which) {
  return seed * 0x9E3779B97F4A7C15u + which * 0xD1B54A32D192ED03u;
}

}  // namespace

World::World(const Wanted& wanted)
    : wanted_{wanted},
      random_{make_seeded_random(stream_of(wanted.seed, 1))},
      clock_{kBegin},
      verdict_{clock_, wanted.verbose},
      ledger_{verdict_},
      consumers_{ledger_, verdict_, clock_},
      disk_{std::make_unique<disk::LossyDisk>(stream_of(wanted.seed, 2))} {
  // SQLite draws its salts itself.
  sqlite3_test_control(SQLITE_TESTCTRL_PRNG_SEED, static_cast<int>(wanted.seed % 1'000'000) + 1, nullptr);
  if (wanted.mutation == Mutation::disk_ignores_syncs) disk_->ignore_syncs();
  log_config_.directory = "/events";
  log_config_.segment_bytes = 6'000 + random_->below(40'000);
  log_config_.batch_bytes_max = 600 + random_->below(8'000);
  log_config_.flush_interval = std::chrono::microseconds{random_->below(2) * 1'000};
  log_config_.queue_bytes_max = 4'000 + random_->below(60'000);
  log_config_.retention = std::chrono::hours{2};
  log_config_.reserve_bytes = 0;
  consumers_.set_retention(log_config_.retention);
  shards_ = 1 + static_cast<std::size_t>(random_->below(2));
  for (std::size_t number = 0; number < kDevices; ++number) {
    Reach reach{clock_, *random_, ledger_, verdict_, [this](const std::string& name) { return dial(name); }};
    devices_.push_back(std::make_unique<Device>(number, std::move(reach)));
  }
}

World::~World() {
  if (service_) end_life(End::kill);
}

Ground World::ground() {
  return {.disk = *disk_,
          .clock = clock_,
          .random = *random_,
          .log = log_config_,
          .shards = shards_,
          .mutation = wanted_.mutation};
}

Outcome World::run() {
  begin_world();
  const std::uint64_t lives = 2 + random_->below(4);
  for (std::uint64_t life = 0; life < lives && verdict_.holds(); ++life) {
    const std::uint64_t steps = 200 + random_->below(6'000);
    plan_faults();
    if (start_service()) live(steps);
    // What ended by itself was cut off; the rest may end in any way.
    const bool cut = disk_->power_is_cut();
    end_life(static_cast<End>(random_->below(cut ? 2 : 3)));
  }
  if (verdict_.holds()) heal();
  if (verdict_.holds()) decay();
  outcome_.broken = verdict_.what();
  outcome_.acknowledged = ledger_.acknowledged_count();
  outcome_.seen = ledger_.seen_count();
  outcome_.digest = random_->below(~std::uint64_t{0}) ^ disk_->operation_count();
  return outcome_;
}

/// The tutorial's: made on a disk without faults, and durable when it returns.
void World::begin_world() {
  auto service = Service::start(ground());
  if (!service) return verdict_.broken("a new world cannot be opened: {}", service.error().reason());
  if (const auto made = (*service)->make_world(); !made) {
    verdict_.broken("a new world cannot be made: {}", made.error().reason());
  }
}

void World::plan_faults() {
  disk_->set_fault(nullptr);
  const std::uint64_t dice = random_->below(10);
  const std::uint64_t near = random_->below(3) == 0 ? 60 : 2'000;
  if (dice < 5) {
    disk_->cut_power_at(random_->below(near));
    verdict_.tell("the power will be cut");
  } else if (dice < 7) {
    const bool full = random_->below(3) == 0;
    disk_->fail_operation(random_->below(near), full ? ErrorCode::disk_full : ErrorCode::io_failed);
    verdict_.tell("one operation of the disk will fail{}", full ? ": no space" : "");
  }
}

bool World::start_service() {
  ++outcome_.lives;
  auto started = Service::start(ground());
  if (!started) {
    verdict_.tell("the start fails: {}", started.error().reason());
    const ErrorCode code = started.error().code();
    if (code == ErrorCode::log_corrupt || code == ErrorCode::registry_damaged ||
        code == ErrorCode::log_newer) {
      verdict_.broken("what a crash left does not open: {}", started.error().reason());
    }
    return false;
  }
  service_ = std::move(*started);
  verdict_.tell("the service starts, life {}", outcome_.lives);
  service_->refresh();
  consumers_.attach(*service_, *random_);
  if (!disk_->power_is_cut()) check_all();
  return verdict_.holds();
}

void World::live(std::uint64_t steps) {
  for (std::uint64_t i = 0; i < steps && verdict_.holds() && !disk_->power_is_cut(); ++i) step();
}

void World::step() {
  verdict_.at_step(++step_);
  const std::uint64_t dice = random_->below(1'000);
  if (dice < 300) {
    devices_[static_cast<std::size_t>(random_->below(kDevices))]->act();
  } else if (dice < 640) {
    move_network(dice);
  } else if (dice < 930) {
    move_service(dice);
  } else if (dice < 960) {
    pass_time();
  } else if (dice < 985) {
    if (service_) consumers_.read_some(*service_, *random_);
  } else if (dice < 995) {
    operate();
  } else {
    mishap();
  }
  after_step();
}

void World::move_network(std::uint64_t dice) {
  if (wires_.empty()) return;
  Wire& wire = *wires_[static_cast<std::size_t>(random_->below(wires_.size()))];
  if (dice < 470) {
    wire.deliver_to_service();
    return;
  }
  wire.deliver_to_device();
  for (const auto& device : devices_) device->hear();
}

void World::move_service(std::uint64_t dice) {
  if (dice < 800) {
    service_->poll(static_cast<std::size_t>(random_->below(shards_)));
  } else if (dice < 870) {
    service_->log().run_once();
  } else {
    service_->registry().run_once(random_->below(2) == 0, static_cast<std::size_t>(1 + random_->below(6)));
  }
}

void World::pass_time() {
  const std::uint64_t dice = random_->below(400);
  if (dice < 396) {
    clock_.advance(std::chrono::milliseconds{random_->below(60)});
  } else if (dice < 399) {
    clock_.advance(std::chrono::seconds{random_->below(100)});
  } else {
    // Past what retention keeps, or nearly.
    consumers_.read_all(*service_);
    const std::chrono::minutes by{random_->below(150)};
    verdict_.tell("{} min pass", by.count());
    clock_.advance(by);
  }
  consumers_.note_time();
}

/// What befalls a machine and its network.
void World::mishap() {
  const std::uint64_t dice = random_->below(8);
  if (dice < 3 && !wires_.empty()) {
    Wire& wire = *wires_[static_cast<std::size_t>(random_->below(wires_.size()))];
    wire.cut(random_->below(2) == 0);
    verdict_.tell("a connection of {} is cut", device_name(wire.device));
    for (const auto& device : devices_) device->hear();
  } else if (dice < 4) {
    const std::int64_t minutes = static_cast<std::int64_t>(random_->below(120)) - 60;
    consumers_.read_all(*service_);
    verdict_.tell("the wall clock jumps by {} min", minutes);
    clock_.jump_wall(std::chrono::minutes{minutes});
    consumers_.note_time();
  } else if (dice < 5) {
    verdict_.tell("the disk is full");
    disk_->set_capacity(1);
  } else if (dice < 7) {
    disk_->set_capacity(~std::uint64_t{0});
  } else {
    verdict_.tell("the write-ahead log is moved into the database");
    service_->checkpoint();
  }
}

/// What an administrator does meanwhile.
void World::operate() {
  if (random_->below(2) == 0) return write_as_operator();
  const ServiceName hub = kHubs[random_->below(std::size(kHubs))];
  const auto work = [hub](registry::Store& store) -> Result<void> {
    MUSTER_TRY(auto instances, store.services().dps_instances());
    DpsInstance dps = instances.at(0);
    // All devices move there, when they register again.
    for (LinkedHub& linked : dps.linked_hubs) linked.allocation_weight = linked.hub == hub ? 1 : 0;
    MUSTER_CHECK(store.services().put_dps(dps, registry::kAnyVersion));
    return {};
  };
  verdict_.tell("devices shall go to {}", hub.str());
  const auto run = [](registry::Registry& registry, auto what) -> asio::awaitable<void> {
    std::function<Result<void>(registry::Store&)> write = what;
    auto wait = registry.write(std::move(write));
    (void)co_await std::move(wait);
  };
  asio::co_spawn(service_->shard(0).io(), run(service_->registry(), work), asio::detached);
}

void World::write_as_operator() {
  const auto run = [](registry::Registry& registry, Ledger& ledger) -> asio::awaitable<void> {
    auto version = std::make_shared<std::int64_t>(0);
    std::function<Result<void>(registry::Store&)> write = [version](registry::Store& store) -> Result<void> {
      IndividualEnrollment enrollment{.dps = kDps, .id = *RegistrationId::parse("operator")};
      enrollment.settings.attestation.type = AttestationType::symmetric_key;
      enrollment.settings.attestation.primary_key = std::string{kGroupKey};
      MUSTER_TRY(const auto stored, store.enrollments().put(enrollment, registry::kAnyVersion));
      *version = stored->settings.version;
      return {};
    };
    auto wait = registry.write(std::move(write));
    const Result<void> written = co_await std::move(wait);
    if (written) ledger.operator_wrote(*version);
  };
  asio::co_spawn(service_->shard(0).io(), run(service_->registry(), ledger_), asio::detached);
}

void World::after_step() {
  if (disk_->power_is_cut()) return;  // A dead machine says nothing any more.
  collect();
  if (step_ % 32 != 0) return;
  service_->poll_all();
  collect();
  check_sessions();
  if (step_ % 256 == 0) ledger_.check_stored(service_->stored());
}

void World::collect() {
  for (std::size_t i = 0; i < wires_.size(); ++i) {
    Wire& wire = *wires_[i];
    const Bytes written = wire.collect();
    if (written.empty()) continue;
    if (!wire.tap.take(written, [&](const mqtt::Packet& packet) { tap(wire, packet); })) {
      verdict_.broken("the service wrote to {} what is not MQTT", device_name(wire.device));
    }
  }
  std::erase_if(wires_, [this](const std::shared_ptr<Wire>& wire) {
    const bool held =
        std::ranges::any_of(devices_, [&](const auto& device) { return device->wire() == wire; });
    return !held && wire->closed_by_service();
  });
}

void World::tap(Wire& wire, const mqtt::Packet& packet) {
  if (const auto* connack = std::get_if<mqtt::Connack>(&packet)) {
    wire.accepted = connack->return_code == 0;
  } else if (const auto* puback = std::get_if<mqtt::Puback>(&packet)) {
    tap_puback(wire, puback->packet_id);
  } else if (const auto* publish = std::get_if<mqtt::Publish>(&packet)) {
    tap_publish(wire, *publish);
  }
}

void World::tap_puback(Wire& wire, std::uint16_t packet_id) {
  const auto waiting = wire.awaiting.find(packet_id);
  if (waiting == wire.awaiting.end()) {
    return verdict_.broken("{} got PUBACK {}, for which it does not wait", device_name(wire.device),
                           packet_id);
  }
  if (waiting->second) ledger_.acknowledge(wire.device, *waiting->second);
  wire.awaiting.erase(waiting);
}

void World::tap_publish(Wire& wire, const mqtt::Publish& packet) {
  if (const auto twin = hub::parse_twin_response_topic(packet.topic); twin && twin->status == 204) {
    std::uint64_t value = 0;
    std::from_chars(twin->rid.data(), twin->rid.data() + twin->rid.size(), value);
    ledger_.reported(wire.device, value);
  }
  const auto answer = dps::parse_response_topic(packet.topic);
  if (!answer || answer->status != 200) return;
  const auto body = dps::parse_response_body(as_text(packet.payload));
  if (body && body->status == "assigned") ledger_.assigned(wire.device, service_->stored());
}

/// With nothing on its way inside of the service, a device has one session at a hub.
void World::check_sessions() {
  for (std::size_t device = 0; device < kDevices; ++device) {
    for (std::size_t hub = 0; hub < std::size(kHubs); ++hub) {
      const auto open = std::ranges::count_if(wires_, [&](const std::shared_ptr<Wire>& wire) {
        return wire->device == device && wire->hub == hub && wire->accepted && !wire->closed_by_service();
      });
      if (open > 1) {
        verdict_.broken("{} has {} sessions at {}", device_name(device), open, kHubs[hub].str());
      }
    }
  }
}

void World::check_all() {
  ledger_.check_stored(service_->stored());
  if (consumers_.read_all(*service_) && verdict_.holds()) ledger_.check_events();
}

std::shared_ptr<Wire> World::dial(const std::string& server_name) {
  if (!service_ || disk_->power_is_cut()) return nullptr;
  const auto peer = service_->accept({.remote = {"192.0.2.7", ++port_},
                                      .local = {"127.0.0.1", 8883},
                                      .server_name = server_name,
                                      .chain = nullptr,
                                      .tls_version = "TLSv1.3"},
                                     static_cast<std::size_t>(random_->below(shards_)));
  auto wire = std::make_shared<Wire>(peer, *random_, random_->below(4) == 0);
  wires_.push_back(wire);
  return wire;
}

void World::end_life(End end) {
  if (service_ && end == End::stop) {
    service_->stop();
    if (!disk_->power_is_cut()) collect();
  }
  if (!disk_->power_is_cut()) disk_->cut_power_at(0);  // Nothing is tidied up by a process that is gone.
  const bool lose_written = random_->below(2) == 0;
  for (const auto& wire : wires_) wire->service_died(lose_written);
  consumers_.detach();
  service_ = nullptr;
  wires_.clear();
  disk_->set_fault(nullptr);
  if (end == End::power_cut) {
    verdict_.tell("the power is cut");
    disk_ = disk_->crash();
  } else {
    verdict_.tell("the process {}", end == End::kill ? "is killed" : "has ended");
    disk_->restore_power();
  }
  disk_->set_capacity(~std::uint64_t{0});
  for (const auto& device : devices_) device->hear();
}

/// With nothing in their way, all devices get what they want: nothing hangs for good.
void World::heal() {
  disk_->set_fault(nullptr);
  if (!start_service()) {
    if (verdict_.holds()) verdict_.broken("the service does not start on a disk without faults");
    return;
  }
  for (const auto& device : devices_) device->finish();
  const auto done = [this] {
    return std::ranges::all_of(devices_, [](const auto& device) { return device->finished(); });
  };
  for (std::uint64_t i = 0; i < kStepsHealing && verdict_.holds() && !done(); ++i) {
    verdict_.at_step(++step_);
    const std::uint64_t dice = random_->below(950);
    if (dice < 300) {
      devices_[static_cast<std::size_t>(random_->below(kDevices))]->act();
    } else if (dice < 640) {
      move_network(dice);
    } else if (dice < 930) {
      move_service(dice);
    } else {
      clock_.advance(std::chrono::milliseconds{random_->below(60)});
    }
    after_step();
  }
  for (const auto& device : devices_) {
    if (verdict_.holds() && !device->finished()) {
      verdict_.broken("a device is not served though nothing is in its way: it is {}", device->stage_name());
    }
  }
  while (service_->poll_all() || service_->registry().run_once(true, 8) || service_->log().run_once()) {
  }
  if (verdict_.holds()) check_all();
  end_life(End::stop);
}

/// A bit of the log flips while nobody looks. It is noticed, or it cost nothing.
void World::decay() {
  const auto whole = disk_->crash();
  const auto names = whole->list(log_config_.directory);
  if (!names) return;
  for (int i = 0; i < 4 && verdict_.holds(); ++i) {
    const auto copy = whole->crash();
    const std::string path = log_config_.directory + "/" + (*names)[random_->below(names->size())];
    const auto bytes = disk::read_all(*copy, path, 1u << 24);
    if (!bytes || bytes->empty()) continue;
    const std::uint64_t at = random_->below(bytes->size());
    copy->flip_bit(path, at, static_cast<unsigned>(random_->below(8)));
    const auto report = eventlog::verify_log(*copy, log_config_.directory);
    if (!report || report->findings.empty()) {
      verdict_.broken("a flipped bit in {} at byte {} is not found", path, at);
    }
  }
}

}  // namespace muster::simulation
