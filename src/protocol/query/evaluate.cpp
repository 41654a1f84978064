#include "protocol/query/evaluate.hpp"

#include "base/assert.hpp"
#include "protocol/query/functions.hpp"
#include "protocol/query/value.hpp"

namespace muster::query {
namespace {

using Truth = std::optional<bool>;

Value evaluate(const Expression& expression, const Json& row);

Value value_of(Truth truth) { return truth ? Value{Json(*truth)} : Value{}; }

/// Anything but a boolean is undefined as a condition.
Truth truth_of(const Expression& expression, const Json& row) {
  const Value value = evaluate(expression, row);
  const Json* json = value.get();
  return json != nullptr && json->is_boolean() ? Truth{json->get<bool>()} : std::nullopt;
}

/// AND with `decisive` false, OR with true: the first operand that decides, ends it.
Truth joined(const Expression& expression, const Json& row, bool decisive) {
  bool undefined = false;
  for (const Expression& operand : expression.operands) {
    const Truth truth = truth_of(operand, row);
    if (truth == decisive) return decisive;
    undefined = undefined || !truth;
  }
  return undefined ? std::nullopt : Truth{!decisive};
}

Truth compared(Operator op, const Value& a, const Value& b) {
  const Truth equal = equals(a, b);
  if (!equal) return std::nullopt;
  if (op == Operator::equal) return *equal;
  if (op == Operator::not_equal) return !*equal;
  const auto sign = order(*a.get(), *b.get());
  if (!sign) return std::nullopt;
  switch (op) {
    case Operator::less:
      return *sign < 0;
    case Operator::less_equal:
      return *sign <= 0;
    case Operator::greater:
      return *sign > 0;
    default:
      return *sign >= 0;
  }
}

Truth among(const Expression& in, const Json& row) {
  const Value wanted = evaluate(in.operands[0], row);
  if (wanted.get() == nullptr || !is_primitive(*wanted.get())) return std::nullopt;
  for (const Expression& element : in.operands[1].operands) {
    if (equals(wanted, evaluate(element, row)) == true) return true;
  }
  return false;
}

Value called(const Expression& call, const Json& row) {
  std::vector<Value> arguments;
  arguments.reserve(call.operands.size());
  for (const Expression& argument : call.operands) arguments.push_back(evaluate(argument, row));
  return call.function->apply(arguments);
}

Value listed(const Expression& list, const Json& row) {
  Json items = Json::array();
  for (const Expression& element : list.operands) {
    if (const Value value = evaluate(element, row); value.get() != nullptr) items.push_back(*value.get());
  }
  return Value{std::move(items)};
}

Value evaluate(const Expression& expression, const Json& row) {
  const auto& operands = expression.operands;
  switch (expression.kind) {
    case Kind::literal:
      return expression.literal ? Value{&*expression.literal} : Value{};
    case Kind::path:
      return Value{find(row, expression.path)};
    case Kind::list:
      return listed(expression, row);
    case Kind::all_of:
      return value_of(joined(expression, row, false));
    case Kind::any_of:
      return value_of(joined(expression, row, true));
    case Kind::negation: {
      const Truth truth = truth_of(operands[0], row);
      return truth ? Value{Json(!*truth)} : Value{};
    }
    case Kind::comparison:
      return value_of(compared(expression.op, evaluate(operands[0], row), evaluate(operands[1], row)));
    case Kind::arithmetic:
      return arithmetic(expression.op, evaluate(operands[0], row), evaluate(operands[1], row));
    case Kind::in:
      return value_of(among(expression, row));
    case Kind::call:
      return called(expression, row);
  }
  MUSTER_ASSERT(false, "a kind of expression without a rule");
  return {};
}

}  // namespace

bool matches(const std::optional<Expression>& condition, const Json& row) {
  return !condition || truth_of(*condition, row) == true;
}

}  // namespace muster::query
