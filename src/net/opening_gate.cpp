#include "net/opening_gate.hpp"

#include "base/assert.hpp"

#include <algorithm>

namespace muster::net {

using boost::asio::ip::address;

address limits_address(const address& of) {
  if (!of.is_v6()) return of;
  constexpr std::size_t kPrefixBytes = 8;
  auto bytes = of.to_v6().to_bytes();
  std::fill(bytes.begin() + kPrefixBytes, bytes.end(), std::uint8_t{0});
  return boost::asio::ip::address_v6{bytes};
}

OpeningGate::~OpeningGate() { MUSTER_ASSERT(peers_.empty(), "a gate outlives its passes"); }

void OpeningGate::take_place(OpeningPass& pass) {
  ++inside_;
  ++peers_[pass.address_].inside;
  figures_.open.fetch_add(1, std::memory_order_relaxed);
  pass.state_ = OpeningPass::State::inside;
}

void OpeningGate::wait_in_line(OpeningPass& pass) {
  Peer& peer = peers_[pass.address_];
  if (peer.waiting.empty()) peer.turn = turns_.insert(turns_.end(), &peer);
  pass.place_ = peer.waiting.insert(peer.waiting.end(), &pass);
  figures_.waiting.fetch_add(1, std::memory_order_relaxed);
  pass.state_ = OpeningPass::State::waiting;
}

void OpeningGate::leave_line(OpeningPass& pass) {
  Peer& peer = peers_[pass.address_];
  peer.waiting.erase(pass.place_);
  if (peer.waiting.empty()) turns_.erase(peer.turn);
  figures_.waiting.fetch_sub(1, std::memory_order_relaxed);
  pass.state_ = OpeningPass::State::outside;
}

void OpeningGate::give_place_back(OpeningPass& pass) {
  --inside_;
  --peers_[pass.address_].inside;
  figures_.open.fetch_sub(1, std::memory_order_relaxed);
  pass.state_ = OpeningPass::State::outside;
  let_in();
}

/// Of those addresses that have their full share inside there are few (openings_max over
/// openings_per_address_max): passing them over is no long search.
void OpeningGate::let_in() {
  std::size_t passed_over = 0;
  while (inside_ < caps_.openings_max && passed_over < turns_.size()) {
    Peer& peer = *turns_.front();
    turns_.splice(turns_.end(), turns_, turns_.begin());
    if (!has_room(peer)) {
      ++passed_over;
      continue;
    }
    OpeningPass& pass = *peer.waiting.back();
    leave_line(pass);
    take_place(pass);
    pass.turn_.notify();
  }
}

void OpeningGate::forget(Peer& peer, const address& of) {
  if (peer.inside == 0 && peer.waiting.empty()) peers_.erase(of);
}

OpeningPass::OpeningPass(OpeningGate& gate, Shard& shard, const address& of)
    : gate_{gate}, address_{limits_address(of)}, turn_{shard} {}

OpeningPass::~OpeningPass() {
  if (state_ == State::outside) return;
  if (state_ == State::waiting) {
    gate_.leave_line(*this);
    gate_.figures_.refused.fetch_add(1, std::memory_order_relaxed);
  } else {
    gate_.give_place_back(*this);
  }
  gate_.forget(gate_.peers_[address_], address_);
}

Task<void> OpeningPass::enter() {
  MUSTER_ASSERT(state_ == State::outside, "a connection opens once");
  const auto known = gate_.peers_.find(address_);
  if (gate_.has_room(known == gate_.peers_.end() ? OpeningGate::Peer{} : known->second)) {
    gate_.take_place(*this);
    co_return Result<void>{};
  }
  gate_.wait_in_line(*this);
  // Whoever destroys the pass destroys the signal: nothing of this object is looked at after it.
  auto turn = co_await turn_.wait();
  co_return turn;
}

}  // namespace muster::net
