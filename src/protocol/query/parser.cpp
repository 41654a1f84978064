#include "muster/ids.hpp"
#include "protocol/query/condition.hpp"
#include "protocol/query/fields.hpp"
#include "protocol/query/functions.hpp"
#include "protocol/query/words.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace muster::query {
namespace {

/// Reads FROM before SELECT, since what SELECT names depends on what the rows are called.
class Parser {
 public:
  Parser(std::string_view text, const std::vector<Token>& tokens) : cursor_{text, tokens}, tokens_{tokens} {}

  Result<Query> run() {
    MUSTER_TRY(const std::size_t from, find_from());
    cursor_.go_to(from + 1);
    MUSTER_CHECK(read_source());
    const std::size_t rest = cursor_.position();
    cursor_.go_to(0);
    MUSTER_CHECK(cursor_.want_word("SELECT"));
    MUSTER_CHECK(read_top());
    MUSTER_CHECK(read_columns());
    if (cursor_.position() != from) return failure(cursor_.wanted("a comma or FROM"));
    cursor_.go_to(rest);
    MUSTER_CHECK(read_where());
    MUSTER_CHECK(read_group_by());
    if (cursor_.peek().kind != TokenKind::end) return failure(cursor_.wanted(next_clauses()));
    MUSTER_CHECK(check_grouping());
    MUSTER_CHECK(check_names());
    return std::move(query_);
  }

 private:
  Result<std::size_t> find_from() {
    for (std::size_t i = 0; i < tokens_.size(); ++i) {
      if (tokens_[i].kind != TokenKind::word || !equals_ignoring_case(tokens_[i].text, "from")) continue;
      // A key of that name.
      if (i > 0 && tokens_[i - 1].kind == TokenKind::symbol && tokens_[i - 1].text == ".") continue;
      return i;
    }
    MUSTER_CHECK(cursor_.want_word("SELECT"));
    cursor_.go_to(tokens_.size() - 1);
    return failure(cursor_.wanted("FROM"));
  }

  Result<void> read_source() {
    const std::size_t at = cursor_.peek().at;
    if (!cursor_.take_word("devices")) return failure(cursor_.wanted("devices or devices.modules"));
    prefix_ = {"devices"};
    if (cursor_.take_symbol(".")) {
      if (cursor_.at_word("jobs")) {
        return failure(
            cursor_.fault(at, "devices.jobs cannot be queried: jobs do not exist in this version"));
      }
      if (!cursor_.take_word("modules")) return failure(cursor_.wanted("modules"));
      query_.source = Source::modules;
      prefix_.emplace_back("modules");
    }
    const bool as = cursor_.take_word("AS");
    const Token& token = cursor_.peek();
    const bool alias =
        token.kind == TokenKind::word && !is_reserved(token.text) && foreign_clause(token.text).empty();
    if (!alias && as) return failure(cursor_.wanted("a name for the rows"));
    if (!alias) return {};
    if (is_system_field(token.text)) {
      return failure(
          cursor_.fault(token.at, fmt::format("{} is a field, and cannot name the rows", token.text)));
    }
    alias_ = cursor_.take().text;
    return {};
  }

  Result<void> read_top() {
    if (!cursor_.take_word("TOP")) return {};
    const Token& token = cursor_.peek();
    const bool whole = token.kind == TokenKind::number && token.value.is_number_integer();
    if (!whole || token.value.get<std::int64_t>() < 1) return failure(cursor_.wanted("a number from 1 on"));
    query_.top = cursor_.take().value.get<std::uint64_t>();
    return {};
  }

  Result<void> read_columns() {
    if (cursor_.take_symbol("*")) {
      query_.everything = true;
      if (cursor_.at_symbol(",")) return failure(cursor_.wanted("FROM, since * stands alone"));
      return {};
    }
    do {
      if (query_.columns.size() == kColumnsMax) {
        return failure(
            cursor_.fault(cursor_.peek().at, fmt::format("SELECT has more than {} elements", kColumnsMax)));
      }
      column_at_.push_back(cursor_.peek().at);
      MUSTER_CHECK(read_column());
    } while (cursor_.take_symbol(","));
    return {};
  }

  Result<void> read_column() {
    Column column;
    const Token& first = cursor_.peek();
    const bool is_call = cursor_.peek(1).kind == TokenKind::symbol && cursor_.peek(1).text == "(";
    if (first.kind == TokenKind::word && is_call) {
      MUSTER_CHECK(read_aggregate(column));
    } else if (first.kind == TokenKind::word && !is_reserved(first.text) &&
               foreign_clause(first.text).empty()) {
      MUSTER_TRY(column.path, read_field(cursor_));
    } else {
      return failure(cursor_.wanted("*, a path or an aggregate"));
    }
    if (cursor_.take_word("AS")) {
      const Token& alias = cursor_.peek();
      const bool quoted = alias.kind == TokenKind::quoted;
      if (!quoted && (alias.kind != TokenKind::word || is_reserved(alias.text)))
        return failure(cursor_.wanted("a name"));
      column.name = cursor_.take().text;
    } else if (column.aggregate == Aggregate::none && !column.path.back().index) {
      column.name = column.path.back().name;
    } else {
      column.name = fmt::format("${}", ++unnamed_);
    }
    query_.columns.push_back(std::move(column));
    return {};
  }

