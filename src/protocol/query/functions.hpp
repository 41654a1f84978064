#pragma once

#include "protocol/query/value.hpp"

#include <span>

/// Private to protocol/query: the functions of the language.
namespace muster::query {

/// What a function gives when it gives something.
enum class Gives : std::uint8_t { boolean, number, text };

struct Function {
  std::string_view name;
  std::uint8_t arguments_min, arguments_max;
  Gives gives;
  Value (*apply)(std::span<const Value> arguments);
};

/// Case does not matter; nullptr when there is none.
const Function* find_function(std::string_view name);
/// The nearest one, for "was meant?".
std::optional<std::string> nearest_function(std::string_view name);

}  // namespace muster::query
