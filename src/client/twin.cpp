// The twin's calls of a Client, from the call to its outcome.

#include "client/session.hpp"

#include <fmt/format.h>

namespace muster {
namespace {

Error no_time() { return {ErrorCode::timed_out, "a timeout of 0 ms leaves no time to ask"}; }

}  // namespace

Task<client::TwinAnswer> Client::Session::ask_twin(std::optional<std::string> patch,
                                                   std::chrono::milliseconds timeout) {
  const auto self = shared_from_this();
  enlist();
  if (refused_) co_return failure(*refused_);
  if (timeout.count() <= 0) co_return failure(no_time());
  MUSTER_CO_TRY(const std::shared_ptr<client::TwinRequest> request, twin_.add(std::move(patch)));
  work_.notify();
  const SteadyTime due = engine_.clock.steady() + timeout;
  const net::ScopedDeadline deadline{engine_.shard, due, [request] { request->settled.notify(); }};
  while (!request->outcome) {
    if (engine_.clock.steady() >= due) {
      twin_.abandon(request);
      co_return failure(ErrorCode::timed_out, fmt::format("{}: no answer to a twin request within {} ms",
                                                          options_.host, timeout.count()));
    }
    const Result<void> woken = co_await request->settled.wait();
    if (!woken) {
      twin_.abandon(request);
      co_return failure(ErrorCode::cancelled, "the twin request was given up; it may have been carried out");
    }
  }
  co_return *std::move(request->outcome);
}

Task<DeviceTwin> Client::Session::get_twin(std::chrono::milliseconds timeout) {
  MUSTER_CO_TRY(const client::TwinAnswer answer, co_await ask_twin(std::nullopt, timeout));
  co_return client::read_device_twin(answer);
}

Task<std::int64_t> Client::Session::patch_reported(std::string patch_json,
                                                   std::chrono::milliseconds timeout) {
  std::optional<std::string> patch{std::move(patch_json)};
  MUSTER_CO_TRY(const client::TwinAnswer answer, co_await ask_twin(std::move(patch), timeout));
  co_return client::read_reported_version(answer);
}

Task<void> Client::Session::watch_desired(client::TwinExchange::Watcher on_update,
                                          std::chrono::milliseconds timeout) {
  const auto self = shared_from_this();
  enlist();
  if (refused_) co_return failure(*refused_);
  if (timeout.count() <= 0) co_return failure(no_time());
  twin_.watch(std::move(on_update));
  work_.notify();
  const SteadyTime due = engine_.clock.steady() + timeout;
  const net::ScopedDeadline deadline{engine_.shard, due, [this] { twin_.told().notify(); }};
  while (true) {
    MUSTER_CO_TRY(const bool told, twin_.is_told());
    if (told) co_return Result<void>{};
    if (engine_.clock.steady() >= due) {
      co_return failure(ErrorCode::timed_out,
                        fmt::format("{}: the desired properties did not come within {} ms", options_.host,
                                    timeout.count()));
    }
    MUSTER_CO_CHECK(co_await twin_.told().wait());
  }
}

}  // namespace muster
