#include "journal/journal.hpp"

#include "base/log.hpp"

#include <algorithm>
#include <iterator>

namespace muster::journal {
namespace {

std::string_view kind_name(EntryKind kind) {
  switch (kind) {
    case EntryKind::connected:
      return "connected";
    case EntryKind::closed:
      return "closed";
    case EntryKind::refused:
      return "refused";
    case EntryKind::registered:
      return "registered";
  }
  return "";
}

void cut(std::string& text, std::size_t size_max) {
  if (text.size() > size_max) text.resize(size_max);
}

/// The address without its port: a device that comes back has another port each time.
std::string_view host_of(std::string_view remote) { return remote.substr(0, remote.rfind(':')); }

bool is_repeat(const Entry& a, const Entry& b) {
  return a.kind == b.kind && a.service == b.service && a.subject == b.subject && a.step == b.step &&
         a.code == b.code && a.reason == b.reason && host_of(a.remote) == host_of(b.remote);
}

void log_entry(const Entry& entry) {
  std::string line =
      fmt::format("{} step={} service={} subject={} remote={} tracking={}", kind_name(entry.kind), entry.step,
                  log::field(entry.service), log::field(entry.subject), entry.remote, entry.tracking_id);
  if (entry.code) line += fmt::format(" code={}", error_id(*entry.code));
  if (!entry.answered.empty()) line += fmt::format(" answered={}", log::field(entry.answered));
  if (!entry.reason.empty()) line += fmt::format(" reason={}", log::field(entry.reason));
  log::write(entry.kind == EntryKind::refused ? log::Level::warning : log::Level::info, "journal", line);
}

}  // namespace

Journal::Journal(Clock& clock, Random& random, JournalLimits limits)
    : clock_{clock}, random_{random}, limits_{limits} {}

std::string Journal::new_tracking_id() { return random_uuid(random_); }

void Journal::write(Entry entry) {
  for (std::string* text : {&entry.service, &entry.subject, &entry.remote, &entry.step, &entry.reason,
                            &entry.remedy, &entry.answered, &entry.tracking_id}) {
    cut(*text, limits_.text_bytes_max);
  }
  if (log::enabled(entry.kind == EntryKind::refused ? log::Level::warning : log::Level::info))
    log_entry(entry);

  const WallTime now = clock_.wall();
  const std::lock_guard lock{mutex_};
  if (entry.kind == EntryKind::refused) ++refusals_;
  // Only the newest of a subject is looked at: a run of repeats collapses, an alternation keeps its order.
  const auto subject = subjects_.find(entry.subject);
  if (subject != subjects_.end() && is_repeat(subject->second.newest->kept.entry, entry)) {
    Kept& newest = subject->second.newest->kept;
    newest.last = now;
    ++newest.count;
    newest.entry.tracking_id = std::move(entry.tracking_id);
    newest.entry.remote = std::move(entry.remote);
    return;
  }
  make_room(entry.subject);
  keep({next_number_++, now, now, 1, std::move(entry)});
}

void Journal::keep(Kept kept) {
  const auto [subject, first] = subjects_.try_emplace(kept.entry.subject);
  const auto older = first ? kept_.end() : subject->second.newest;
  kept_.push_back({std::move(kept), kept_.end(), older});
  const auto added = std::prev(kept_.end());
  if (first) {
    subject->second.oldest = added;
  } else {
    older->newer = added;
  }
  subject->second.newest = added;
  ++subject->second.count;
}

void Journal::drop(std::list<Node>::iterator victim) {
  const auto subject = subjects_.find(victim->kept.entry.subject);
  if (victim->older != kept_.end()) victim->older->newer = victim->newer;
  if (victim->newer != kept_.end()) victim->newer->older = victim->older;
  if (subject->second.oldest == victim) subject->second.oldest = victim->newer;
  if (subject->second.newest == victim) subject->second.newest = victim->older;
  if (--subject->second.count == 0) subjects_.erase(subject);
  kept_.erase(victim);
}

void Journal::make_room(const std::string& subject) {
  const auto counted = subjects_.find(subject);
  if (counted != subjects_.end() && counted->second.count >= limits_.entries_per_subject_max) {
    drop(counted->second.oldest);
  }
  if (kept_.size() >= limits_.entries_max) drop(kept_.begin());
}

std::vector<Kept> Journal::newest(std::size_t limit, std::optional<std::string> subject) const {
  const std::lock_guard lock{mutex_};
  std::vector<Kept> found;
  if (subject) {
    const auto chain = subjects_.find(*subject);
    if (chain == subjects_.end()) return found;
    for (std::list<Node>::const_iterator node = chain->second.newest;
         node != kept_.end() && found.size() < limit; node = node->older) {
      found.push_back(node->kept);
    }
    return found;
  }
  for (auto node = kept_.rbegin(); node != kept_.rend() && found.size() < limit; ++node) {
    found.push_back(node->kept);
  }
  return found;
}

std::optional<Kept> Journal::find_tracking_id(const std::string& id) const {
  const std::lock_guard lock{mutex_};
  const auto found = std::find_if(kept_.rbegin(), kept_.rend(),
                                  [&](const Node& node) { return node.kept.entry.tracking_id == id; });
  if (found == kept_.rend()) return std::nullopt;
  return found->kept;
}

std::uint64_t Journal::refusals() const {
  const std::lock_guard lock{mutex_};
  return refusals_;
}

}  // namespace muster::journal
