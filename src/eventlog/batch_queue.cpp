#include "eventlog/batch_queue.hpp"

namespace muster::eventlog {

Ticket BatchQueue::push(const EventView& event, const Destination& to, std::size_t size, SteadyTime now) {
  if (batches_.empty() || batches_.back().bytes.size() + size > batch_bytes_max_ ||
      batches_.back().items.size() >= kBatchRecordsMax) {
    if (spares_.empty()) {
      batches_.emplace_back();
    } else {
      batches_.push_back(std::move(spares_.back()));
      spares_.pop_back();
    }
    batches_.back().opened = now;
  }
  PendingBatch& batch = batches_.back();
  const std::size_t position = batch.bytes.size();
  batch.bytes.resize(position + size);
  encode_record(event, to.id, std::span{batch.bytes}.subspan(position));
  batch.items.push_back({to, static_cast<std::uint32_t>(position), static_cast<std::uint32_t>(size)});
  batch.last_ticket = ++last_ticket_;
  bytes_ += size;
  return last_ticket_;
}

PendingBatch BatchQueue::take() {
  PendingBatch batch = std::move(batches_.front());
  batches_.pop_front();
  bytes_ -= batch.bytes.size();
  return batch;
}

void BatchQueue::recycle(PendingBatch batch) {
  if (spares_.size() >= kSparesMax) return;
  batch.clear();
  spares_.push_back(std::move(batch));
}

void BatchQueue::drop_all() {
  batches_.clear();
  bytes_ = 0;
}

}  // namespace muster::eventlog
