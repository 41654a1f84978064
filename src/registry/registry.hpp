#pragma once

#include "base/task.hpp"
#include "registry/repositories.hpp"

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

namespace muster::registry {

/// What judging a device's chain at one service needs besides the chain: read in one go, valid for one
/// generation.
struct TrustView {
  std::int64_t generation = 0;
  std::vector<CaCertificate> certificates;  ///< Uploaded to the service, verified or not; for a hub also
                                            ///< those that identities made by DPS were attested by.
  std::vector<EnrollmentGroup> groups;      ///< DPS only.
};

/// Hop 1 of a registration: the enrollment for this id, what was registered before, and trust if it has
/// moved.
struct EnrollmentSnapshot {
  std::int64_t generation = 0;
  std::optional<TrustView> trust;  ///< Only when `generation` differs from the one the caller knows.
  std::optional<IndividualEnrollment> individual;
  std::optional<Registration> registration;
  std::optional<DpsInstance> dps;
};

/// Who asks to connect to a hub, and what the caller knows already.
struct ConnectQuestion {
  ServiceName hub;
  DeviceId device;
  std::string module = {};            ///< Empty for the device itself.
  std::int64_t generation_known = 0;  ///< Of the trust that the caller holds.
  bool with_policies = false;         ///< A token names one.
};

/// Everything that a hub CONNECT needs.
struct ConnectSnapshot {
  std::int64_t generation = 0;
  std::optional<TrustView> trust;
  std::optional<DeviceIdentity> identity;
  std::optional<ModuleIdentity> module;  ///< When one was asked for and is there.
  std::vector<SasPolicy> policies;       ///< The hub's, when asked for.
};

/// What becomes of a device's data when it moves to another hub (service/02 section 2.5).
enum class DataOnMove : std::uint8_t {
  migrate,  ///< Its twin goes with it.
  reset,    ///< It begins with the initial twin.
};

/// Where a device was, as the caller saw it.
struct FormerAssignment {
  std::int64_t registration_version = 0;
  ServiceName hub;
  DeviceId device;
};

/// Hop 2 of a registration, in one transaction. Refused with precondition_failed when what the caller judged
/// by has moved: trust since `generation`, the individual enrollment, or the registration. It then starts
/// over.
struct Assignment {
  std::int64_t generation = 0;
  std::int64_t individual_version = 0;  ///< Of the individual enrollment seen; 0: there was none.
  Registration registration;  ///< As it shall be stored; created/version of an existing row are kept.
  DeviceIdentity identity;  ///< Made when there is none; one that exists keeps its generation id, status and
                            ///< twin, and gets this authentication.
  Twin initial_twin;        ///< Used when the identity is new.
  bool initial_twin_wins = false;  ///< Over migrated data too: a custom allocation's has the last word.
  std::optional<FormerAssignment> former;  ///< Of the registration that was seen; nullopt: none.
  DataOnMove data = DataOnMove::migrate;
};
struct AssignmentStored {
  Registration registration;
  DeviceIdentity identity;
  bool identity_created = false;
  /// The identity that was removed because the device moved away from it.
  std::optional<DeviceIdentity> identity_left;
};

/// What the registry has done since it was opened.
struct RegistryFigures {
  std::uint64_t reads = 0;
  std::uint64_t writes = 0;   ///< Writes that were carried out, failed ones included.
  std::uint64_t commits = 0;  ///< Transactions that those writes were committed in.
  std::uint64_t refused = 0;  ///< Calls that met a full queue.
};

/// The registry as the rest of the service sees it: every member may be awaited from any executor, and
/// resumes there. Reads go to one of a few reader connections, writes to the one writer, which commits what
/// is waiting together: when a write has returned it is durable. Each queue holds at most `queue_max` calls;
/// beyond it registry_busy, after stop() shutting_down. An executor that awaits must outlive the call.
/// Cancellation is not heeded: a call that was queued is carried out.
class Registry {
 public:
  virtual ~Registry() = default;

  /// Runs `work` on a reader connection, in one read transaction.
  virtual Task<void> read(std::function<Result<void>(Store&)> work) = 0;
  /// Runs `work` on the writer, in a savepoint of the batch that is being committed; returns once that is
  /// durable.
  virtual Task<void> write(std::function<Result<void>(Store&)> work) = 0;

  virtual Task<EnrollmentSnapshot> enrollment_snapshot(ServiceName dps, RegistrationId id,
                                                       std::int64_t generation_known) = 0;
  virtual Task<ConnectSnapshot> connect_snapshot(ConnectQuestion question) = 0;
  virtual Task<AssignmentStored> assign(Assignment assignment) = 0;
  /// Takes no more calls, finishes those that were taken, and ends the threads. Blocks; twice is once.
  virtual void stop() = 0;
  /// From any thread.
  virtual RegistryFigures figures() const = 0;
};

struct RegistryConfig {
  std::string path;  ///< The database file; ":memory:" is not a path, use make_memory_registry.
  std::size_t reader_count = 2;
  /// Connections for the two questions that a connecting device asks: they are answered on the asking thread,
  /// about 10 us, where a reader's is another thread's turn (docs/adr/0017). One for each shard.
  std::size_t near_count = 1;
  std::size_t queue_max = 4096;        ///< Calls waiting for the writer, and as many for the readers.
  std::size_t commit_batch_max = 256;  ///< Writes that one commit covers at most.
};

/// SQLite in WAL mode, synchronous FULL. Makes the file (0600) or migrates it; registry_newer when it is of a
/// later muster.
Result<std::unique_ptr<Registry>> open_sqlite_registry(RegistryConfig config);
/// The same behaviour without a file: tests and the simulator.
std::unique_ptr<Registry> make_memory_registry();

}  // namespace muster::registry
