#include "protocol/query/condition.hpp"

#include "muster/ids.hpp"
#include "protocol/query/functions.hpp"
#include "protocol/query/words.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace muster::query {
namespace {

/// What an expression can come to, as far as its form tells.
enum class Form : std::uint8_t { any, boolean, number, text, list };

Form form_of_literal(const std::optional<Json>& literal) {
  if (!literal || literal->is_null()) return Form::any;
  if (literal->is_boolean()) return Form::boolean;
  return literal->is_string() ? Form::text : Form::number;
}

Form form_of(const Expression& expression) {
  switch (expression.kind) {
    case Kind::literal:
      return form_of_literal(expression.literal);
    case Kind::path:
      return Form::any;
    case Kind::list:
      return Form::list;
    case Kind::arithmetic:
      return Form::number;
    case Kind::call:
      if (expression.function->gives == Gives::number) return Form::number;
      return expression.function->gives == Gives::text ? Form::text : Form::boolean;
    default:
      return Form::boolean;
  }
}

std::string_view name_of(Form form) {
  switch (form) {
    case Form::boolean:
      return "a condition";
    case Form::number:
      return "a number";
    case Form::text:
      return "a string";
    case Form::list:
      return "a list";
    default:
      return "a value";
  }
}

/// Recursive descent; the loosest binding comes first.
class ConditionParser {
 public:
  ConditionParser(Cursor& cursor, const PathReader& read_field) : cursor_{cursor}, read_field_{read_field} {}

  Result<Expression> condition() {
    const std::size_t at = cursor_.peek().at;
    MUSTER_CHECK(enter());
    MUSTER_TRY(Expression whole, disjunction());
    --nesting_;
    whole.at = at;
    return whole;
  }

  Result<void> want_form(const Expression& expression, Form wanted) {
    const Form form = form_of(expression);
    if (form == Form::any || form == wanted) return {};
    return failure(
        cursor_.fault(expression.at, fmt::format("{} found, {} wanted", name_of(form), name_of(wanted))));
  }

 private:
  Result<void> enter() {
    if (++nesting_ > kDepthMax) {
      return failure(
          cursor_.fault(cursor_.peek().at, fmt::format("nested deeper than {} levels", kDepthMax)));
    }
    return {};
  }

  /// Every node of the tree passes here: this is where its size and depth are held.
  Result<Expression> made(Expression node) {
    for (const Expression& operand : node.operands) node.depth = std::max(node.depth, operand.depth + 1);
    if (node.depth > kDepthMax) {
      return failure(cursor_.fault(node.at, fmt::format("nested deeper than {} levels", kDepthMax)));
    }
    if (++terms_ > kTermsMax) {
      return failure(cursor_.fault(node.at, fmt::format("more than {} terms", kTermsMax)));
    }
    return node;
  }

  /// One part, or several joined by `word` in one node, so that a long chain is not a deep tree.
  template <typename Part>
  Result<Expression> chain(std::string_view word, Kind kind, Part part) {
    MUSTER_TRY(Expression first, part());
    if (!cursor_.at_word(word)) return first;
    MUSTER_CHECK(want_form(first, Form::boolean));
    Expression joined{.kind = kind, .at = first.at};
    joined.operands.push_back(std::move(first));
    while (cursor_.take_word(word)) {
      MUSTER_TRY(Expression next, part());
      MUSTER_CHECK(want_form(next, Form::boolean));
      joined.operands.push_back(std::move(next));
    }
    return made(std::move(joined));
  }

  Result<Expression> disjunction() {
    return chain("OR", Kind::any_of, [this] { return conjunction(); });
  }
  Result<Expression> conjunction() {
    return chain("AND", Kind::all_of, [this] { return negation(); });
  }

  Result<Expression> negation() {
    const std::size_t at = cursor_.peek().at;
    if (!cursor_.take_word("NOT")) return comparison();
    MUSTER_CHECK(enter());
    MUSTER_TRY(Expression inner, negation());
    --nesting_;
    MUSTER_CHECK(want_form(inner, Form::boolean));
    return negated(std::move(inner), at);
  }

  Result<Expression> negated(Expression inner, std::size_t at) {
    Expression node{.kind = Kind::negation, .at = at};
    node.operands.push_back(std::move(inner));
    return made(std::move(node));
  }

