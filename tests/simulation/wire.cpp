#include "wire.hpp"

namespace muster::simulation {

bool PacketReader::take(ByteView bytes, const std::function<void(const mqtt::Packet&)>& visit) {
  unread_.insert(unread_.end(), bytes.begin(), bytes.end());
  std::size_t done = 0;
  bool good = true;
  while (good) {
    const ByteView rest = ByteView{unread_}.subspan(done);
    const auto header = mqtt::decode_fixed_header(rest, 1u << 20);
    if (!header) {
      good = header.error() == mqtt::DecodeError::incomplete;
      break;
    }
    const std::size_t size = header->size_header + std::size_t{header->size_remaining};
    if (rest.size() < size) break;
    const auto packet = mqtt::decode_body(*header, rest.subspan(header->size_header, header->size_remaining));
    good = packet.has_value();
    if (packet) visit(*packet);
    done += size;
  }
  unread_.erase(unread_.begin(), unread_.begin() + static_cast<std::ptrdiff_t>(done));
  return good;
}

Wire::Wire(std::shared_ptr<net::ScriptedPeer> peer, Random& random, bool narrow)
    : peer_{std::move(peer)}, random_{random}, narrow_{narrow} {
  if (narrow_) peer_->accept_writes(kNarrowBytes);
}

void Wire::send(ByteView bytes) {
  if (hung_up_ || broken_) return;
  // As TCP may: any number of segments.
  while (!bytes.empty()) {
    const std::size_t size =
        random_.below(4) == 0 ? static_cast<std::size_t>(random_.below(bytes.size())) + 1 : bytes.size();
    to_service_.emplace_back(bytes.begin(), bytes.begin() + static_cast<std::ptrdiff_t>(size));
    bytes = bytes.subspan(size);
  }
}

void Wire::hang_up() { hung_up_ = true; }

Bytes Wire::arrived() { return std::exchange(arrived_, {}); }

Bytes Wire::collect() {
  if (!peer_ || broken_) return {};
  Bytes written = peer_->take_written();
  if (!written.empty()) to_device_.push_back(written);
  closed_by_service_ = closed_by_service_ || peer_->closed();
  return written;
}

void Wire::deliver_to_service() {
  if (!peer_ || broken_ || end_told_) return;
  if (!to_service_.empty()) {
    if (!peer_->gone()) peer_->push(to_service_.front());
    to_service_.pop_front();
  } else if (hung_up_) {
    end_told_ = true;
    peer_->push_end();
  }
}

void Wire::deliver_to_device() {
  if (broken_ || to_device_.empty()) return;
  const Bytes piece = std::move(to_device_.front());
  to_device_.pop_front();
  arrived_.insert(arrived_.end(), piece.begin(), piece.end());
  if (narrow_ && peer_ && !peer_->closed()) peer_->accept_writes(kNarrowBytes);
}

void Wire::cut(bool service_notices) {
  broken_ = true;
  to_service_.clear();
  to_device_.clear();
  if (!peer_ || !service_notices || end_told_) return;
  end_told_ = true;
  const Error reset{ErrorCode::connection_lost, "the network cut the connection"};
  peer_->push_failure(reset);
  peer_->fail_writes(reset);
}

void Wire::service_died(bool lose_written) {
  peer_ = nullptr;
  to_service_.clear();
  if (lose_written) to_device_.clear();
  closed_by_service_ = true;
}

}  // namespace muster::simulation
