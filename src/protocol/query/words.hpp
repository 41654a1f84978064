#pragma once

#include "protocol/query/query.hpp"

/// Private to protocol/query: the words of the language, and those of its neighbours.
namespace muster::query {

/// A word that cannot begin a path or be an alias.
bool is_reserved(std::string_view word);
/// What of SQL's and Cosmos DB's language begins with this word and is refused by that name, as "ORDER BY";
/// empty when nothing does.
std::string_view foreign_clause(std::string_view word);
/// The aggregate of that name; nullopt when there is none.
std::optional<Aggregate> find_aggregate(std::string_view name);
std::string_view aggregate_name(Aggregate aggregate);
/// "=", "<="; nullopt for what is no operator.
std::optional<Operator> find_comparison(std::string_view symbol);
std::optional<Operator> find_additive(std::string_view symbol);
std::optional<Operator> find_multiplicative(std::string_view symbol);

}  // namespace muster::query
