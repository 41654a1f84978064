#pragma once

#include "base/clock.hpp"
#include "trust/anchors.hpp"
#include "trust/judgement.hpp"

#include <chrono>
#include <cstdint>
#include <functional>
#include <list>
#include <memory>
#include <mutex>
#include <string>
#include <unordered_map>

namespace muster::trust {

/// What was asked: of which chain, at which state of trust, which question at which service.
class VerdictKey {
 public:
  /// `chain_hash` is pki::Chain::hash().
  static VerdictKey for_groups(std::string_view chain_hash, const Anchors& anchors);
  static VerdictKey for_anchor(std::string_view chain_hash, const Anchors& anchors, std::int64_t ca_id);

  const std::string& text() const noexcept { return text_; }

 private:
  explicit VerdictKey(std::string text) : text_{std::move(text)} {}
  std::string text_;
};

struct VerdictCacheLimits {
  std::size_t entries_max =
      32'768;  ///< About 500 bytes each, refusals 2 KB; the least recently used go first.
  /// A refusal may end with the beginning of a certificate that is not in its path: it is not believed for
  /// longer.
  std::chrono::seconds refusal_age_max{60};
};

/// Judgements that are still true: a device seen before pays one look-up. Of an acceptance only the outcome
/// is kept: a judgement made of it has one check, without the path's certificates. A refusal is kept whole.
/// An entry holds between the latest notBefore and the earliest notAfter of its path, so neither an expiry
/// nor a clock that was set back is overlooked. A change of trust is a new generation, so a new key; old
/// entries age out. Threads: any; one lock, held for the look-up.
class VerdictCache {
 public:
  explicit VerdictCache(VerdictCacheLimits limits = {}) : limits_{limits} {}

  /// Null when there is none that holds at `now`.
  std::shared_ptr<const Judgement> find(const VerdictKey& key, WallTime now);
  /// Keeps `judgement`, made at `now`; not where it depends on the time itself (a certificate expired or not
  /// yet valid).
  void put(const VerdictKey& key, std::shared_ptr<const Judgement> judgement, WallTime now);
  /// find(), else `judge` and put(). Two threads may judge the same at once; both get a right answer.
  std::shared_ptr<const Judgement> find_or_judge(const VerdictKey& key, WallTime now,
                                                 const std::function<Judgement()>& judge);
  std::size_t size() const;

 private:
  struct Entry {
    std::string key;
    std::shared_ptr<const Judgement> refusal;  ///< Null: accepted.
    std::int64_t ca_id = 0;
    std::shared_ptr<const EnrollmentGroup> group;
    WallTime from;   ///< Inclusive.
    WallTime until;  ///< Exclusive.
  };

  VerdictCacheLimits limits_;
  mutable std::mutex mutex_;
  std::list<Entry> entries_;                                                 ///< Most recently used first.
  std::unordered_map<std::string_view, std::list<Entry>::iterator> by_key_;  ///< Views into `entries_`.
};

}  // namespace muster::trust
