#include "protocol/query/lexer.hpp"

#include "base/bytes.hpp"
#include "muster/ids.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>

namespace muster::query {
namespace {

constexpr std::size_t kShownBytesMax = 40;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_space(char c) { return c == ' ' || c == '\t' || c == '\r' || c == '\n'; }
bool continues_character(char c) { return (static_cast<unsigned char>(c) & 0xC0U) == 0x80U; }
/// Letters of other scripts may stand in the keys of tags, and `$` in those of metadata.
bool is_word(char c) {
  return is_ascii_alnum(c) || c == '_' || c == '$' || static_cast<unsigned char>(c) >= 0x80U;
}

std::size_t characters(std::string_view text) {
  return text.size() - static_cast<std::size_t>(std::ranges::count_if(text, continues_character));
}

std::string encode_utf8(std::uint32_t point) {
  if (point < 0x80) return {static_cast<char>(point)};
  if (point < 0x800)
    return {static_cast<char>(0xC0U | (point >> 6U)), static_cast<char>(0x80U | (point & 0x3FU))};
  if (point < 0x10000) {
    return {static_cast<char>(0xE0U | (point >> 12U)), static_cast<char>(0x80U | ((point >> 6U) & 0x3FU)),
            static_cast<char>(0x80U | (point & 0x3FU))};
  }
  return {static_cast<char>(0xF0U | (point >> 18U)), static_cast<char>(0x80U | ((point >> 12U) & 0x3FU)),
          static_cast<char>(0x80U | ((point >> 6U) & 0x3FU)), static_cast<char>(0x80U | (point & 0x3FU))};
}

class Lexer {
 public:
  explicit Lexer(std::string_view text) : text_{text} {}

  Result<std::vector<Token>> run() {
    std::vector<Token> tokens;
    while (true) {
      while (at_ < text_.size() && is_space(text_[at_])) ++at_;
      Token token{.at = at_};
      if (at_ == text_.size()) {
        tokens.push_back(std::move(token));
        return tokens;
      }
      MUSTER_CHECK(read(token));
      token.size = at_ - token.at;
      tokens.push_back(std::move(token));
    }
  }

 private:
  char peek(std::size_t ahead = 0) const { return at_ + ahead < text_.size() ? text_[at_ + ahead] : '\0'; }
  tl::unexpected<Error> fault(std::size_t at, std::string_view what) const {
    return failure(fault_at(text_, at, what));
  }

  Result<void> read(Token& token) {
    const char c = text_[at_];
    if (is_digit(c)) return read_number(token);
    if (is_word(c)) return read_word(token);
    if (c == '\'' || c == '"') return read_string(token);
    if (c == '[' && peek(1) == '[') return read_quoted(token);
    return read_symbol(token);
  }

  Result<void> read_word(Token& token) {
    while (at_ < text_.size() && is_word(text_[at_])) ++at_;
    token.kind = TokenKind::word;
    token.text = text_.substr(token.at, at_ - token.at);
    return {};
  }

  Result<void> read_quoted(Token& token) {
    const auto end = text_.find("]]", at_ + 2);
    if (end == std::string_view::npos) return fault(at_, "[[ without ]]");
    if (end == at_ + 2) return fault(at_, "an empty name in [[ ]]");
    token.kind = TokenKind::quoted;
    token.text = text_.substr(at_ + 2, end - at_ - 2);
    at_ = end + 2;
    return {};
  }

  Result<void> read_string(Token& token) {
    token.kind = TokenKind::string;
    const char quote = text_[at_++];
    while (at_ < text_.size() && text_[at_] != quote) {
      if (text_[at_] != '\\') {
        token.text += text_[at_++];
        continue;
      }
      MUSTER_CHECK(read_escape(token.text));
    }
    if (at_ == text_.size()) return fault(token.at, "a string without its closing quote");
    ++at_;
    return {};
  }

  /// The four that Azure's page names: \' \" \\ \uXXXX.
  Result<void> read_escape(std::string& into) {
    const std::size_t start = at_++;
    const char c = peek();
    if (c == '\'' || c == '"' || c == '\\') {
      into += c;
      ++at_;
      return {};
    }
    if (c != 'u') return fault(start, R"(an escape that is none of \' \" \\ \uXXXX)");
    MUSTER_TRY(std::uint32_t point, read_hex_unit(start));
    if (point >= 0xD800 && point < 0xDC00 && peek() == '\\' && peek(1) == 'u') {
      ++at_;
      MUSTER_TRY(const std::uint32_t low, read_hex_unit(start));
      if (low < 0xDC00 || low > 0xDFFF) return fault(start, "half of a surrogate pair");
      point = 0x10000 + ((point - 0xD800) << 10U) + (low - 0xDC00);
    }
    if (point >= 0xD800 && point <= 0xDFFF) return fault(start, "half of a surrogate pair");
    into += encode_utf8(point);
    return {};
  }

