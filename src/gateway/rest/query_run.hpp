#pragma once

#include "gateway/rest/query_position.hpp"
#include "gateway/rest/query_rows.hpp"
#include "gateway/rest/registry_call.hpp"
#include "protocol/query/select.hpp"

namespace muster::rest {

/// Rows that one read transaction looks at: the registry's readers are few, and none is held for long.
inline constexpr std::size_t kQueryRowsPerRead = 256;
inline constexpr std::size_t kQueryRowsPerReadMin = 32;
/// Bytes of a page after which it ends early, with a continuation.
inline constexpr std::size_t kQueryPageBytesMax = 4u << 20;

/// One page of a query, made in as many reads as it takes; for aggregates all pages are made of all rows,
/// since groups are whole only at the end.
class QueryRun {
 public:
  struct Request {
    ServiceName hub;
    std::string text;
    query::Query query;
    QueryPosition position;
    std::size_t limit;  ///< Rows of the page.
  };
  QueryRun(const Services& services, Request request);
  QueryRun(const QueryRun&) = delete;
  QueryRun& operator=(const QueryRun&) = delete;

  /// One read. On the registry's threads; again as long as it is not done().
  Result<void> step(registry::Store& store);
  bool done() const { return done_; }
  Response answer() const;

 private:
  Result<void> take(QueryRows::Row& row);
  void append(const query::Json& row);
  void finish_groups();
  std::size_t rows_wanted() const;
  std::uint64_t top() const;

  const Services& services_;
  Request request_;
  QueryRows rows_;
  query::Groups groups_;
  std::string after_;   ///< What the next read begins after.
  QueryPosition next_;  ///< What the next page does.
  std::size_t page_rows_ = 0;
  std::string body_ = "[";
  bool done_ = false;
  bool more_ = false;
};

}  // namespace muster::rest
