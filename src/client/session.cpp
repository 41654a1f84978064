#include "client/session.hpp"

#include "client/retry.hpp"
#include "client/user_agent.hpp"
#include "protocol/hub/topic.hpp"

#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <fmt/format.h>

#include <algorithm>

namespace muster {
namespace {

// Node's, and the documents' (protocol/device/04 section 2).
constexpr std::string_view kApiVersion = "2021-04-12";
/// From here on a loss counts as the first again. A hub that closes right after CONNACK 0 is not stormed:
/// Python reconnects 60 times a second there (protocol/device/10 section 5).
constexpr std::chrono::seconds kStableAfter{30};
/// How long disconnect() lets the peer take the last bytes.
constexpr std::chrono::seconds kFarewell{1};

/// Azure closes beyond 1767 s (protocol/device/04 section 10); below 5 s one slow answer would end it.
ClientOptions within_limits(ClientOptions options) {
  options.keep_alive = std::clamp(options.keep_alive, std::chrono::seconds{5}, std::chrono::seconds{1740});
  options.outbox_max = std::clamp<std::size_t>(options.outbox_max, 1, 10'000);
  options.twin_requests_max = std::clamp<std::size_t>(options.twin_requests_max, 1, 1'000);
  return options;
}

}  // namespace

Client::Session::Session(client::Engine& engine, std::shared_ptr<Credentials> credentials,
                         ClientOptions options)
    : engine_{engine},
      credentials_{std::move(credentials)},
      options_{within_limits(std::move(options))},
      outbox_{engine.shard, options_.outbox_max},
      twin_{engine.shard, engine.clock, options_.twin_requests_max},
      changed_{engine.shard},
      work_{engine.shard},
      pause_{engine.shard} {}

void Client::Session::tell(ConnectionState state, std::optional<Error> why,
                           std::chrono::milliseconds retry_in) {
  state_ = state;
  if (options_.on_state) options_.on_state(ConnectionEvent{state, std::move(why), retry_in, attempts_});
  changed_.notify();
}

void Client::Session::fail_all(const Error& error) {
  outbox_.fail_all(error);
  twin_.fail_all(error);
}

void Client::Session::enlist() {
  if (enlisted_) return;
  enlisted_ = true;
  engine_.at_end(weak_from_this(), [this] { abandon(); });
}

void Client::Session::start() {
  wanted_ = true;
  running_ = true;
  attempts_ = 0;
  refused_.reset();
  last_error_.reset();
  const auto self = shared_from_this();
  asio::co_spawn(engine_.shard.io(), run(),
                 asio::bind_cancellation_slot(give_up_.slot(), [self](std::exception_ptr failed) {
                   if (failed) std::rethrow_exception(failed);
                 }));
}

void Client::Session::stop() {
  wanted_ = false;
  pause_.notify();
  work_.notify();  // A connection ends in order, by its writer.
  if (!link_) give_up_.emit(asio::cancellation_type::terminal);
}

Task<std::unique_ptr<client::Link>> Client::Session::open() {
  client::Opening opening;
  opening.dial.host = options_.host;
  opening.dial.transport = options_.transport;
  opening.dial.credentials = credentials_;
  opening.dial.deadline = engine_.clock.steady() + options_.retry.attempt_timeout;
  opening.client_id = options_.device_id;
  opening.user_name =
      hub::format_user_name(options_.host, options_.device_id, kApiVersion,
                            options_.user_agent.empty() ? client::kUserAgent : options_.user_agent);
  opening.keep_alive = options_.keep_alive;
  // The session goes on: what was not acknowledged is sent again with DUP (MQTT 3.1.1 section 4.4).
  opening.clean_session = false;
  co_return co_await client::open_link(engine_, std::move(opening));
}

asio::awaitable<void> Client::Session::run() {
  const auto self = shared_from_this();
  co_await asio::this_coro::throw_if_cancelled(false);
  while (wanted_) {
    ++attempts_;
    tell(ConnectionState::connecting);
    Result<std::unique_ptr<client::Link>> opened = co_await open();
    if (!opened) {
      if (wanted_) co_await after_loss(std::move(opened).error(), false);
      continue;
    }
    link_ = *std::move(opened);
    stable_ = false;
    tell(ConnectionState::connected);
    Error why = co_await serve();
    const bool was_stable = stable_ || engine_.clock.steady() - connected_at_ >= kStableAfter;
    link_.reset();
    outbox_.connection_lost();
    twin_.connection_lost();
    if (wanted_) co_await after_loss(std::move(why), was_stable);
  }
  running_ = false;
  fail_all(refused_ ? *refused_ : Error{ErrorCode::cancelled, "the client was disconnected"});
  tell(refused_ ? ConnectionState::refused : ConnectionState::disconnected, refused_);
}

asio::awaitable<void> Client::Session::after_loss(Error why, bool was_stable) {
  if (!client::is_transient(why.code())) {
    refused_ = std::move(why);
    wanted_ = false;
    co_return;
  }
  if (was_stable) attempts_ = 0;
  const auto pause = client::pause_before_retry(options_.retry, std::max(attempts_, 1U), engine_.random);
  last_error_ = why;
  tell(ConnectionState::waiting, std::move(why), pause);
  const SteadyTime due = engine_.clock.steady() + pause;
  const net::ScopedDeadline deadline{engine_.shard, due, [this] { pause_.notify(); }};
  while (wanted_ && engine_.clock.steady() < due) {
    const Result<void> woken = co_await pause_.wait();
    if (!woken) co_return;
  }
}

Task<void> Client::Session::connect(std::chrono::milliseconds timeout) {
  const auto self = shared_from_this();
  enlist();
  const SteadyTime begun = engine_.clock.steady();
  const SteadyTime due = begun + timeout;
  const net::ScopedDeadline deadline{engine_.shard, due, [this] { changed_.notify(); }};
  bool started = false;
  while (true) {
    if (state_ == ConnectionState::connected && wanted_) co_return Result<void>{};
    if (!running_ && !started) {
      start();  // It may have got somewhere already, or to the end.
      started = true;
      continue;
    }
    if (!running_) {
      if (refused_) co_return failure(*refused_);
      co_return failure(ErrorCode::cancelled, "the client was disconnected");
    }
    if (engine_.clock.steady() >= due) {
      const unsigned made = attempts_;
      stop();
      if (last_error_) co_return failure(client::gave_up(*last_error_, made, engine_.clock.steady() - begun));
      co_return failure(ErrorCode::timed_out,
                        fmt::format("{}: not connected within {} ms", options_.host, timeout.count()));
    }
    MUSTER_CO_CHECK(co_await changed_.wait());
  }
}

Task<void> Client::Session::disconnect() {
  const auto self = shared_from_this();
  stop();
  if (!running_) fail_all(Error{ErrorCode::cancelled, "the client was disconnected"});
  const SteadyTime due = engine_.clock.steady() + kFarewell;
  const net::ScopedDeadline deadline{engine_.shard, due, [this] {
                                       if (link_) link_->close();
                                     }};
  while (running_) {
    MUSTER_CO_CHECK(co_await changed_.wait());
  }
  co_return Result<void>{};
}

void Client::Session::abandon() {
  options_.on_state = nullptr;
  twin_.forget_watcher();
  stop();
  if (link_) link_->leave();
  if (!running_) fail_all(Error{ErrorCode::cancelled, "the client is gone"});
}

}  // namespace muster
