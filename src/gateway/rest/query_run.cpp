#include "gateway/rest/query_run.hpp"

#include "protocol/query/evaluate.hpp"

#include <algorithm>
#include <limits>

namespace muster::rest {

QueryRun::QueryRun(const Services& services, Request request)
    : services_{services},
      request_{std::move(request)},
      rows_{services, request_.hub, request_.query},
      groups_{request_.query},
      next_{request_.position} {
  // A later page of groups begins with the first row again: its position counts groups.
  if (!request_.query.aggregates()) after_ = request_.position.after;
}

std::uint64_t QueryRun::top() const {
  return request_.query.top.value_or(std::numeric_limits<std::uint64_t>::max());
}

std::size_t QueryRun::rows_wanted() const {
  if (request_.query.aggregates()) return kQueryRowsPerRead;
  // One more tells whether there is another page.
  return std::clamp(request_.limit - page_rows_ + 1, kQueryRowsPerReadMin, kQueryRowsPerRead);
}

Result<void> QueryRun::step(registry::Store& store) {
  MUSTER_CHECK(require_hub(store, request_.hub));
  const query::Query& query = request_.query;
  if (query.source == query::Source::devices && query::counts_source(query)) {
    MUSTER_TRY(const auto counts, store.devices().count(request_.hub));
    append(query::counted(query, counts.total));
    done_ = true;
    return {};
  }
  MUSTER_TRY(auto page, rows_.read(store, after_, rows_wanted()));
  for (QueryRows::Row& row : page.items) {
    if (!query::matches(query.where, row.value)) continue;
    MUSTER_CHECK(take(row));
    if (done_) return {};
  }
  after_ = page.next;
  if (!after_.empty() && (query.aggregates() || page_rows_ < request_.limit)) return {};
  if (!after_.empty()) {
    // The page is full and there is more to look at: whether any of it matches is the next page's business.
    next_.after = after_;
    more_ = done_ = true;
    return {};
  }
  if (query.aggregates()) finish_groups();
  done_ = true;
  return {};
}

Result<void> QueryRun::take(QueryRows::Row& row) {
  if (request_.query.aggregates()) return groups_.add(row.value);
  if (page_rows_ == request_.limit || body_.size() >= kQueryPageBytesMax) {
    more_ = done_ = true;
    return {};
  }
  append(query::project(request_.query, row.value));
  next_.after = std::move(row.key);
  if (++next_.returned >= top()) done_ = true;
  return {};
}

void QueryRun::append(const query::Json& row) {
  if (body_.size() > 1) body_ += ',';
  body_ += row.dump(-1, ' ', false, query::Json::error_handler_t::replace);
  ++page_rows_;
}

void QueryRun::finish_groups() {
  const std::uint64_t total = std::min<std::uint64_t>(groups_.size(), top());
  const std::uint64_t first = std::min(next_.returned, total);
  const auto count = std::min<std::uint64_t>(request_.limit, total - first);
  for (const auto& row : groups_.rows(static_cast<std::size_t>(first), static_cast<std::size_t>(count)))
    append(row);
  next_.returned = first + count;
  more_ = next_.returned < total;
}

Response QueryRun::answer() const {
  // service/05 section 5.1.
  const std::string type = request_.query.everything ? "Twin" : "Raw";
  return page_response(body_ + ']', type, more_ ? format_position(request_.hub, request_.text, next_) : "");
}

}  // namespace muster::rest
