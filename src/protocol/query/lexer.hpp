#pragma once

#include "protocol/query/query.hpp"

/// Private to protocol/query: text to tokens.
namespace muster::query {

enum class TokenKind : std::uint8_t {
  word,    ///< A keyword or name, as written.
  quoted,  ///< The name within [[ ]].
  string,  ///< Without its quotes, escapes resolved.
  number,  ///< In `value`.
  symbol,  ///< One of ( ) [ ] , . * + - / % = != <> < <= > >=
  end,
};

struct Token {
  TokenKind kind = TokenKind::end;
  std::string text;
  Json value;
  std::size_t at = 0, size = 0;  ///< Bytes of the query's text.
};

/// The last one is `end`. query_invalid for what is not a token, for text that is too long or not UTF-8.
Result<std::vector<Token>> tokenize(std::string_view text);

/// query_invalid: "at character 7: <what>". `at` is a byte of `text`.
Error fault_at(std::string_view text, std::size_t at, std::string_view what);
/// The token as the query spells it, cut when it is long: for messages.
std::string shown(std::string_view text, const Token& token);

}  // namespace muster::query
