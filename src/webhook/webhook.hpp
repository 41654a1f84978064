#pragma once

#include "provisioning/allocation.hpp"
#include "webhook/http_post.hpp"

#include <deque>
#include <memory>
#include <string>

namespace muster::webhook {

/// What asking may cost. Azure documents a time-out of 5 seconds or so and no more.
struct WebhookLimits {
  PostLimits post;
  int attempts_max = 3;                            ///< POSTs of one registration.
  std::chrono::milliseconds retry_delay{500};      ///< Before the second; doubled before each further one.
  std::size_t calls_max = 32;                      ///< Under way at a time, on all webhooks together.
  std::size_t waiting_max = 10'000;                ///< Registrations that wait for one of those to end,
  std::chrono::milliseconds wait_timeout{60'000};  ///< each for so long.
};

/// Custom allocation by HTTP. Asked again: who could not be reached, hung, or answered 408, 429 or 5xx. Never
/// asked again: who answered something else, since the same question gets the same answer.
class Webhook final : public provisioning::AllocationWebhook {
 public:
  /// `tls` tells whom to believe. `shard` carries out the calls; it must be stopped before the webhook goes,
  /// and the webhook must outlive it.
  Webhook(net::Shard& shard, net::TlsClientContext tls, WebhookLimits limits)
      : shard_{shard}, tls_{std::move(tls)}, limits_{limits} {}

  Task<provisioning::AllocationChoice> ask(provisioning::AllocationQuestion question) override;

 private:
  /// One that waits for its turn. Held by its deadline alone (net/delay.cpp says why).
  struct Waiter;

  Task<std::string> call(rest::WebhookUrl url, std::string body);
  Task<void> take_turn();
  void end_turn();

  net::Shard& shard_;
  const net::TlsClientContext tls_;
  const WebhookLimits limits_;
  std::size_t calls_ = 0;  ///< On the shard, as all below.
  std::deque<std::weak_ptr<Waiter>> waiting_;
};

}  // namespace muster::webhook
