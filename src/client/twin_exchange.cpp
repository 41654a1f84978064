#include "client/twin_exchange.hpp"

#include "client/outbox.hpp"
#include "protocol/hub/topic.hpp"
#include "protocol/hub/twin_document.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <utility>

namespace muster::client {
namespace {

constexpr std::uint16_t kResponsesId = kMessageIdMax + 1;
constexpr std::uint16_t kDesiredId = kMessageIdMax + 2;
/// After the hub would not give the twin to tell the watcher of; long enough not to add to its troubles.
constexpr std::chrono::seconds kReadAgainAfter{5};

Error refused(const TwinAnswer& answer) {
  return Error{ErrorCode::hub_refused, fmt::format("the hub answered the twin request with {}: {}",
                                                   answer.status, hub::describe_twin_error(answer.body))}
      .with_remedy("Correct what the reason names; for 429 and 5xx ask again later.");
}
Error not_granted() {
  return {ErrorCode::hub_refused, "the hub does not grant the subscription to the twin"};
}
bool is_success(const TwinAnswer& answer) { return answer.status >= 200 && answer.status < 300; }

}  // namespace

Result<std::shared_ptr<TwinRequest>> TwinExchange::add(std::optional<std::string> patch) {
  if (responses_ == Granted::refused) return failure(not_granted());
  if (requests_.size() >= requests_max_) {
    return failure(
        ErrorCode::not_connected,
        fmt::format("{} twin requests wait for their answer, and no more are kept", requests_.size()));
  }
  requests_.push_back(std::make_shared<TwinRequest>(shard_, std::to_string(++last_rid_), std::move(patch)));
  return requests_.back();
}

void TwinExchange::abandon(const std::shared_ptr<TwinRequest>& request) { std::erase(requests_, request); }

void TwinExchange::watch(Watcher watcher) {
  watcher_ = std::move(watcher);
  watch_error_.reset();
  version_.reset();
  must_read_ = true;
  if (responses_ == Granted::refused || desired_ == Granted::refused) fail_watch(not_granted());
}

Result<bool> TwinExchange::is_told() const {
  if (watch_error_) return failure(*watch_error_);
  return version_.has_value();
}

void TwinExchange::subscribe(std::uint16_t packet_id, std::string_view filter, Bytes& into) {
  mqtt::encode(mqtt::Subscribe{packet_id, {{filter, 1}}}, into);
}

void TwinExchange::gather(Bytes& into) {
  into.insert(into.end(), acknowledgements_.begin(), acknowledgements_.end());
  acknowledgements_.clear();
  if (clock_.steady() >= retry_at_) {
    retry_at_ = SteadyTime::max();
    must_read_ = true;
  }
  if ((watcher_ || !requests_.empty()) && responses_ == Granted::no) {
    responses_ = Granted::asked;
    subscribe(kResponsesId, hub::kTwinResponseFilter, into);
  }
  if (watcher_ && desired_ == Granted::no) {
    desired_ = Granted::asked;
    subscribe(kDesiredId, hub::kDesiredFilter, into);
  }
  if (responses_ != Granted::yes) return;
  // Read only once changes come in: one that follows the reading is then not missed.
  if (watcher_ && must_read_ && !reading_ && desired_ == Granted::yes) {
    must_read_ = false;
    reading_ = std::make_shared<TwinRequest>(shard_, std::to_string(++last_rid_), std::nullopt);
    mqtt::encode(mqtt::Publish{.topic = hub::format_twin_get_topic(reading_->rid)}, into);
  }
  for (const auto& request : requests_) {
    if (std::exchange(request->on_wire, true)) continue;
    const std::string topic = request->patch ? hub::format_twin_patch_topic(request->rid)
                                             : hub::format_twin_get_topic(request->rid);
    // QoS 0: the answer says more than a PUBACK, and what is not answered is asked again.
    mqtt::encode(mqtt::Publish{.topic = topic, .payload = as_bytes(request->patch.value_or(""))}, into);
  }
}

bool TwinExchange::take(const mqtt::Packet& packet) {
  if (const auto* suback = std::get_if<mqtt::Suback>(&packet)) return take_suback(*suback);
  if (const auto* publish = std::get_if<mqtt::Publish>(&packet)) return take_publish(*publish);
  return false;
}

bool TwinExchange::take_suback(const mqtt::Suback& suback) {
  const bool granted = suback.return_codes.size() == 1 && suback.return_codes.front() <= 1;
  if (suback.packet_id == kResponsesId) {
    responses_ = granted ? Granted::yes : Granted::refused;
    if (granted) return true;
    for (const auto& request : std::exchange(requests_, {})) {
      request->outcome = failure(not_granted());
      request->settled.notify();
    }
    fail_watch(not_granted());
    return true;
  }
  if (suback.packet_id != kDesiredId) return false;
  desired_ = granted ? Granted::yes : Granted::refused;
  if (!granted) fail_watch(not_granted());
  return true;
}

bool TwinExchange::take_publish(const mqtt::Publish& publish) {
  const auto response = hub::parse_twin_response_topic(publish.topic);
  if (!response && !hub::is_desired_topic(publish.topic)) return false;
  if (publish.qos == 1) mqtt::encode(mqtt::Puback{publish.packet_id}, acknowledgements_);
  if (response) {
    settle(response->rid, {response->status, response->version, std::string{as_text(publish.payload)}});
  } else if (watcher_) {
    take_desired_change(as_text(publish.payload));
  }
  return true;
}

void TwinExchange::settle(std::string_view rid, TwinAnswer answer) {
  if (reading_ && reading_->rid == rid) {
    reading_.reset();
    return take_all_desired(answer);
  }
  const auto found =
      std::ranges::find_if(requests_, [rid](const auto& request) { return request->rid == rid; });
  if (found == requests_.end()) return;  // Nobody waits for it any more.
  const auto request = *found;
  requests_.erase(found);
  request->outcome = std::move(answer);
  request->settled.notify();
}

void TwinExchange::take_all_desired(const TwinAnswer& answer) {
  if (!watcher_) return;
  const Result<DeviceTwin> twin = read_device_twin(answer);
  if (!twin) return fail_watch(twin.error());
  if (twin->desired_version < version_seen_ && version_seen_ != 0) {
    // A change came in after the hub had read this: what it brought is only in the next reading.
    version_seen_ = 0;
    must_read_ = true;
    return;
  }
  version_seen_ = 0;
  watch_error_.reset();
  if (std::exchange(version_, twin->desired_version) != twin->desired_version) {
    watcher_(DesiredUpdate{true, twin->desired_json, twin->desired_version});
  }
  told_.notify();
}

void TwinExchange::take_desired_change(std::string_view body) {
  const auto change = hub::parse_desired_patch(body);
  if (!change) return;
  if (version_ && change->version <= *version_) return;
  if (version_ && change->version == *version_ + 1 && !reading_) {
    version_ = change->version;
    watcher_(DesiredUpdate{false, change->json, change->version});
    return;
  }
  // It cannot be put onto what is known: everything is read.
  version_seen_ = std::max(version_seen_, change->version);
  if (!reading_) must_read_ = true;
}

void TwinExchange::fail_watch(Error error) {
  if (!watcher_) return;
  watch_error_ = std::move(error);
  retry_at_ = clock_.steady() + kReadAgainAfter;
  told_.notify();
}

void TwinExchange::connection_lost() {
  responses_ = desired_ = Granted::no;
  acknowledgements_.clear();
  reading_.reset();
  version_seen_ = 0;
  retry_at_ = SteadyTime::max();
  must_read_ = watcher_ != nullptr;
  for (const auto& request : requests_) request->on_wire = false;
}

void TwinExchange::fail_all(const Error& error) {
  for (const auto& request : std::exchange(requests_, {})) {
    request->outcome = failure(Error{error});
    request->settled.notify();
  }
  if (!version_) watch_error_ = error;
  told_.notify();
}

Result<DeviceTwin> read_device_twin(const TwinAnswer& answer) {
  if (!is_success(answer)) return failure(refused(answer));
  auto view = hub::parse_device_view(answer.body);
  if (!view) return failure(ErrorCode::service_error, "the hub answered a twin request with what is no twin");
  return DeviceTwin{std::move(view->desired_json), view->desired_version, std::move(view->reported_json),
                    view->reported_version};
}

Result<std::int64_t> read_reported_version(const TwinAnswer& answer) {
  if (!is_success(answer)) return failure(refused(answer));
  if (!answer.version) {
    return failure(ErrorCode::service_error, "the hub took the reported properties and gave no version");
  }
  return *answer.version;
}

}  // namespace muster::client
