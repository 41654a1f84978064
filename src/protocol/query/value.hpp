#pragma once

#include "protocol/query/query.hpp"

#include <variant>

/// Private to protocol/query: what an expression comes to.
namespace muster::query {

/// A JSON value, or undefined: what a member that is not there is, and what every operation on a wrong type
/// gives. Borrows from the row where it can.
class Value {
 public:
  Value() = default;
  explicit Value(const Json* borrowed) : held_{borrowed} {}
  explicit Value(Json made) : held_{std::move(made)} {}

  /// nullptr when undefined.
  const Json* get() const {
    const auto* borrowed = std::get_if<const Json*>(&held_);
    return borrowed != nullptr ? *borrowed : &std::get<Json>(held_);
  }

 private:
  std::variant<const Json*, Json> held_ = static_cast<const Json*>(nullptr);
};

bool is_primitive(const Json& value);

/// Whether two values compare: both primitive and of one type. Equality holds between types too (it is false
/// there), order does not.
std::optional<bool> equals(const Value& a, const Value& b);
/// Negative, zero or positive; nullopt when there is no order between them.
std::optional<int> order(const Json& a, const Json& b);

/// nullopt for anything but a finite result of two numbers. Whole numbers stay whole where they fit.
Value arithmetic(Operator op, const Value& a, const Value& b);

/// Follows the path; nullptr where it leads nowhere.
const Json* find(const Json& row, const Path& path);

}  // namespace muster::query
