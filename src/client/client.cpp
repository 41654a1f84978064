#include "client/session.hpp"
#include "protocol/hub/topic.hpp"

#include <boost/asio/dispatch.hpp>
#include <fmt/format.h>

namespace muster {
namespace {

std::string topic_of(const std::string& device_id, const PublishOptions& options, Random& random) {
  // System properties first, as the SDKs have them (protocol/device/04 section 5).
  std::vector<hub::Property> properties;
  const auto add = [&properties](std::string_view name, const std::string& value) {
    if (!value.empty()) properties.push_back({std::string{name}, value});
  };
  add("$.mid", options.message_id.empty() ? random_uuid(random) : options.message_id);
  add("$.cid", options.correlation_id);
  add("$.ct", options.content_type);
  add("$.ce", options.content_encoding);
  for (const auto& [name, value] : options.properties) properties.push_back({name, value});
  return hub::format_telemetry_topic(device_id, hub::encode_property_bag(properties));
}

}  // namespace

Task<void> Client::Session::publish(Bytes payload, PublishOptions options) {
  const auto self = shared_from_this();
  enlist();
  if (refused_) co_return failure(*refused_);
  if (options.timeout.count() <= 0) {
    co_return failure(ErrorCode::timed_out, "a timeout of 0 ms leaves no time to send");
  }
  std::string topic = topic_of(options_.device_id, options, engine_.random);
  const std::size_t size_bag = topic.size() - hub::format_telemetry_topic(options_.device_id, {}).size();
  const std::size_t size = payload.size() + size_bag;
  // MQTT 3.1.1 section 1.5.3 limits a topic as well; Azure's limit on both together is named first.
  constexpr std::size_t kTopicSizeMax = 65'535;
  if (size > kMessageSizeMax || topic.size() > kTopicSizeMax) {
    co_return failure(ErrorCode::message_too_large,
                      fmt::format("payload {} and properties {} bytes; at most {} together, and {} of topic",
                                  payload.size(), size_bag, kMessageSizeMax, kTopicSizeMax));
  }
  MUSTER_CO_TRY(const std::shared_ptr<client::Outgoing> message,
                outbox_.add(std::move(topic), std::move(payload)));
  work_.notify();
  const SteadyTime due = engine_.clock.steady() + options.timeout;
  const net::ScopedDeadline deadline{engine_.shard, due, [message] { message->settled.notify(); }};
  while (!message->outcome) {
    if (engine_.clock.steady() >= due) {
      outbox_.abandon(message);
      co_return failure(ErrorCode::timed_out,
                        fmt::format("{}: no acknowledgement within {} ms; it may or may not have been stored",
                                    options_.host, options.timeout.count()));
    }
    const Result<void> woken = co_await message->settled.wait();
    if (!woken) {
      outbox_.abandon(message);
      co_return failure(ErrorCode::cancelled, "publish was given up; it may or may not have been stored");
    }
  }
  co_return *message->outcome;
}

Client::Client(Runtime& runtime, std::shared_ptr<Credentials> credentials, ClientOptions options)
    : session_{std::make_shared<Session>(runtime.engine(), std::move(credentials), std::move(options))} {}

Client::Client(Client&& other) noexcept = default;

Client::~Client() {
  if (!session_) return;
  asio::dispatch(session_->engine().shard.io(), [session = session_] { session->abandon(); });
}

boost::asio::awaitable<Result<void>> Client::connect(std::chrono::milliseconds timeout) {
  return session_->connect(timeout);
}

boost::asio::awaitable<Result<void>> Client::publish(std::span<const std::byte> payload,
                                                     PublishOptions options) {
  const auto session = session_;
  Bytes copy{payload.begin(), payload.end()};
  co_return co_await session->publish(std::move(copy), std::move(options));
}

boost::asio::awaitable<Result<void>> Client::publish(std::span<const std::byte> payload) {
  return publish(payload, PublishOptions{});
}

boost::asio::awaitable<Result<DeviceTwin>> Client::get_twin(std::chrono::milliseconds timeout) {
  return session_->get_twin(timeout);
}

boost::asio::awaitable<Result<std::int64_t>> Client::patch_reported(std::string patch_json,
                                                                    std::chrono::milliseconds timeout) {
  return session_->patch_reported(std::move(patch_json), timeout);
}

boost::asio::awaitable<Result<void>> Client::watch_desired(
    std::function<void(const DesiredUpdate&)> on_update, std::chrono::milliseconds timeout) {
  return session_->watch_desired(std::move(on_update), timeout);
}

boost::asio::awaitable<Result<void>> Client::disconnect() { return session_->disconnect(); }

ConnectionState Client::state() const noexcept { return session_->state(); }

}  // namespace muster
