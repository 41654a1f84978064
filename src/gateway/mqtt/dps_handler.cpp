#include "gateway/mqtt/dps_handler.hpp"

#include "gateway/mqtt/error_table.hpp"
#include "gateway/mqtt/gateway.hpp"
#include "net/delay.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <fmt/format.h>

#include <variant>

namespace muster::mqtt {

/// What a connection's requests have in common. A request that ends after its connection finds it ending and
/// says nothing.
struct DpsHandler::Shared {
  std::shared_ptr<Connection> connection;
  GatewayServices& services;
  const DpsCaller caller;
  std::shared_ptr<const pki::Chain> chain;
  std::uint8_t granted_qos = hub::kNotSubscribed;
  std::uint16_t next_packet_id = 1;
  std::uint32_t requests = 0;

  /// False: the client was told nothing, for it is gone or has not subscribed to the answers.
  bool respond(int status, const std::string& rid, std::optional<int> retry_after_s, const std::string& body);
  /// 202, which has no journal entry of its own: what a client is not told is said when it closes.
  void assigning(const std::string& rid, const std::string& body);
  std::string as_answered(bool sent, const std::string& what) const;
  void refuse(const Error& error, const std::string& rid, std::string_view step);
  void failed(const provisioning::OperationView& view, const std::string& rid);
  std::string disabled_registration(const Error& error) const;
  Result<provisioning::RegisterRequest> request_of(const dps::RegisterBody& body) const;
  Result<void> take(throttle::Quota quota, std::string_view device) const {
    return services.throttles.take({ServiceKind::dps, caller.dps}, quota, device);
  }
  static asio::awaitable<void> answer(std::shared_ptr<Shared> self, std::string rid, std::string operation_id,
                                      std::string body, bool poll);
  asio::awaitable<bool> is_attested(const provisioning::RegisterRequest& request, const std::string& rid,
                                    std::string_view step);
  asio::awaitable<void> answer_register(const std::string& rid, const std::string& body);
  asio::awaitable<void> answer_poll(const std::string& rid, const std::string& operation_id);
};

DpsHandler::DpsHandler(Connection& connection, GatewayServices& services, DpsCaller caller)
    : connection_{connection}, services_{services}, caller_{std::move(caller)} {
  if (const auto& presented = connection.peer().chain) {
    chain_ = std::make_shared<const pki::Chain>(presented->parse());
  }
}

Result<PacketHandler::Next> DpsHandler::handle(const FixedHeader& header, ByteView body) {
  if (!shared_) {
    shared_ = std::make_shared<Shared>(Shared{connection_.shared_from_this(), services_, caller_, chain_});
  }
  const auto packet = decode_body(header, body);
  if (!packet) return failure(ErrorCode::malformed_packet, std::string{packet_name(header.type)});
  if (const auto* published = std::get_if<Publish>(&*packet)) return publish(*published);
  if (const auto* subscribed = std::get_if<Subscribe>(&*packet)) return subscribe(*subscribed);
  if (const auto* left = std::get_if<Unsubscribe>(&*packet)) {
    for (const auto filter : left->filters) {
      if (filter == dps::kResponseFilter) shared_->granted_qos = hub::kNotSubscribed;
    }
    connection_.send(Unsuback{left->packet_id});
    return Next::go_on;
  }
  if (std::holds_alternative<Pingreq>(*packet)) {
    connection_.send(Pingresp{});
    return Next::go_on;
  }
  // C# acknowledges every answer, with packet id 0 even (device/01 section 7): a PUBACK is never an error.
  if (std::holds_alternative<Puback>(*packet)) return Next::go_on;
  if (std::holds_alternative<Disconnect>(*packet)) return Next::disconnect;
  return failure(ErrorCode::protocol_violation, fmt::format("{} at DPS", packet_name(header.type)));
}

Result<PacketHandler::Next> DpsHandler::subscribe(const Subscribe& packet) {
  if (packet.topics.size() > services_.limits.subscriptions_max) {
    return failure(ErrorCode::protocol_violation,
                   fmt::format("{} filters in one SUBSCRIBE, {} are allowed", packet.topics.size(),
                               services_.limits.subscriptions_max));
  }
  Suback answer{packet.packet_id, {}};
  for (const auto& topic : packet.topics) {
    const bool granted = topic.filter == dps::kResponseFilter;
    if (granted) shared_->granted_qos = std::min<std::uint8_t>(topic.qos, 1);
    answer.return_codes.push_back(granted ? std::min<std::uint8_t>(topic.qos, 1) : 0x80);
  }
  connection_.send(answer);
  return Next::go_on;
}

Result<PacketHandler::Next> DpsHandler::publish(const Publish& packet) {
  if (packet.qos > 1) return failure(ErrorCode::qos_unsupported, "QoS 2 at DPS");
  const auto request = dps::parse_request_topic(packet.topic);
  if (!request) {
    return failure(ErrorCode::unknown_topic, fmt::format("topic {}", packet.topic.substr(0, 160)));
  }
  // PUBACK comes before the response: C# insists on it (device/01 section 7).
  if (packet.qos == 1) connection_.send(Puback{packet.packet_id});
  if (shared_->requests >= services_.limits.requests_max) {
    shared_->refuse(
        Error{ErrorCode::operations_limit,
              fmt::format("{} requests of this connection wait for their answer", shared_->requests)},
        std::string{request->rid}, "register");
    return Next::go_on;
  }
  ++shared_->requests;
  asio::co_spawn(
      connection_.shard().io(),
      Shared::answer(shared_, std::string{request->rid}, request->operation_id,
                     std::string{as_text(packet.payload)}, request->kind == dps::Request::Kind::poll),
      asio::detached);
  return Next::go_on;
}

asio::awaitable<void> DpsHandler::Shared::answer(std::shared_ptr<Shared> self, std::string rid,
                                                 std::string operation_id, std::string body, bool poll) {
  co_await net::delay(self->connection->shard(), self->services.dps.response_delay);
  if (poll) {
    co_await self->answer_poll(rid, operation_id);
  } else {
    co_await self->answer_register(rid, body);
  }
  --self->requests;
  self->connection->flush();
}

Result<provisioning::RegisterRequest> DpsHandler::Shared::request_of(const dps::RegisterBody& body) const {
  const auto id = RegistrationId::parse(caller.registration_id);
  if (!id) {
    return failure(ErrorCode::registration_id_invalid,
                   fmt::format("registration id {} {}", caller.registration_id.substr(0, 160), id.error()));
  }
  if (!body.registration_id.empty() && !equals_ignoring_case(body.registration_id, caller.registration_id)) {
    return failure(ErrorCode::registration_body_invalid,
                   fmt::format("registrationId: found {}, wanted {} as in the user name",
                               body.registration_id.substr(0, 160), caller.registration_id));
  }
  return provisioning::RegisterRequest{.dps = caller.dps,
                                       .id = *id,
                                       .chain = chain,
                                       .password = caller.password,
                                       .payload_json = body.payload_json,
                                       .asks_for_certificate = body.has_csr,
                                       .offers_tpm = body.has_tpm,
                                       .remote_address = connection->peer().remote.address};
}

/// Says so to the device when it is not.
asio::awaitable<bool> DpsHandler::Shared::is_attested(const provisioning::RegisterRequest& request,
                                                      const std::string& rid, std::string_view step) {
  const Result<provisioning::AttestOutcome> outcome =
      co_await provisioning::attest(services.provisioning, request);
  if (outcome && outcome->attested) co_return true;
  refuse(outcome ? *outcome->judgement.failure() : outcome.error(), rid, step);
  co_return false;
}

asio::awaitable<void> DpsHandler::Shared::answer_register(const std::string& rid, const std::string& text) {
  const Result<dps::RegisterBody> body = dps::parse_register_body(text);
  if (!body) co_return refuse(body.error(), rid, "register");
  const Result<provisioning::RegisterRequest> request = request_of(*body);
  if (!request) co_return refuse(request.error(), rid, "register");

  if (const auto may = take(throttle::Quota::dps_registrations, {}); !may)
    co_return refuse(may.error(), rid, "register");
  // What can be refused for good is refused here and now; what follows is choosing the hub and storing.
  const bool attested = co_await is_attested(*request, rid, "register");
  if (!attested) co_return;
  const Result<std::string> operation =
      services.operations.start(connection->shard().io().get_executor(), *request);
  if (!operation) co_return refuse(operation.error(), rid, "register");
  assigning(rid, dps::format_assigning(*operation, std::nullopt));
}

asio::awaitable<void> DpsHandler::Shared::answer_poll(const std::string& rid,
                                                      const std::string& operation_id) {
  const Result<provisioning::RegisterRequest> request = request_of(dps::RegisterBody{});
  if (!request) co_return refuse(request.error(), rid, "poll");
  if (const auto may = take(throttle::Quota::dps_polls, request->id.key()); !may)
    co_return refuse(may.error(), rid, "poll");
  // The operation id is no secret, and whose registration it is has not been proved by CONNECT.
  const bool attested = co_await is_attested(*request, rid, "poll");
  if (!attested) co_return;
  const Result<provisioning::OperationView> view =
      co_await services.operations.poll(connection->shard().io().get_executor(), *request, operation_id);
  if (!view) co_return refuse(view.error(), rid, "poll");
  if (view->registration && view->registration->status == RegistrationStatus::failed)
    co_return failed(*view, rid);
  if (view->error) co_return refuse(*view->error, rid, "poll");
  if (view->running) {
    co_return assigning(rid, dps::format_assigning(operation_id, caller.registration_id));
  }
  const Registration& registration = *view->registration;
  const bool sent =
      respond(200, rid, std::nullopt,
              dps::format_final(registration,
                                services.names.answer_host(registration.assigned_hub, connection->peer())));
  journal::Entry entry;
  entry.kind = journal::EntryKind::registered;
  entry.tracking_id = connection->tracking_id();
  entry.service = dps_host_name(caller.dps);
  entry.subject = caller.registration_id;
  entry.remote = connection->remote();
  entry.step = "poll";
  entry.answered = as_answered(sent, fmt::format("assigned to {}", registration.assigned_hub));
  services.journal.write(std::move(entry));
}

bool DpsHandler::Shared::respond(int status, const std::string& rid, std::optional<int> retry_after_s,
                                 const std::string& body) {
  if (connection->ending() || granted_qos == hub::kNotSubscribed) return false;
  const std::string topic = dps::format_response_topic(status, rid, retry_after_s);
  Publish packet{.topic = topic, .payload = as_bytes(body), .qos = granted_qos};
  if (packet.qos == 1) {
    packet.packet_id = next_packet_id;
    next_packet_id =
        next_packet_id == 0xFFFF ? std::uint16_t{1} : static_cast<std::uint16_t>(next_packet_id + 1);
  }
  connection->send(packet);
  return true;
}

void DpsHandler::Shared::assigning(const std::string& rid, const std::string& body) {
  const bool sent = respond(202, rid, services.dps.retry_after_s, body);
  if (!sent) connection->answered(as_answered(false, "202"));
}

/// What the journal says of an answer: `what` if it went out, else why it did not.
std::string DpsHandler::Shared::as_answered(bool sent, const std::string& what) const {
  if (sent) return what;
  if (connection->ending()) return fmt::format("nothing ({}): the connection ended before", what);
  return fmt::format("nothing ({}): the client has not subscribed to {}", what, dps::kResponseFilter);
}

/// The third way to say that an enrollment is disabled (device/01 section 6.4): a final answer with that
/// status.
std::string DpsHandler::Shared::disabled_registration(const Error& error) const {
  const auto id = RegistrationId::parse(caller.registration_id);
  if (!id) return {};
  Registration registration{
      .dps = caller.dps, .id = *id, .operation_id = provisioning::operation_id_of(caller.dps, *id)};
  registration.status = RegistrationStatus::disabled;
  registration.error_message = error.reason();
  registration.created = registration.updated = services.clock.wall();
  return dps::format_final(registration, {});
}

void DpsHandler::Shared::refuse(const Error& error, const std::string& rid, std::string_view step) {
  const DpsAnswer answer = dps_answer(error, services.dps.disabled);
  journal::Entry entry;
  entry.kind = journal::EntryKind::refused;
  entry.tracking_id = services.journal.new_tracking_id();
  entry.service = dps_host_name(caller.dps);
  entry.subject = caller.registration_id;
  entry.remote = connection->remote();
  entry.step = step;
  entry.code = error.code();
  entry.reason = error.reason();
  entry.remedy = error.remedy();
  if (answer.as_registration) {
    const bool sent = respond(200, rid, std::nullopt, disabled_registration(error));
    entry.answered = as_answered(sent, "200 disabled");
  } else {
    const bool later = answer.status == 429 || answer.status >= 500;
    const bool sent =
        respond(answer.status, rid, later ? std::optional{services.dps.retry_after_s} : std::nullopt,
                dps::format_error({.error_code = answer.error_code,
                                   .tracking_id = entry.tracking_id,
                                   .message = answer.message,
                                   .timestamp = services.clock.wall()}));
    entry.answered = as_answered(sent, fmt::format("{} {}", answer.status, answer.error_code));
  }
  services.journal.write(std::move(entry));
}

/// A registration that failed is a final answer, with the reason in its state (device/01 section 6.3).
void DpsHandler::Shared::failed(const provisioning::OperationView& view, const std::string& rid) {
  const bool sent = respond(200, rid, std::nullopt, dps::format_final(*view.registration, {}));
  journal::Entry entry;
  entry.kind = journal::EntryKind::refused;
  entry.tracking_id = services.journal.new_tracking_id();
  entry.service = dps_host_name(caller.dps);
  entry.subject = caller.registration_id;
  entry.remote = connection->remote();
  entry.step = "poll";
  entry.code = ErrorCode::allocation_failed;
  // After a restart the stored message is all that is known.
  entry.reason = view.error ? view.error->reason() : view.registration->error_message;
  entry.remedy = Error{ErrorCode::allocation_failed, entry.reason}.remedy();
  entry.answered = as_answered(sent, fmt::format("200 failed {}", view.registration->error_code));
  services.journal.write(std::move(entry));
}

}  // namespace muster::mqtt
