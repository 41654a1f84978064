#pragma once

#include "base/task.hpp"
#include "provisioning/register_device.hpp"

#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>

namespace muster::provisioning {

/// How a registration stands when a device polls.
struct OperationView {
  bool running = false;
  std::optional<Registration> registration;  ///< When it has ended and is stored: assigned, or failed.
  std::optional<Error> error;                ///< When it was refused, or why it failed.
};

/// The registrations under way in this process, at most operations_max. An operation belongs here and not to
/// the session that started it: a connection that drops does not cancel it. Threads: any.
class Operations {
 public:
  explicit Operations(Provisioning& service) : service_{service} {}

  /// Starts registering on `executor`; a registration of the same id that is still running is joined. Returns
  /// the operation id at once, or operations_limit.
  Result<std::string> start(asio::any_io_executor executor, RegisterRequest request);

  /// Where the registration of this connection's id stands. operation_unknown when the id is not this
  /// registration's. One that neither runs nor was stored (the service restarted before it was durable) is
  /// started again.
  Task<OperationView> poll(asio::any_io_executor executor, RegisterRequest request, std::string operation_id);

  std::size_t running() const;

 private:
  struct Operation {
    bool done = false;
    std::optional<Error> error;
  };
  asio::awaitable<void> run(std::string key, RegisterRequest request);
  void forget_oldest_failure();

  Provisioning& service_;
  mutable std::mutex mutex_;
  std::map<std::string, Operation>
      operations_;  ///< Running, and failed ones until they are polled or displaced.
  std::size_t running_ = 0;
};

}  // namespace muster::provisioning
