#pragma once

#include "base/result.hpp"

#include <functional>
#include <map>
#include <utility>
#include <vector>

namespace muster::registry::memory {

/// What would undo the changes of the open transaction, oldest first. Outside a transaction nothing is noted.
class Journal {
 public:
  void note(std::function<void()> undo) {
    ++changes_;
    if (depth_ > 0) undo_.push_back(std::move(undo));
  }
  /// Store::transaction.
  Result<void> transaction(const std::function<Result<void>()>& work);
  /// A transaction that fails, and is undone, when `work` changes anything.
  Result<void> read_only(const std::function<Result<void>()>& work);

 private:
  int depth_ = 0;
  std::uint64_t changes_ = 0;
  std::vector<std::function<void()>> undo_;
};

/// An ordered table whose changes the journal can undo.
template <typename Key, typename Row>
class Table {
 public:
  explicit Table(Journal& journal) : journal_{journal} {}

  const Row* find(const Key& key) const {
    const auto found = rows_.find(key);
    return found == rows_.end() ? nullptr : &found->second;
  }

  void put(const Key& key, Row row) {
    const auto found = rows_.find(key);
    if (found == rows_.end()) {
      rows_.emplace(key, std::move(row));
      journal_.note([this, key] { rows_.erase(key); });
      return;
    }
    journal_.note([this, key, old = std::move(found->second)] { rows_.insert_or_assign(key, old); });
    found->second = std::move(row);
  }

  void erase(const Key& key) {
    const auto found = rows_.find(key);
    if (found == rows_.end()) return;
    journal_.note([this, key, old = std::move(found->second)] { rows_.insert_or_assign(key, old); });
    rows_.erase(found);
  }

  void erase_where(const std::function<bool(const Key&)>& matches) {
    std::vector<Key> keys;
    for (const auto& [key, row] : rows_) {
      if (matches(key)) keys.push_back(key);
    }
    for (const Key& key : keys) erase(key);
  }

  const std::map<Key, Row>& rows() const { return rows_; }

 private:
  Journal& journal_;
  std::map<Key, Row> rows_;
};

}  // namespace muster::registry::memory
