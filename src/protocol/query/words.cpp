#include "protocol/query/words.hpp"

#include "muster/ids.hpp"

#include <algorithm>
#include <array>

namespace muster::query {
namespace {

constexpr std::array<std::string_view, 16> kReserved{"select", "top",   "from", "where",    "group", "by",
                                                     "as",     "and",   "or",   "not",      "in",    "nin",
                                                     "true",   "false", "null", "undefined"};

constexpr std::array<std::pair<std::string_view, std::string_view>, 12> kForeign{{
    {"order", "ORDER BY"},
    {"having", "HAVING"},
    {"limit", "LIMIT"},
    {"offset", "OFFSET"},
    {"join", "JOIN"},
    {"like", "LIKE"},
    {"between", "BETWEEN"},
    {"distinct", "DISTINCT"},
    {"value", "VALUE"},
    {"union", "UNION"},
    {"exists", "EXISTS"},
    {"is", "IS"},
}};

constexpr std::array<std::pair<std::string_view, Aggregate>, 5> kAggregates{{
    {"COUNT", Aggregate::count},
    {"AVG", Aggregate::average},
    {"SUM", Aggregate::sum},
    {"MIN", Aggregate::minimum},
    {"MAX", Aggregate::maximum},
}};

using Symbol = std::pair<std::string_view, Operator>;
constexpr std::array kComparisons{Symbol{"=", Operator::equal},         Symbol{"!=", Operator::not_equal},
                                  Symbol{"<>", Operator::not_equal},    Symbol{"<", Operator::less},
                                  Symbol{"<=", Operator::less_equal},   Symbol{">", Operator::greater},
                                  Symbol{">=", Operator::greater_equal}};
constexpr std::array kAdditive{Symbol{"+", Operator::add}, Symbol{"-", Operator::subtract}};
constexpr std::array kMultiplicative{Symbol{"*", Operator::multiply}, Symbol{"/", Operator::divide},
                                     Symbol{"%", Operator::modulo}};

template <typename Table>
std::optional<Operator> find_in(const Table& table, std::string_view symbol) {
  const auto* found = std::ranges::find(table, symbol, &Symbol::first);
  return found == table.end() ? std::nullopt : std::optional{found->second};
}

}  // namespace

bool is_reserved(std::string_view word) {
  return std::ranges::any_of(kReserved, [&](std::string_view r) { return equals_ignoring_case(r, word); });
}

std::string_view foreign_clause(std::string_view word) {
  for (const auto& [first, clause] : kForeign) {
    if (equals_ignoring_case(first, word)) return clause;
  }
  return {};
}

std::optional<Aggregate> find_aggregate(std::string_view name) {
  for (const auto& [known, aggregate] : kAggregates) {
    if (equals_ignoring_case(known, name)) return aggregate;
  }
  return std::nullopt;
}

std::string_view aggregate_name(Aggregate aggregate) {
  for (const auto& [name, known] : kAggregates) {
    if (known == aggregate) return name;
  }
  return {};
}

std::optional<Operator> find_comparison(std::string_view symbol) { return find_in(kComparisons, symbol); }
std::optional<Operator> find_additive(std::string_view symbol) { return find_in(kAdditive, symbol); }
std::optional<Operator> find_multiplicative(std::string_view symbol) {
  return find_in(kMultiplicative, symbol);
}

}  // namespace muster::query
