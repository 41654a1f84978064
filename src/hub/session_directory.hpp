#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "base/task.hpp"
#include "hub/outbox.hpp"
#include "model/device.hpp"

#include <array>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

namespace muster::hub {

/// A connected device or module at one hub.
struct SessionKey {
  ServiceName hub;
  DeviceId device;
  std::string module;  ///< Empty for the device itself.
  friend bool operator==(const SessionKey&, const SessionKey&) = default;
};

}  // namespace muster::hub

template <>
struct std::hash<muster::hub::SessionKey> {
  std::size_t operator()(const muster::hub::SessionKey& key) const noexcept {
    constexpr std::size_t kSpread = 0x9e3779b97f4a7c15;
    const std::size_t device = std::hash<muster::DeviceId>{}(key.device) * kSpread;
    return (std::hash<muster::ServiceName>{}(key.hub) ^ device) * kSpread ^
           std::hash<std::string>{}(key.module);
  }
};

namespace muster::hub {

/// What the directory holds of a session: ways to tell it something and to end it. Implemented by gateways.
class LiveSession {
 public:
  virtual ~LiveSession() = default;
  /// Any thread; returns at once. The session closes on its own shard, with this as the reason, and calls
  /// release().
  virtual void end(Error reason) = 0;
  /// Any thread: when the device last sent something.
  virtual WallTime last_activity() const = 0;
  /// Any thread; returns at once. The session tells its device, if that has asked to be told; one whose
  /// outbox is full ends. A session of a face that has no such messages takes none.
  virtual void tell(std::shared_ptr<const DesiredChange> change) { static_cast<void>(change); }
};

/// What is known of a connection, for the service API.
struct ConnectionState {
  bool connected = false;
  std::optional<WallTime> updated;  ///< Of the last connect or disconnect; nullopt: not since this start.
  WallTime last_activity;           ///< Now, or before this start as the event log has it.
};

/// The granted QoS of each kind of subscription (the index is the kind's number); kNotSubscribed where there
/// is none.
inline constexpr std::uint8_t kNotSubscribed = 0xFF;
using StoredSubscriptions = std::array<std::uint8_t, 6>;

class SessionDirectory;

/// One CONNECT on its way from the look at the registry to its claim. Void as soon as something that it was
/// judged by has changed, for nobody may be connected on the strength of what no longer holds. The directory
/// must outlive it.
class Admission {
 public:
  Admission(SessionDirectory& directory, SessionKey key);
  ~Admission();
  Admission(const Admission&) = delete;
  Admission& operator=(const Admission&) = delete;

  const SessionKey& key() const noexcept { return key_; }

 private:
  friend class SessionDirectory;
  SessionDirectory& directory_;
  SessionKey key_;
  bool void_ = false;  ///< Under the directory's mutex.
};

/// Who is connected, one session per device and module; the newer wins. In memory: after a crash all are
/// disconnected. Threads: any. With several nodes a registry-fenced form takes this one's place: admit() then
/// reads the fence and claim() compares it, and both may wait.
class SessionDirectory {
 public:
  explicit SessionDirectory(Clock& clock) : clock_{clock} {}

  /// Before the registry is looked at: from here on a change of the device voids the admission.
  Task<std::shared_ptr<Admission>> admit(SessionKey key);
  /// Makes `session` the one of the admission's key; an older one is told to end with connection_superseded.
  /// False, and nothing is claimed, when the admission is void: look at the registry again.
  Task<bool> claim(std::shared_ptr<Admission> admission, std::shared_ptr<LiveSession> session);
  /// Forgets `session`, unless another has taken its place. Returns false in that case.
  bool release(const SessionKey& key, const LiveSession* session);

  /// What a device had subscribed to when it last connected with CleanSession 0; nullopt when nothing is
  /// kept. In memory: a restart forgets it, and the CONNACK then says so by SessionPresent 0.
  std::optional<StoredSubscriptions> stored_subscriptions(const SessionKey& key) const;
  /// Ignored unless `session` is still the key's: one that was superseded, or whose device was deleted, has
  /// no say.
  void store_subscriptions(const SessionKey& key, const LiveSession* session,
                           std::optional<StoredSubscriptions> subscriptions);

  /// Voids the admissions that match. Call it once a change of devices is stored that leaves those who are
  /// connected where they are; close_where() and forget() do it themselves.
  void recheck_where(const std::function<bool(const SessionKey&)>& matches);
  /// Ends every session that matches, with the reason. Returns how many. Call it once the change that is the
  /// reason is stored: a CONNECT that looked before is then closed here or finds its admission void.
  std::size_t close_where(const std::function<bool(const SessionKey&)>& matches, const Error& reason);

  /// Tells the session of `key`, if there is one. Calls for one key reach its session in their order.
  void deliver(const SessionKey& key, std::shared_ptr<const DesiredChange> change) const;

  /// Drops what is remembered of a device that was deleted, its session too, which has to be ended before: a
  /// device of the same name that is made later starts with nothing.
  void forget(const SessionKey& key);
  /// The same for all devices of a hub that was deleted.
  void forget_hub(const ServiceName& hub);

  /// The device was there at that time, before this start. Never moves what is known back. Returns whether
  /// nothing had been known of it.
  bool note_seen(const SessionKey& key, WallTime at);

  std::optional<ConnectionState> state(const SessionKey& key) const;
  std::size_t connected_count(const ServiceName& hub) const;  ///< Devices, not their modules.
  std::size_t connected_count() const;                        ///< All sessions.

 private:
  friend class Admission;
  void void_where(const std::function<bool(const SessionKey&)>& matches);  ///< With the mutex held.

  struct Slot {
    std::shared_ptr<LiveSession> session;  ///< Null when disconnected.
    std::optional<WallTime> updated;
    WallTime last_activity;
    std::optional<StoredSubscriptions> subscriptions;
  };
  Clock& clock_;
  mutable std::mutex mutex_;
  std::unordered_map<SessionKey, Slot> slots_;
  std::set<Admission*> admissions_;  ///< At most one a connection.
  /// Devices and modules by hub: counting must not walk a million slots.
  std::map<std::string, std::size_t> connected_, modules_;
};

}  // namespace muster::hub
