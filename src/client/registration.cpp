#include "client/registration.hpp"

#include "protocol/dps/registration.hpp"
#include "protocol/dps/topic.hpp"

#include <fmt/format.h>

namespace muster::client {
namespace {

/// As Python and Node wait (protocol/device/01 section 7).
constexpr std::chrono::seconds kAnswerTimeout{30};

struct Answer {
  int status = 0;
  std::optional<int> retry_after_s;
  std::string body;
};

/// One connection's exchange with DPS: one request at a time.
class Exchange {
 public:
  Exchange(Engine& engine, Link& link, const ProvisioningOptions& options, SteadyTime deadline)
      : engine_{engine}, link_{link}, options_{options}, deadline_{deadline} {}

  Task<Assignment> run() {
    MUSTER_CO_CHECK(co_await limited("SUBSCRIBE", subscribe()));
    std::string operation_id;
    while (true) {
      MUSTER_CO_TRY(const Answer answer, co_await limited("the registration", ask(operation_id)));
      MUSTER_CO_TRY(const Verdict verdict,
                    judge_answer(answer.status, answer.retry_after_s, answer.body, options_));
      if (verdict.assigned) co_return *verdict.assigned;
      if (verdict.refused) co_return failure(*verdict.refused);
      // A busy service has not taken a registration, or has not looked at a poll: the same request again.
      if (!verdict.busy) operation_id = verdict.operation_id;
      if (engine_.clock.steady() + verdict.pause >= deadline_) co_return out_of_time(verdict);
      if (verdict.busy && options_.on_retry) options_.on_retry(*verdict.busy, verdict.pause);
      MUSTER_CO_CHECK(co_await pause(engine_, verdict.pause));
    }
  }

 private:
  tl::unexpected<Error> out_of_time(const Verdict& verdict) const {
    if (verdict.busy) return failure(*verdict.busy);
    return failure(ErrorCode::timed_out,
                   fmt::format("registering {} at {}: still not decided; operation {}",
                               options_.registration_id, options_.host, verdict.operation_id));
  }

  /// Closes the link when `work` takes longer than the peer may.
  template <typename T>
  Task<T> limited(std::string_view doing, Task<T> work) {
    const SteadyTime until = std::min(deadline_, engine_.clock.steady() + kAnswerTimeout);
    bool late = false;
    const net::ScopedDeadline deadline{engine_.shard, until, [this, &late] {
                                         late = true;
                                         link_.close();
                                       }};
    Result<T> outcome = co_await std::move(work);
    if (late) {
      co_return failure(ErrorCode::timed_out, fmt::format("{}: no answer to {}", options_.host, doing));
    }
    co_return outcome;
  }

  Task<void> subscribe() {
    mqtt::Subscribe subscribe;
    subscribe.packet_id = next_packet_id_++;
    subscribe.topics.push_back({dps::kResponseFilter, 1});
    Bytes bytes;
    mqtt::encode(subscribe, bytes);
    MUSTER_CO_CHECK(co_await link_.send(std::move(bytes)));
    while (true) {
      MUSTER_CO_TRY(const mqtt::Packet packet, co_await link_.receive());
      const auto* suback = std::get_if<mqtt::Suback>(&packet);
      if (suback == nullptr || suback->packet_id != subscribe.packet_id) continue;
      if (suback->return_codes.size() == 1 && suback->return_codes[0] <= 2) co_return Result<void>{};
      co_return failure(ErrorCode::service_error,
                        fmt::format("{} does not let the device subscribe to {}: not a DPS", options_.host,
                                    dps::kResponseFilter));
    }
  }

  /// Registers when `operation_id` is empty, polls otherwise.
  Task<Answer> ask(const std::string& operation_id) {
    const std::string rid = std::to_string(++last_rid_);
    const std::string topic =
        operation_id.empty() ? dps::format_register_topic(rid) : dps::format_poll_topic(rid, operation_id);
    const std::string body = operation_id.empty()
                                 ? dps::format_register_body(options_.registration_id, options_.payload_json)
                                 : std::string{};
    mqtt::Publish publish;
    publish.topic = topic;
    publish.payload = as_bytes(body);
    publish.packet_id = next_packet_id_++;
    publish.qos = 1;
    Bytes bytes;
    mqtt::encode(publish, bytes);
    MUSTER_CO_CHECK(co_await link_.send(std::move(bytes)));
    while (true) {
      MUSTER_CO_TRY(const mqtt::Packet packet, co_await link_.receive());
      const auto* response = std::get_if<mqtt::Publish>(&packet);
      if (response == nullptr) continue;  // The PUBACK of the request, which says nothing yet.
      std::optional<Answer> answer = read_answer(*response, rid);
      if (response->qos == 1) {
        Bytes acknowledgement;
        mqtt::encode(mqtt::Puback{response->packet_id}, acknowledgement);
        MUSTER_CO_CHECK(co_await link_.send(std::move(acknowledgement)));
      }
      if (answer) co_return *std::move(answer);
    }
  }

  /// nullopt: an answer to something else, perhaps to a request that was sent again.
  static std::optional<Answer> read_answer(const mqtt::Publish& response, std::string_view rid) {
    const auto topic = dps::parse_response_topic(response.topic);
    if (!topic || topic->rid != rid) return std::nullopt;
    return Answer{topic->status, topic->retry_after_s, std::string{as_text(response.payload)}};
  }

  Engine& engine_;
  Link& link_;
  const ProvisioningOptions& options_;
  SteadyTime deadline_;
  std::uint16_t next_packet_id_ = 1;
  unsigned last_rid_ = 0;
};

}  // namespace

Task<Assignment> register_over(Engine& engine, Link& link, const ProvisioningOptions& options,
                               SteadyTime deadline) {
  Exchange exchange{engine, link, options, deadline};
  co_return co_await exchange.run();
}

}  // namespace muster::client