  Result<Expression> comparison() {
    MUSTER_TRY(Expression left, sum());
    if (const auto op = comparison_here()) {
      cursor_.take();
      MUSTER_TRY(Expression right, sum());
      for (const Expression* side : {&left, &right}) {
        if (form_of(*side) == Form::list)
          return failure(cursor_.fault(side->at, "a list is compared with IN or array_contains alone"));
      }
      if (comparison_here()) {
        return failure(cursor_.fault(cursor_.peek().at, "comparisons do not chain: use AND, or parentheses"));
      }
      return binary(Kind::comparison, *op, std::move(left), std::move(right));
    }
    const std::size_t at = cursor_.peek().at;
    if (cursor_.take_word("IN")) return among(std::move(left));
    bool not_in = cursor_.take_word("NIN");
    if (!not_in && cursor_.take_word("NOT")) {
      MUSTER_CHECK(cursor_.want_word("IN"));
      not_in = true;
    }
    if (!not_in) return left;
    MUSTER_TRY(Expression in, among(std::move(left)));
    return negated(std::move(in), at);
  }

  std::optional<Operator> comparison_here() const {
    if (cursor_.peek().kind != TokenKind::symbol) return std::nullopt;
    return find_comparison(cursor_.peek().text);
  }

  Result<Expression> among(Expression left) {
    if (form_of(left) == Form::list)
      return failure(cursor_.fault(left.at, "a list found, a path wanted before IN"));
    Expression in{.kind = Kind::in, .at = left.at};
    MUSTER_TRY(Expression elements, list());
    in.operands.push_back(std::move(left));
    in.operands.push_back(std::move(elements));
    return made(std::move(in));
  }

  Result<Expression> binary(Kind kind, Operator op, Expression left, Expression right) {
    Expression node{.kind = kind, .op = op, .at = left.at};
    node.operands.push_back(std::move(left));
    node.operands.push_back(std::move(right));
    return made(std::move(node));
  }

  template <typename Part, typename Find>
  Result<Expression> arithmetic(Part part, Find find) {
    MUSTER_TRY(Expression left, part());
    while (cursor_.peek().kind == TokenKind::symbol) {
      const auto op = find(cursor_.peek().text);
      if (!op) break;
      cursor_.take();
      MUSTER_TRY(Expression right, part());
      MUSTER_CHECK(want_form(left, Form::number));
      MUSTER_CHECK(want_form(right, Form::number));
      MUSTER_TRY(left, binary(Kind::arithmetic, *op, std::move(left), std::move(right)));
    }
    return left;
  }

  Result<Expression> sum() {
    return arithmetic([this] { return product(); }, find_additive);
  }
  Result<Expression> product() {
    return arithmetic([this] { return signed_value(); }, find_multiplicative);
  }

  Result<Expression> signed_value() {
    const Token& sign = cursor_.peek();
    const bool minus = cursor_.at_symbol("-");
    if (!minus && !cursor_.at_symbol("+")) return primary();
    cursor_.take();
    MUSTER_CHECK(enter());
    MUSTER_TRY(Expression value, signed_value());
    --nesting_;
    MUSTER_CHECK(want_form(value, Form::number));
    if (!minus) return value;
    if (value.kind == Kind::literal && value.literal && value.literal->is_number())
      return minus_literal(std::move(value));
    Expression zero{.literal = Json(std::int64_t{0}), .at = sign.at};
    return binary(Kind::arithmetic, Operator::subtract, std::move(zero), std::move(value));
  }

  Result<Expression> primary() {
    const Token& token = cursor_.peek();
    if (token.kind == TokenKind::string || token.kind == TokenKind::number) return literal();
    if (cursor_.at_symbol("[")) return list();
    if (cursor_.take_symbol("(")) {
      MUSTER_TRY(Expression inner, condition());
      MUSTER_CHECK(cursor_.want_symbol(")"));
      return inner;
    }
    if (token.kind != TokenKind::word) return failure(cursor_.wanted("a path, a literal, a function or ("));
    if (is_literal_word()) return literal();
    if (cursor_.peek(1).kind == TokenKind::symbol && cursor_.peek(1).text == "(" &&
        !is_reserved(token.text)) {
      return call();
    }
    if (is_reserved(token.text)) return failure(cursor_.wanted("a path, a literal, a function or ("));
    Expression path{.kind = Kind::path, .at = token.at};
    MUSTER_TRY(path.path, read_field_(cursor_));
    return made(std::move(path));
  }

