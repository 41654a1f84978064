#pragma once

#include "base/result.hpp"

#include <nlohmann/json.hpp>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// The query language of IoT Hub, as a tree. Source: protocol/service/05 section 5.3.
namespace muster::query {

/// Keeps members in the order in which twins show them.
using Json = nlohmann::ordered_json;

/// What a query may have at most; beyond it query_invalid, naming the limit.
inline constexpr std::size_t kTextMax = 8192;     ///< Characters (service/05: Azure's own limit).
inline constexpr std::size_t kTermsMax = 1024;    ///< Literals, paths, operators and calls of one query.
inline constexpr int kDepthMax = 32;              ///< Nesting of expressions: parsing and evaluating recurse.
inline constexpr std::size_t kColumnsMax = 64;    ///< Elements of SELECT, and of GROUP BY.
inline constexpr std::size_t kPathStepsMax = 16;  ///< A twin nests ten levels; what lies deeper is not there.

/// One step of a path: a member's name, or an element's index.
struct Step {
  std::string name;
  std::optional<std::uint32_t> index;
  friend bool operator==(const Step&, const Step&) = default;
};
/// Where in a row a value is. Names of system fields are in Azure's spelling whatever the query's was; keys
/// of tags and properties are as written, since case matters there.
using Path = std::vector<Step>;

enum class Operator : std::uint8_t {
  equal,
  not_equal,
  less,
  less_equal,
  greater,
  greater_equal,
  add,
  subtract,
  multiply,
  divide,
  modulo,
};

struct Function;

/// What an expression is at its top; `operands` are its parts, in order.
enum class Kind : std::uint8_t {
  literal,     ///< `literal`, or the undefined value when that is not set.
  path,        ///< `path`.
  list,        ///< `[...]` of literals: only to the right of IN and as an argument.
  all_of,      ///< AND of two or more.
  any_of,      ///< OR of two or more.
  negation,    ///< NOT.
  comparison,  ///< `op` of two.
  arithmetic,  ///< `op` of two; unary minus is 0 - x.
  in,          ///< The first, among the elements of the second, which is a list.
  call,        ///< `function` of its arguments.
};

struct Expression {
  Kind kind = Kind::literal;
  Operator op = Operator::equal;
  std::optional<Json> literal{};
  Path path{};
  const Function* function = nullptr;
  std::vector<Expression> operands{};
  int depth = 1;
  std::size_t at = 0;  ///< Byte of the text where it begins, for messages.
};

enum class Source : std::uint8_t { devices, modules };

enum class Aggregate : std::uint8_t { none, count, average, sum, minimum, maximum };

/// One element of SELECT.
struct Column {
  std::string name;  ///< The member it becomes: its alias, else the path's last name, else "$1", "$2", ...
  Aggregate aggregate = Aggregate::none;
  Path path{};  ///< Empty for COUNT().
};

struct Query {
  Source source = Source::devices;
  std::optional<std::uint64_t> top;
  bool everything = false;  ///< SELECT *: the rows as they are. Then there are no columns.
  std::vector<Column> columns;
  std::optional<Expression> where;
  std::vector<Path> group_by;

  /// Whether one row of the answer stands for many of the source.
  bool aggregates() const;
};

/// query_invalid, saying at which character what was found and what is wanted; what Azure or SQL has and this
/// language has not is refused by its name. Any bytes may be given.
Result<Query> parse(std::string_view text);

/// "tags.location.region", "tags.list[0]", "tags.[[two words]]".
std::string format_path(const Path& path);

}  // namespace muster::query
