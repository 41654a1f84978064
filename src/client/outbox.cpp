#include "client/outbox.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace muster::client {
namespace {

void settle(Outgoing& message, Result<void> outcome) {
  message.outcome = std::move(outcome);
  message.settled.notify();
}

}  // namespace

Result<std::shared_ptr<Outgoing>> Outbox::add(std::string topic, Bytes payload) {
  if (messages_.size() >= messages_max_) {
    return failure(
        ErrorCode::not_connected,
        fmt::format("{} messages wait for their acknowledgement, and no more are kept", messages_.size()));
  }
  messages_.push_back(std::make_shared<Outgoing>(shard_, std::move(topic), std::move(payload)));
  return messages_.back();
}

const Outgoing* Outbox::send_next() {
  if (!has_next()) return nullptr;
  Outgoing& message = *messages_[on_wire_];
  if (message.packet_id == 0) message.packet_id = free_packet_id();
  ++on_wire_;
  return &message;
}

bool Outbox::acknowledge(std::uint16_t packet_id) {
  const auto end = messages_.begin() + static_cast<std::ptrdiff_t>(on_wire_);
  const auto found = std::find_if(
      messages_.begin(), end, [packet_id](const auto& message) { return message->packet_id == packet_id; });
  if (found == end) return false;
  const std::shared_ptr<Outgoing> message = *found;
  messages_.erase(found);
  --on_wire_;
  settle(*message, Result<void>{});
  return true;
}

void Outbox::connection_lost() {
  for (std::size_t i = 0; i < on_wire_; ++i) messages_[i]->sent_before = true;
  on_wire_ = 0;
  std::erase_if(messages_, [](const auto& message) { return message->abandoned; });
}

void Outbox::abandon(const std::shared_ptr<Outgoing>& message) {
  const auto found = std::find(messages_.begin(), messages_.end(), message);
  if (found == messages_.end()) return;
  const auto place = static_cast<std::size_t>(found - messages_.begin());
  // Its packet id stays taken until the PUBACK, or a new message's could be mistaken for it.
  if (place < on_wire_) {
    message->abandoned = true;
  } else {
    messages_.erase(found);
  }
}

void Outbox::fail_all(const Error& error) {
  const auto failed = std::move(messages_);
  messages_.clear();
  on_wire_ = 0;
  for (const auto& message : failed) settle(*message, failure(Error{error}));
}

std::uint16_t Outbox::free_packet_id() {
  do {
    last_packet_id_ =
        last_packet_id_ == kMessageIdMax ? std::uint16_t{1} : static_cast<std::uint16_t>(last_packet_id_ + 1);
  } while (std::any_of(messages_.begin(), messages_.end(),
                       [this](const auto& message) { return message->packet_id == last_packet_id_; }));
  return last_packet_id_;
}

}  // namespace muster::client