  bool is_literal_word() const {
    return cursor_.at_word("true") || cursor_.at_word("false") || cursor_.at_word("null") ||
           cursor_.at_word("undefined");
  }

  Result<Expression> literal() {
    const Token& token = cursor_.peek();
    Expression node{.at = token.at};
    if (token.kind == TokenKind::string) {
      node.literal = Json(token.text);
    } else if (token.kind == TokenKind::number) {
      node.literal = token.value;
    } else if (!is_literal_word()) {
      return failure(cursor_.wanted("a literal"));
    } else if (cursor_.at_word("null")) {
      node.literal = Json(nullptr);
    } else if (!cursor_.at_word("undefined")) {
      node.literal = Json(cursor_.at_word("true"));
    }
    cursor_.take();
    return made(std::move(node));
  }

  /// One element of a list: a literal that may have a sign.
  Result<Expression> element() {
    if (!cursor_.take_symbol("-")) return literal();
    if (cursor_.peek().kind != TokenKind::number) return failure(cursor_.wanted("a number"));
    MUSTER_TRY(Expression node, literal());
    return minus_literal(std::move(node));
  }

  /// The lexer gives no number below zero, so that every whole one has its opposite.
  static Expression minus_literal(Expression node) {
    Json& number = *node.literal;
    if (number.is_number_integer()) {
      number = Json(-number.get<std::int64_t>());
    } else {
      number = Json(-number.get<double>());
    }
    return node;
  }

  /// [a, b]; with the parentheses of SQL too.
  Result<Expression> list() {
    Expression node{.kind = Kind::list, .at = cursor_.peek().at};
    const bool round = cursor_.at_symbol("(");
    if (!round && !cursor_.at_symbol("[")) return failure(cursor_.wanted("a list in [ ]"));
    cursor_.take();
    const std::string_view closing = round ? ")" : "]";
    if (cursor_.take_symbol(closing)) return made(std::move(node));
    do {
      MUSTER_TRY(Expression item, element());
      node.operands.push_back(std::move(item));
    } while (cursor_.take_symbol(","));
    if (!cursor_.take_symbol(closing)) return failure(cursor_.wanted(round ? ", or )" : ", or ]"));
    return made(std::move(node));
  }

  Result<Expression> call() {
    const Token& name = cursor_.take();
    Expression node{.kind = Kind::call, .function = find_function(name.text), .at = name.at};
    if (node.function == nullptr) return failure(no_function(name));
    cursor_.take();
    while (!cursor_.at_symbol(")")) {
      MUSTER_TRY(Expression argument, condition());
      node.operands.push_back(std::move(argument));
      if (!cursor_.take_symbol(",")) break;
    }
    MUSTER_CHECK(cursor_.want_symbol(")"));
    const auto given = node.operands.size();
    const Function& function = *node.function;
    if (given >= function.arguments_min && given <= function.arguments_max) return made(std::move(node));
    const auto wanted = function.arguments_min == function.arguments_max
                            ? fmt::format("{}", function.arguments_min)
                            : fmt::format("{} to {}", function.arguments_min, function.arguments_max);
    return failure(
        cursor_.fault(name.at, fmt::format("{} has {} arguments, {} wanted", function.name, given, wanted)));
  }

  Error no_function(const Token& name) const {
    if (const auto aggregate = find_aggregate(name.text)) {
      return cursor_.fault(name.at, fmt::format("{} is an aggregate, which stands in SELECT alone",
                                                aggregate_name(*aggregate)));
    }
    std::string text = fmt::format("there is no function {}", name.text);
    if (const auto meant = nearest_function(name.text)) text += fmt::format("; {} was meant?", *meant);
    return cursor_.fault(name.at, text);
  }

  Cursor& cursor_;
  const PathReader& read_field_;
  int nesting_ = 0;
  std::size_t terms_ = 0;
};

}  // namespace

Result<Expression> parse_condition(Cursor& cursor, const PathReader& read_field) {
  ConditionParser parser{cursor, read_field};
  MUSTER_TRY(Expression whole, parser.condition());
  MUSTER_CHECK(parser.want_form(whole, Form::boolean));
  return whole;
}

}  // namespace muster::query
