#pragma once

#include "base/bytes.hpp"
#include "base/clock.hpp"
#include "base/result.hpp"
#include "muster/twin.hpp"
#include "net/signal.hpp"
#include "protocol/mqtt/packet.hpp"

#include <chrono>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

namespace muster::client {

/// What the hub said to a twin request.
struct TwinAnswer {
  int status = 0;
  std::optional<std::int64_t> version;
  std::string body;
};

/// One twin request from its call to its answer.
struct TwinRequest {
  TwinRequest(net::Shard& shard, std::string its_rid, std::optional<std::string> its_patch)
      : rid{std::move(its_rid)}, patch{std::move(its_patch)}, settled{shard} {}

  std::string rid;
  std::optional<std::string> patch;           ///< None: GET.
  bool on_wire = false;                       ///< Of the connection that there is.
  std::optional<Result<TwinAnswer>> outcome;  ///< Set once, then `settled` is notified.
  net::Signal settled;
};

/// The twin's side of a client: requests that wait for their answer, and who is told of desired properties.
/// It subscribes when something is asked of it, and again on each connection. Wire: protocol/device/04
/// section 8. Lives on one shard.
class TwinExchange {
 public:
  using Watcher = std::function<void(const DesiredUpdate&)>;
  TwinExchange(net::Shard& shard, Clock& clock, std::size_t requests_max)
      : shard_{shard}, clock_{clock}, requests_max_{requests_max}, told_{shard} {}

  /// not_connected when as many wait as may.
  Result<std::shared_ptr<TwinRequest>> add(std::optional<std::string> patch);
  void abandon(const std::shared_ptr<TwinRequest>& request);
  /// From now on `watcher` is told; with everything, first.
  void watch(Watcher watcher);
  /// Whether it has been told; a failure is why not yet. Then wait for told().
  Result<bool> is_told() const;
  net::Signal& told() noexcept { return told_; }

  /// What is to be written now.
  void gather(Bytes& into);
  /// When gather() has something again without anything happening; max() for never.
  SteadyTime due() const noexcept { return retry_at_; }
  /// A packet of the hub. False when it is none of the twin's. A watcher may be called.
  bool take(const mqtt::Packet& packet);

  void connection_lost();
  /// Nothing is waited for any more; every request's outcome is `error`.
  void fail_all(const Error& error);
  /// Nobody is called any more.
  void forget_watcher() { watcher_ = nullptr; }

 private:
  enum class Granted : std::uint8_t { no, asked, yes, refused };  ///< Refused: until the next connection.
  void subscribe(std::uint16_t packet_id, std::string_view filter, Bytes& into);
  bool take_suback(const mqtt::Suback& suback);
  bool take_publish(const mqtt::Publish& publish);
  void settle(std::string_view rid, TwinAnswer answer);
  void take_all_desired(const TwinAnswer& answer);
  void take_desired_change(std::string_view body);
  void fail_watch(Error error);

  net::Shard& shard_;
  Clock& clock_;
  std::size_t requests_max_;
  std::uint64_t last_rid_ = 0;
  std::deque<std::shared_ptr<TwinRequest>> requests_;
  Bytes acknowledgements_;  ///< PUBACKs due.

  Watcher watcher_;
  net::Signal told_;
  std::optional<Error> watch_error_;      ///< Why the last reading of the twin for the watcher failed.
  std::optional<std::int64_t> version_;   ///< Of the desired properties as the watcher knows them.
  std::int64_t version_seen_ = 0;         ///< The greatest of a change that was passed over.
  std::shared_ptr<TwinRequest> reading_;  ///< The twin, for the watcher.
  bool must_read_ = false;
  SteadyTime retry_at_ = SteadyTime::max();

  // Of the connection that there is.
  Granted responses_ = Granted::no, desired_ = Granted::no;
};

/// hub_refused or service_error, when it is not what was asked for.
Result<DeviceTwin> read_device_twin(const TwinAnswer& answer);
Result<std::int64_t> read_reported_version(const TwinAnswer& answer);

}  // namespace muster::client