  /// From the u on.
  Result<std::uint32_t> read_hex_unit(std::size_t start) {
    const std::string_view digits = text_.substr(std::min(at_ + 1, text_.size()), 4);
    std::uint32_t unit = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), unit, 16);
    if (error != std::errc{} || end != digits.data() + 4)
      return fault(start, R"(\u without four hex digits)");
    at_ += 5;
    return unit;
  }

  Result<void> read_number(Token& token) {
    token.kind = TokenKind::number;
    if (text_[at_] == '0' && (peek(1) == 'x' || peek(1) == 'X')) {
      MUSTER_CHECK(read_hex(token));
    } else {
      MUSTER_CHECK(read_decimal(token));
    }
    if (is_word(peek())) return fault(token.at, "a number that ends in a letter");
    return {};
  }

  Result<void> read_hex(Token& token) {
    std::int64_t value = 0;
    const char* first = text_.data() + at_ + 2;
    const auto [end, error] = std::from_chars(first, text_.data() + text_.size(), value, 16);
    // from_chars takes a sign, which would be a second one here.
    if (error == std::errc::invalid_argument || peek(2) == '-') return fault(at_, "0x without hex digits");
    if (error != std::errc{}) return fault(at_, "a number beyond 63 bits");
    token.value = value;
    at_ = static_cast<std::size_t>(end - text_.data());
    return {};
  }

  Result<void> read_decimal(Token& token) {
    bool whole = true;
    while (is_digit(peek())) ++at_;
    if (peek() == '.' && is_digit(peek(1))) {
      whole = false;
      for (++at_; is_digit(peek());) ++at_;
    }
    if (peek() == 'e' || peek() == 'E') {
      const std::size_t sign = peek(1) == '+' || peek(1) == '-' ? 1 : 0;
      if (!is_digit(peek(1 + sign))) return fault(token.at, "a number without the digits of its exponent");
      whole = false;
      for (at_ += 1 + sign; is_digit(peek());) ++at_;
    }
    const char* first = text_.data() + token.at;
    const char* last = text_.data() + at_;
    std::int64_t integer = 0;
    if (whole && std::from_chars(first, last, integer).ec == std::errc{}) {
      token.value = integer;
      return {};
    }
    double real = 0;
    if (std::from_chars(first, last, real).ec != std::errc{}) return fault(token.at, "a number out of range");
    token.value = real;
    return {};
  }

  Result<void> read_symbol(Token& token) {
    constexpr std::array<std::string_view, 4> kPairs{"!=", "<>", "<=", ">="};
    constexpr std::string_view kSingles = "()[],.*+-/%=<>";
    const std::string_view two = text_.substr(at_, 2);
    const bool pair = std::ranges::find(kPairs, two) != kPairs.end();
    if (!pair && kSingles.find(text_[at_]) == std::string_view::npos) {
      return fault(at_, fmt::format("{} is not part of the language", shown(text_, {.at = at_, .size = 1})));
    }
    token.kind = TokenKind::symbol;
    token.text = text_.substr(at_, pair ? 2 : 1);
    at_ += token.text.size();
    return {};
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

}  // namespace

Error fault_at(std::string_view text, std::size_t at, std::string_view what) {
  return {ErrorCode::query_invalid,
          fmt::format("at character {}: {}", characters(text.substr(0, at)) + 1, what)};
}

std::string shown(std::string_view text, const Token& token) {
  if (token.size == 0) return "the end";
  const auto whole = text.substr(token.at, token.size);
  if (whole.size() <= kShownBytesMax) return fmt::format("`{}`", whole);
  auto cut = whole.substr(0, kShownBytesMax);
  while (!cut.empty() && continues_character(whole[cut.size()])) cut.remove_suffix(1);
  return fmt::format("`{}...`", cut);
}

Result<std::vector<Token>> tokenize(std::string_view text) {
  if (!is_valid_utf8(as_bytes(text))) return failure(ErrorCode::query_invalid, "the query is not UTF-8");
  if (const auto size = characters(text); size > kTextMax) {
    return failure(ErrorCode::query_invalid,
                   fmt::format("the query has {} characters, {} are allowed", size, kTextMax));
  }
  return Lexer{text}.run();
}

}  // namespace muster::query
