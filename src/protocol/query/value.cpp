#include "protocol/query/value.hpp"

#include <cmath>

namespace muster::query {
namespace {

template <typename T>
int three_way(const T& a, const T& b) {
  return a < b ? -1 : (b < a ? 1 : 0);
}

int number_order(const Json& a, const Json& b) {
  // A twin holds no whole number above 2^52, but versions and literals may be any.
  const bool whole = a.is_number_integer() && b.is_number_integer();
  if (!whole) return three_way(a.get<double>(), b.get<double>());
  return three_way(a.get<std::int64_t>(), b.get<std::int64_t>());
}

/// False where the result does not fit.
bool whole_arithmetic(Operator op, std::int64_t a, std::int64_t b, std::int64_t& result) {
  switch (op) {
    case Operator::add:
      return !__builtin_add_overflow(a, b, &result);
    case Operator::subtract:
      return !__builtin_sub_overflow(a, b, &result);
    case Operator::multiply:
      return !__builtin_mul_overflow(a, b, &result);
    case Operator::divide:
      // The one quotient that does not fit is the least number by -1.
      if (b == 0 || b == -1 || a % b != 0) return false;
      result = a / b;
      return true;
    case Operator::modulo:
      if (b == 0) return false;
      result = b == -1 ? 0 : a % b;
      return true;
    default:
      return false;
  }
}

double real_arithmetic(Operator op, double a, double b) {
  switch (op) {
    case Operator::add:
      return a + b;
    case Operator::subtract:
      return a - b;
    case Operator::multiply:
      return a * b;
    case Operator::divide:
      return a / b;
    default:
      return std::fmod(a, b);
  }
}

}  // namespace

bool is_primitive(const Json& value) { return !value.is_structured(); }

std::optional<bool> equals(const Value& a, const Value& b) {
  const Json* left = a.get();
  const Json* right = b.get();
  if (left == nullptr || right == nullptr) return std::nullopt;
  if (!is_primitive(*left) || !is_primitive(*right)) return std::nullopt;
  if (left->is_number() && right->is_number()) return number_order(*left, *right) == 0;
  return left->type() == right->type() && *left == *right;
}

std::optional<int> order(const Json& a, const Json& b) {
  if (a.is_number() && b.is_number()) return number_order(a, b);
  if (a.is_string() && b.is_string()) {
    return three_way(a.get_ref<const std::string&>(), b.get_ref<const std::string&>());
  }
  if (a.is_boolean() && b.is_boolean()) return three_way(a.get<bool>(), b.get<bool>());
  return std::nullopt;
}

Value arithmetic(Operator op, const Value& a, const Value& b) {
  const Json* left = a.get();
  const Json* right = b.get();
  if (left == nullptr || right == nullptr || !left->is_number() || !right->is_number()) return {};
  std::int64_t whole = 0;
  if (left->is_number_integer() && right->is_number_integer() &&
      whole_arithmetic(op, left->get<std::int64_t>(), right->get<std::int64_t>(), whole)) {
    return Value{Json(whole)};
  }
  const double real = real_arithmetic(op, left->get<double>(), right->get<double>());
  return std::isfinite(real) ? Value{Json(real)} : Value{};
}

const Json* find(const Json& row, const Path& path) {
  const Json* at = &row;
  for (const Step& step : path) {
    if (step.index) {
      if (!at->is_array() || *step.index >= at->size()) return nullptr;
      at = &(*at)[*step.index];
      continue;
    }
    if (!at->is_object()) return nullptr;
    const auto member = at->find(step.name);
    if (member == at->end()) return nullptr;
    at = &*member;
  }
  return at;
}

}  // namespace muster::query
