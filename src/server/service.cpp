#include "server/service.hpp"

#include "base/log.hpp"
#include "server/service_parts.hpp"

#include <boost/asio/post.hpp>

#include <future>

namespace muster::server {
namespace {

/// Tells every session of a shard to end, on the shard, and waits until it has been told.
void end_sessions(mqtt::Gateway& gateway, net::Shard& shard) {
  std::promise<void> told;
  asio::post(shard.io(), [&] {
    gateway.end_all(shard, Error{ErrorCode::shutting_down, "the service is stopping"});
    told.set_value();
  });
  told.get_future().wait();
}

}  // namespace

Service::Service(std::unique_ptr<Parts> parts) : parts_{std::move(parts)} {}

const Ready& Service::ready() const noexcept { return parts_->ready; }

void Service::on_stop_requested(std::function<void()> notify) {
  const std::lock_guard lock{parts_->stop_mutex};
  parts_->stop_requested = std::move(notify);
}

Service::~Service() {
  parts_->stopping = true;
  parts_->looking_back.request_stop();
  // A change that is being followed is followed to its end; the next one is not begun.
  parts_->changes->join();
  for (net::Listener& listener : parts_->listeners) listener.stop();
  for (auto& [address, hub] : parts_->hub_listeners) {
    for (net::Listener& listener : hub.listeners) listener.stop();
  }
  parts_->control->stop();
  // First what was received is made durable and acknowledged, then sessions close: nobody has to send again
  // what is stored.
  parts_->log->stop();
  for (const auto& shard : parts_->shards) end_sessions(*parts_->mqtt, *shard);
  parts_->rest->stop();
  parts_->admin->stop();
  // Whoever still waits for the registry is answered while the shards run.
  parts_->registry->stop();
  for (const auto& shard : parts_->shards) shard->stop();
  const Result<void> removed = parts_->injected.disk.remove(parts_->paths.running());
  if (!removed && removed.error().code() != ErrorCode::file_unreadable)
    log::warning("server", "{} is still there: {}", parts_->paths.running(), removed.error().reason());
  // Coroutines that wait for a deadline go with their shard, and what they borrow of the gateways is there
  // until then.
  parts_->listeners.clear();
  parts_->hub_listeners.clear();
  parts_->control.reset();
  parts_->changes.reset();
  parts_->shards.clear();
  log::info("server", "stopped");
}

}  // namespace muster::server