  Result<void> read_aggregate(Column& column) {
    const Token& name = cursor_.take();
    const auto aggregate = find_aggregate(name.text);
    if (!aggregate) {
      return failure(cursor_.fault(
          name.at,
          find_function(name.text) != nullptr
              ? fmt::format("{} is a function, which stands in WHERE alone", name.text)
              : fmt::format("there is no aggregate {}: COUNT, AVG, SUM, MIN and MAX are", name.text)));
    }
    column.aggregate = *aggregate;
    cursor_.take();
    if (*aggregate == Aggregate::count) {
      cursor_.take_symbol("*");
      if (!cursor_.at_symbol(")")) return failure(cursor_.wanted(") since COUNT counts rows"));
    } else {
      MUSTER_TRY(column.path, read_field(cursor_));
    }
    return cursor_.want_symbol(")");
  }

  Result<void> read_where() {
    if (!cursor_.take_word("WHERE")) return {};
    where_read_ = true;
    const PathReader reader = [this](Cursor& cursor) { return read_field(cursor); };
    MUSTER_TRY(query_.where, parse_condition(cursor_, reader));
    return {};
  }

  Result<void> read_group_by() {
    group_at_ = cursor_.peek().at;
    if (!cursor_.take_word("GROUP")) return {};
    MUSTER_CHECK(cursor_.want_word("BY"));
    do {
      if (query_.group_by.size() == kColumnsMax) {
        return failure(
            cursor_.fault(cursor_.peek().at, fmt::format("GROUP BY has more than {} paths", kColumnsMax)));
      }
      MUSTER_TRY(Path path, read_field(cursor_));
      query_.group_by.push_back(std::move(path));
    } while (cursor_.take_symbol(","));
    return {};
  }

  std::string_view next_clauses() const {
    if (!query_.group_by.empty()) return "a comma or the end";
    return where_read_ ? "AND, OR, GROUP BY or the end" : "WHERE, GROUP BY or the end";
  }

  Result<Path> read_field(Cursor& cursor) {
    const std::size_t at = cursor.peek().at;
    MUSTER_TRY(Path path, read_path(cursor));
    const std::size_t named = prefix_length(path);
    if (named == path.size()) {
      return failure(
          cursor.fault(at, fmt::format("{} names the rows: a path or * is wanted", format_path(path))));
    }
    path.erase(path.begin(), path.begin() + static_cast<std::ptrdiff_t>(named));
    if (const auto known = canonicalize(path); !known) return failure(cursor.fault(at, known.error()));
    return path;
  }

  /// How many steps at the front say where the row is from: `d` of "FROM devices d", `devices`.
  std::size_t prefix_length(const Path& path) const {
    const auto names = [&](std::size_t i, std::string_view word) {
      return i < path.size() && !path[i].index && equals_ignoring_case(path[i].name, word);
    };
    if (!alias_.empty() && names(0, alias_)) return 1;
    for (std::size_t i = 0; i < prefix_.size(); ++i) {
      if (!names(i, prefix_[i])) return 0;
    }
    return prefix_.size();
  }

  /// In a query of groups a row of the answer has no one value of what it was not grouped by.
  Result<void> check_grouping() {
    if (!query_.aggregates()) return {};
    if (query_.everything) return failure(cursor_.fault(group_at_, "GROUP BY does not go with SELECT *"));
    for (std::size_t i = 0; i < query_.columns.size(); ++i) {
      const Column& column = query_.columns[i];
      if (column.aggregate != Aggregate::none) continue;
      if (std::ranges::find(query_.group_by, column.path) != query_.group_by.end()) continue;
      const auto text =
          fmt::format("{0} stands beside groups: it is wanted in GROUP BY {0}", format_path(column.path));
      return failure(cursor_.fault(column_at_[i], text));
    }
    return {};
  }

  Result<void> check_names() {
    for (std::size_t i = 0; i < query_.columns.size(); ++i) {
      for (std::size_t k = 0; k < i; ++k) {
        if (query_.columns[i].name != query_.columns[k].name) continue;
        const auto text = fmt::format("a second element is called {}: give one another name with AS",
                                      query_.columns[i].name);
        return failure(cursor_.fault(column_at_[i], text));
      }
    }
    return {};
  }

  Cursor cursor_;
  const std::vector<Token>& tokens_;
  Query query_;
  std::vector<std::string> prefix_;
  std::string alias_;
  std::vector<std::size_t> column_at_;
  std::size_t group_at_ = 0;
  int unnamed_ = 0;
  bool where_read_ = false;
};

}  // namespace

bool Query::aggregates() const {
  const auto is_aggregate = [](const Column& column) { return column.aggregate != Aggregate::none; };
  return !group_by.empty() || std::ranges::any_of(columns, is_aggregate);
}

Result<Query> parse(std::string_view text) {
  MUSTER_TRY(const std::vector<Token> tokens, tokenize(text));
  return Parser{text, tokens}.run();
}

}  // namespace muster::query
