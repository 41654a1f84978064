#include "webhook/webhook.hpp"

#include "net/delay.hpp"
#include "net/signal.hpp"
#include "protocol/rest/allocation_json.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace muster::webhook {
namespace {

using provisioning::AllocationChoice;
using provisioning::AllocationQuestion;

const EnrollmentSettings* settings_of(const AllocationQuestion& question) {
  if (question.context.group) return &question.context.group->settings;
  return question.context.individual ? &question.context.individual->settings : nullptr;
}

std::string body_of(const AllocationQuestion& question) {
  const auto& context = question.context;
  rest::AllocationCall call{.group = context.group ? &*context.group : nullptr,
                            .individual = context.individual ? &*context.individual : nullptr,
                            .registration_id = std::string{question.id.str()},
                            .current_hub = context.current_hub,
                            .current_device = context.current_device,
                            .attestation = context.attestation,
                            .payload_json = context.payload_json};
  if (context.chain) {
    const pki::Certificate& leaf = context.chain->leaf();
    call.certificate = EnrollmentCertificate{leaf.der(), leaf.sha1_thumbprint(), leaf.sha256_thumbprint()};
  }
  for (const LinkedHub& candidate : question.candidates) call.linked_hubs.push_back(candidate.hub);
  return rest::format_allocation_call(call);
}

bool may_pass(ErrorCode code) {
  return code == ErrorCode::connect_failed || code == ErrorCode::name_unresolved ||
         code == ErrorCode::timed_out || code == ErrorCode::connection_lost;
}
bool may_pass(unsigned status) { return status == 408 || status == 429 || status >= 500; }

Result<AllocationChoice> choice_of(const AllocationQuestion& question, const std::string& text,
                                   const std::string& shown) {
  auto answer = rest::parse_allocation_answer(text);
  if (!answer) {
    return failure(ErrorCode::allocation_failed,
                   fmt::format("the answer of {}: {}", shown, answer.error().reason()));
  }
  if (std::ranges::find(question.candidates, answer->hub, &LinkedHub::hub) == question.candidates.end()) {
    return failure(ErrorCode::allocation_failed,
                   fmt::format("the answer of {}: iotHubHostName: {} is none of the linked hubs it was given",
                               shown, hub_host_name(answer->hub)));
  }
  return AllocationChoice{answer->hub, fmt::format("custom: so says {}", shown),
                          std::move(answer->initial_twin_json), std::move(answer->payload_json)};
}

}  // namespace

struct Webhook::Waiter {
  Waiter(net::Shard& shard, std::shared_ptr<bool> turn) : signal{shard}, has_turn{std::move(turn)} {}
  net::Signal signal;
  std::shared_ptr<bool> has_turn;  ///< Shared with who waits: the waiter may be gone when it is woken.
};

Task<AllocationChoice> Webhook::ask(AllocationQuestion question) {
  const EnrollmentSettings* settings = settings_of(question);
  const std::string text = settings != nullptr ? settings->webhook_url : "";
  const auto url = rest::parse_webhook_url(text);
  if (!url) {
    co_return failure(ErrorCode::allocation_failed,
                      fmt::format("the webhook URL of the enrollment {}", url.error()));
  }
  // Every call on the one shard: its streams live there.
  std::string body = body_of(question);
  Task<std::string> called = call(*url, std::move(body));
  Result<std::string> answer = co_await asio::co_spawn(shard_.io(), std::move(called), asio::use_awaitable);
  if (!answer) co_return failure(answer.error());
  co_return choice_of(question, *answer, url->shown());
}

Task<std::string> Webhook::call(rest::WebhookUrl url, std::string body) {
  Result<void> turn = co_await take_turn();
  if (!turn) {
    co_return failure(ErrorCode::allocation_failed,
                      fmt::format("{} was not asked: {}", url.shown(), turn.error().reason()));
  }
  std::string why;
  std::chrono::milliseconds pause = limits_.retry_delay;
  int attempt = 1;
  for (;; ++attempt, pause *= 2) {
    Task<PostAnswer> posted = post(shard_, tls_, url, body, limits_.post);
    Result<PostAnswer> answer = co_await std::move(posted);
    if (answer && answer->status >= 200 && answer->status < 300) {
      end_turn();
      co_return std::move(answer->body);
    }
    why = answer ? fmt::format("status {}{}", answer->status,
                               answer->status / 100 == 3 ? ", and redirects are not followed" : "")
                 : answer.error().reason();
    const bool again = answer ? may_pass(answer->status) : may_pass(answer.error().code());
    if (!again || attempt >= limits_.attempts_max) break;
    co_await net::delay(shard_, pause);
  }
  end_turn();
  co_return failure(
      ErrorCode::allocation_failed,
      fmt::format("{}: {}{}", url.shown(), why, attempt > 1 ? fmt::format(" ({} attempts)", attempt) : ""));
}

Task<void> Webhook::take_turn() {
  if (calls_ < limits_.calls_max) {
    ++calls_;
    co_return Result<void>{};
  }
  std::erase_if(waiting_, [](const auto& waiter) { return waiter.expired(); });
  if (waiting_.size() >= limits_.waiting_max)
    co_return failure(ErrorCode::operations_limit,
                      fmt::format("{} registrations wait already", waiting_.size()));
  const auto has_turn = std::make_shared<bool>(false);
  auto held = std::make_shared<Waiter>(shard_, has_turn);
  net::Signal& signal = held->signal;
  waiting_.push_back(held);
  const net::Shard::DeadlineId deadline = shard_.at(shard_.clock().steady() + limits_.wait_timeout,
                                                    [held = std::move(held)] { held->signal.notify(); });
  const Result<void> woken = co_await signal.wait();
  static_cast<void>(woken);
  shard_.cancel(deadline);  // The waiter goes with it.
  if (!*has_turn) {
    co_return failure(ErrorCode::timed_out, fmt::format("{} calls were under way for {} ms",
                                                        limits_.calls_max, limits_.wait_timeout.count()));
  }
  co_return Result<void>{};
}

/// Hands the turn to who waits longest.
void Webhook::end_turn() {
  while (!waiting_.empty()) {
    const auto next = waiting_.front().lock();
    waiting_.pop_front();
    if (!next) continue;
    *next->has_turn = true;
    next->signal.notify();
    return;
  }
  --calls_;
}

}  // namespace muster::webhook
