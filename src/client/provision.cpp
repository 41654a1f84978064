#include "client/registration.hpp"
#include "client/retry.hpp"
#include "client/user_agent.hpp"
#include "protocol/dps/topic.hpp"

#include <fmt/format.h>

namespace muster {
namespace client {
namespace {

// What Python, Node, C# and Java say (protocol/device/01 section 2).
constexpr std::string_view kApiVersion = "2019-03-31";
/// Longer than any pause between two requests, so that no PINGREQ is needed; Java's value.
constexpr std::chrono::seconds kKeepAlive{230};

Opening opening_of(const std::shared_ptr<Credentials>& credentials, const ProvisioningOptions& options,
                   SteadyTime deadline) {
  Opening opening;
  opening.dial.host = options.host;
  opening.dial.transport = options.transport;
  opening.dial.credentials = credentials;
  opening.dial.deadline = deadline;
  opening.client_id = options.registration_id;
  opening.user_name = dps::format_user_name(options.id_scope, options.registration_id, kApiVersion,
                                            options.user_agent.empty() ? kUserAgent : options.user_agent);
  opening.keep_alive = kKeepAlive;
  return opening;
}

/// A CONNACK's refusal, in DPS's terms.
Error as_provisioning_failure(const Error& error, const ProvisioningOptions& options) {
  if (error.code() != ErrorCode::hub_refused) return error;
  return Error{ErrorCode::provisioning_failed,
               fmt::format("registering {}: {}", options.registration_id, error.reason())}
      .with_remedy(fmt::format("Check the id scope ({}) and that a certificate and its key are given.",
                               options.id_scope));
}

Task<Assignment> attempt(Engine& engine, const std::shared_ptr<Credentials>& credentials,
                         const ProvisioningOptions& options, SteadyTime deadline) {
  const SteadyTime connected_by = std::min(deadline, engine.clock.steady() + options.retry.attempt_timeout);
  Opening opening = opening_of(credentials, options, connected_by);
  Result<std::unique_ptr<Link>> opened = co_await open_link(engine, std::move(opening));
  if (!opened) co_return failure(as_provisioning_failure(opened.error(), options));
  Link& link = **opened;
  Result<Assignment> assignment = co_await register_over(engine, link, options, deadline);
  link.leave();  // Refused, out of time and cancelled alike: the outcome stands whether or not it is heard.
  co_return assignment;
}

Task<Assignment> attempts(Engine& engine, const std::shared_ptr<Credentials>& credentials,
                          const ProvisioningOptions& options) {
  const SteadyTime start = engine.clock.steady();
  const SteadyTime deadline = start + options.timeout;
  for (unsigned made = 1;; ++made) {
    Result<Assignment> outcome = co_await attempt(engine, credentials, options, deadline);
    if (outcome || !is_transient(outcome.error().code())) co_return outcome;
    const auto wait = pause_before_retry(options.retry, made, engine.random);
    const SteadyTime now = engine.clock.steady();
    if (now + wait >= deadline) co_return failure(gave_up(outcome.error(), made, now - start));
    if (options.on_retry) options.on_retry(outcome.error(), wait);
    MUSTER_CO_CHECK(co_await pause(engine, wait));
  }
}

Result<void> check(const ProvisioningOptions& options) {
  const auto empty = [](std::string_view name) {
    return failure(ErrorCode::device_config_invalid, fmt::format("{} is empty", name));
  };
  if (options.host.empty()) return empty("host");
  if (options.id_scope.empty()) return empty("id_scope");
  if (options.registration_id.empty()) return empty("registration_id");
  return {};
}

}  // namespace
}  // namespace client

boost::asio::awaitable<Result<Assignment>> provision(Runtime& runtime,
                                                     std::shared_ptr<Credentials> credentials,
                                                     ProvisioningOptions options) {
  MUSTER_CO_CHECK(client::check(options));
  // A cancelled wait comes back as a value, so that the link is closed in order; the caller's own choice is
  // put back afterwards.
  const bool throws = co_await asio::this_coro::throw_if_cancelled();
  co_await asio::this_coro::throw_if_cancelled(false);
  Result<Assignment> outcome = co_await client::attempts(runtime.engine(), credentials, options);
  co_await asio::this_coro::throw_if_cancelled(throws);
  co_return outcome;
}

}  // namespace muster
