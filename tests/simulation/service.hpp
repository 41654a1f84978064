#pragma once

#include "base/random.hpp"
#include "disk/file.hpp"
#include "eventlog/commit_stream.hpp"
#include "gateway/mqtt/gateway.hpp"
#include "hub/twins.hpp"
#include "journal/journal.hpp"
#include "mutation.hpp"
#include "net/scripted_stream.hpp"
#include "provisioning/operations.hpp"
#include "registry_by_hand.hpp"
#include "server/front_door.hpp"
#include "sqlite_disk.hpp"

#include <memory>
#include <string>
#include <vector>

namespace muster::simulation {

inline constexpr std::string_view kScope = "0ne00123ABC";
inline constexpr std::string_view kGroupKey = "Z3JvdXAta2V5LTAxMjM0NTY3ODkwMTIzNDU2Nzg5";
inline const ServiceName kDps = *ServiceName::parse("my-dps");
inline const ServiceName kHubs[] = {*ServiceName::parse("first-hub"), *ServiceName::parse("second-hub")};
inline constexpr std::uint32_t kPartitions = 3;

/// What one life of the service stands on.
struct Ground {
  disk::Disk& disk;
  TestClock& clock;
  Random& random;
  eventlog::SegmentedLogConfig log;
  std::string root = {};  ///< Where the registry's file is; a path without the slash at its end.
  std::size_t shards = 1;
  Mutation mutation = Mutation::none;
};

/// The log, which may be told to acknowledge too early.
class TappedLog;

/// Everything that serves devices, in one thread, over what the disk holds: the real gateway, hub,
/// provisioning, event log and SQLite registry. Nothing in it happens by itself.
class Service {
 public:
  /// Opens, and recovers, both stores. Fails where the disk does.
  static Result<std::unique_ptr<Service>> start(const Ground& ground);
  /// As when the process is killed: nothing is finished. Give the disk no power before.
  ~Service();

  /// The first start: two hubs, one DPS instance, one group of devices with derived keys.
  Result<void> make_world();
  /// Reads the table of services; takes a few turns of the others.
  void refresh();
  /// As at an orderly stop: connections end, then both stores are closed.
  void stop();

  /// Accepts a connection on that shard.
  std::shared_ptr<net::ScriptedPeer> accept(net::PeerInfo info, std::size_t shard);
  std::size_t poll(std::size_t shard) { return shards_[shard]->poll(); }
  /// Polls all shards until nothing is ready. True when something was.
  bool poll_all();
  net::Shard& shard(std::size_t index) { return *shards_[index]; }
  std::size_t shard_count() const noexcept { return shards_.size(); }

  RegistryByHand& registry() noexcept { return *registry_; }
  eventlog::CommitStream& log() noexcept { return *log_; }
  hub::SessionDirectory& sessions() noexcept { return sessions_; }
  hub::Twins& twins() noexcept { return *twins_; }
  /// To look at what is stored; SQLite shows the last commit.
  registry::Store& stored() noexcept { return *observer_; }
  /// Moves the write-ahead log into the database, as the writer does when it has grown.
  void checkpoint();

 private:
  explicit Service(const Ground& ground);
  Result<void> open();
  std::string registry_path() const { return ground_.root + "/registry.db"; }

  Ground ground_;
  SqliteDisk files_;
  journal::Journal journal_;
  hub::SessionDirectory sessions_;
  std::unique_ptr<registry::Store> writer_, reader_, observer_;
  std::unique_ptr<RegistryByHand> registry_;
  std::unique_ptr<eventlog::CommitStream> log_;
  std::unique_ptr<TappedLog> tapped_;
  std::unique_ptr<server::FrontDoor> front_door_;
  trust::AnchorCache anchors_;
  trust::VerdictCache verdicts_;
  std::unique_ptr<provisioning::Allocation> allocation_;
  std::unique_ptr<provisioning::Provisioning> provisioning_;
  std::unique_ptr<provisioning::Operations> operations_;
  std::unique_ptr<hub::ConnectService> connect_;
  std::unique_ptr<hub::Twins> twins_;
  std::unique_ptr<throttle::Throttles> throttles_;
  std::vector<std::unique_ptr<net::Shard>> shards_;
  std::unique_ptr<mqtt::Gateway> gateway_;
};

}  // namespace muster::simulation
