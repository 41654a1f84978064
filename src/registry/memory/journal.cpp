#include "registry/memory/table.hpp"

namespace muster::registry::memory {

Result<void> Journal::transaction(const std::function<Result<void>()>& work) {
  const std::size_t mark = undo_.size();
  ++depth_;
  Result<void> done = work();
  --depth_;
  if (!done) {
    while (undo_.size() > mark) {
      undo_.back()();
      undo_.pop_back();
    }
  }
  if (depth_ == 0) undo_.clear();
  return done;
}

Result<void> Journal::read_only(const std::function<Result<void>()>& work) {
  return transaction([&]() -> Result<void> {
    const std::uint64_t before = changes_;
    MUSTER_CHECK(work());
    if (changes_ == before) return {};
    return failure(ErrorCode::registry_unavailable, "a read attempted to write");
  });
}

}  // namespace muster::registry::memory
