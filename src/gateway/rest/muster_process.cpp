#include "gateway/rest/handlers.hpp"
#include "protocol/rest/journal_json.hpp"

#include <fmt/format.h>

#include <charconv>
#include <vector>

namespace muster::rest {
namespace {

constexpr std::size_t kRowsDefault = 50;
constexpr std::size_t kRowsMax = 1000;
constexpr std::size_t kRowsLookedAt =
    10'000;  // All that the journal keeps: connects lie between the refusals.

std::string_view kind_name(journal::EntryKind kind) {
  switch (kind) {
    case journal::EntryKind::connected:
      return "connected";
    case journal::EntryKind::closed:
      return "closed";
    case journal::EntryKind::refused:
      return "refused";
    case journal::EntryKind::registered:
      return "registered";
  }
  return "refused";
}

JournalRow row_of(const journal::Kept& kept) {
  const auto& entry = kept.entry;
  return {kept.number,       kind_name(entry.kind), kept.first,    kept.last,     kept.count,
          entry.tracking_id, entry.service,         entry.subject, entry.remote,  entry.step,
          entry.code,        entry.reason,          entry.remedy,  entry.answered};
}

Result<std::size_t> row_limit(const Target& target) {
  std::size_t limit = kRowsDefault;
  const auto text = target.parameter("limit");
  if (!text) return limit;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), limit);
  if (error != std::errc{} || end != text->data() + text->size() || limit < 1 || limit > kRowsMax) {
    return failure(ErrorCode::field_invalid,
                   fmt::format("limit: \"{}\" is not a number from 1 to {}", *text, kRowsMax));
  }
  return limit;
}

}  // namespace

Task<Response> show_status(const Call& call) {
  co_return Response::json(call.services.process.status_json());
}

Task<Response> show_config(const Call& call) {
  co_return Response::json(call.services.process.config_json());
}

Task<Response> stop_process(const Call& call) {
  auto response = Response::json(R"({"stopping":true})", 202);
  response.after_written = call.services.process.stop;  // Not before: stopping closes this connection too.
  co_return response;
}

Task<Response> list_refusals(const Call& call) {
  std::vector<journal::Kept> kept;
  if (const auto id = call.target.parameter("trackingId")) {
    if (auto found = call.services.journal.find_tracking_id(std::string{*id}))
      kept.push_back(*std::move(found));
  } else {
    MUSTER_CO_TRY(const std::size_t limit, row_limit(call.target));
    std::optional<std::string> subject;
    if (const auto text = call.target.parameter("subject")) subject = *text;
    for (auto& one : call.services.journal.newest(kRowsLookedAt, subject)) {
      if (kept.size() < limit && one.entry.kind == journal::EntryKind::refused)
        kept.push_back(std::move(one));
    }
  }
  std::vector<JournalRow> rows;
  for (const auto& one : kept) rows.push_back(row_of(one));
  co_return Response::json(format_journal(rows));
}

}  // namespace muster::rest
