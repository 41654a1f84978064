#include "protocol/query/functions.hpp"

#include "base/nearest.hpp"
#include "muster/ids.hpp"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace muster::query {
namespace {

using Arguments = std::span<const Value>;

constexpr std::uint8_t kConcatMax = 32;

Value truth(bool value) { return Value{Json(value)}; }
Value string(std::string value) { return Value{Json(std::move(value))}; }

/// Whole where it is: LENGTH and FLOOR of a whole number are no fractions.
Value numeral(double value) {
  if (!std::isfinite(value)) return {};
  constexpr double kWholeMax = 9007199254740992.0;  // 2^53: beyond it doubles skip whole numbers.
  if (std::floor(value) == value && std::abs(value) <= kWholeMax)
    return Value{Json(static_cast<std::int64_t>(value))};
  return Value{Json(value)};
}

const std::string* string_of(const Value& value) {
  const Json* json = value.get();
  return json != nullptr && json->is_string() ? &json->get_ref<const std::string&>() : nullptr;
}

std::optional<double> number_of(const Value& value) {
  const Json* json = value.get();
  return json != nullptr && json->is_number() ? std::optional{json->get<double>()} : std::nullopt;
}

/// A question about a type: undefined is of none.
template <bool (*Is)(const Json&)>
Value is_type(Arguments arguments) {
  const Json* json = arguments[0].get();
  return truth(json != nullptr && Is(*json));
}

/// A question about two strings; undefined for anything else.
template <bool (*Holds)(const std::string&, const std::string&)>
Value of_strings(Arguments arguments) {
  const auto* a = string_of(arguments[0]);
  const auto* b = string_of(arguments[1]);
  return a != nullptr && b != nullptr ? truth(Holds(*a, *b)) : Value{};
}

template <double (*Of)(double)>
Value of_number(Arguments arguments) {
  const auto value = number_of(arguments[0]);
  return value ? numeral(Of(*value)) : Value{};
}

bool continues(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }

std::int64_t characters(std::string_view s) {
  return static_cast<std::int64_t>(s.size()) - std::ranges::count_if(s, continues);
}

/// The byte at which character `index` begins; the end when there are fewer.
std::size_t byte_of(std::string_view s, std::size_t index) {
  std::size_t at = 0;
  for (; at < s.size(); ++at) {
    if (continues(s[at])) continue;
    if (index-- == 0) break;
  }
  return at;
}

Value power(Arguments arguments) {
  const auto base = number_of(arguments[0]);
  const auto exponent = number_of(arguments[1]);
  return base && exponent ? numeral(std::pow(*base, *exponent)) : Value{};
}

Value as_number(Arguments arguments) {
  if (number_of(arguments[0])) return arguments[0];
  const auto* s = string_of(arguments[0]);
  if (s == nullptr || s->empty()) return {};
  const char* last = s->data() + s->size();
  std::int64_t whole = 0;
  if (const auto read = std::from_chars(s->data(), last, whole); read.ec == std::errc{} && read.ptr == last) {
    return Value{Json(whole)};
  }
  double real = 0;
  const auto read = std::from_chars(s->data(), last, real);
  return read.ec == std::errc{} && read.ptr == last && std::isfinite(real) ? Value{Json(real)} : Value{};
}

Value array_contains(Arguments arguments) {
  const Json* list = arguments[0].get();
  const Json* wanted = arguments[1].get();
  if (list == nullptr || !list->is_array() || wanted == nullptr) return {};
  return truth(std::ranges::any_of(*list, [&](const Json& item) {
    if (is_primitive(item) && is_primitive(*wanted))
      return equals(Value{&item}, arguments[1]).value_or(false);
    return item == *wanted;
  }));
}

Value concat(Arguments arguments) {
  std::string joined;
  for (const Value& part : arguments) {
    const auto* s = string_of(part);
    if (s == nullptr) return {};
    joined += *s;
  }
  return string(std::move(joined));
}

Value length(Arguments arguments) {
  const auto* s = string_of(arguments[0]);
  return s != nullptr ? Value{Json(characters(*s))} : Value{};
}

/// SUBSTRING(text, start[, length]), both in characters and from zero.
Value substring(Arguments arguments) {
  const auto* s = string_of(arguments[0]);
  const auto start = number_of(arguments[1]);
  const auto count = arguments.size() > 2 ? number_of(arguments[2]) : std::optional<double>{1e9};
  if (s == nullptr || !start || !count || *start < 0 || *count < 0) return {};
  const auto limit = [](double value) { return static_cast<std::size_t>(std::min(value, 1e9)); };
  const std::size_t first = byte_of(*s, limit(*start));
  const std::string_view rest = std::string_view{*s}.substr(first);
  return string(std::string{rest.substr(0, byte_of(rest, limit(*count)))});
}

Value index_of(Arguments arguments) {
  const auto* s = string_of(arguments[0]);
  const auto* part = string_of(arguments[1]);
  if (s == nullptr || part == nullptr) return {};
  const auto at = s->find(*part);
  return Value{
      Json(at == std::string::npos ? std::int64_t{-1} : characters(std::string_view{*s}.substr(0, at)))};
}

template <char (*Of)(char)>
Value letters(Arguments arguments) {
  const auto* s = string_of(arguments[0]);
  if (s == nullptr) return {};
  std::string changed = *s;
  std::ranges::transform(changed, changed.begin(), Of);
  return string(std::move(changed));
}

char lower(char c) { return ascii_lower(c); }
char upper(char c) { return c >= 'a' && c <= 'z' ? static_cast<char>(c - 32) : c; }
bool json_null(const Json& v) { return v.is_null(); }
bool json_boolean(const Json& v) { return v.is_boolean(); }
bool json_number(const Json& v) { return v.is_number(); }
bool json_string(const Json& v) { return v.is_string(); }
bool json_object(const Json& v) { return v.is_object(); }
bool json_array(const Json& v) { return v.is_array(); }
bool json_any(const Json&) { return true; }
bool starts(const std::string& a, const std::string& b) { return a.starts_with(b); }
bool ends(const std::string& a, const std::string& b) { return a.ends_with(b); }
bool holds(const std::string& a, const std::string& b) { return a.find(b) != std::string::npos; }
double absolute(double v) { return std::abs(v); }
double exponential(double v) { return std::exp(v); }
double square(double v) { return v * v; }
double ceiling(double v) { return std::ceil(v); }
double floor_of(double v) { return std::floor(v); }
double sign(double v) { return v > 0 ? 1 : (v < 0 ? -1 : 0); }
double root(double v) { return std::sqrt(v); }

using enum Gives;

/// Those of twin queries, then those that Azure documents for routing alone and that serve here as well
/// (service/05 section 5.3).
constexpr std::array kFunctions{
    Function{"is_defined", 1, 1, boolean, is_type<json_any>},
    Function{"is_null", 1, 1, boolean, is_type<json_null>},
    Function{"is_bool", 1, 1, boolean, is_type<json_boolean>},
    Function{"is_number", 1, 1, boolean, is_type<json_number>},
    Function{"is_string", 1, 1, boolean, is_type<json_string>},
    Function{"is_object", 1, 1, boolean, is_type<json_object>},
    Function{"is_array", 1, 1, boolean, is_type<json_array>},
    Function{"is_primitive", 1, 1, boolean, is_type<is_primitive>},
    Function{"startswith", 2, 2, boolean, of_strings<starts>},
    Function{"starts_with", 2, 2, boolean, of_strings<starts>},
    Function{"endswith", 2, 2, boolean, of_strings<ends>},
    Function{"ends_with", 2, 2, boolean, of_strings<ends>},
    Function{"contains", 2, 2, boolean, of_strings<holds>},
    Function{"array_contains", 2, 2, boolean, array_contains},
    Function{"abs", 1, 1, number, of_number<absolute>},
    Function{"exp", 1, 1, number, of_number<exponential>},
    Function{"power", 2, 2, number, power},
    Function{"square", 1, 1, number, of_number<square>},
    Function{"ceiling", 1, 1, number, of_number<ceiling>},
    Function{"floor", 1, 1, number, of_number<floor_of>},
    Function{"sign", 1, 1, number, of_number<sign>},
    Function{"sqrt", 1, 1, number, of_number<root>},
    Function{"as_number", 1, 1, number, as_number},
    Function{"length", 1, 1, number, length},
    Function{"index_of", 2, 2, number, index_of},
    Function{"concat", 1, kConcatMax, text, concat},
    Function{"lower", 1, 1, text, letters<lower>},
    Function{"upper", 1, 1, text, letters<upper>},
    Function{"substring", 2, 3, text, substring},
};

}  // namespace

const Function* find_function(std::string_view name) {
  const auto* found =
      std::ranges::find_if(kFunctions, [&](const Function& f) { return equals_ignoring_case(f.name, name); });
  return found == kFunctions.end() ? nullptr : found;
}

std::optional<std::string> nearest_function(std::string_view name) {
  std::vector<std::string> names;
  for (const Function& function : kFunctions) names.emplace_back(function.name);
  return nearest_word(name, names);
}

}  // namespace muster::query
