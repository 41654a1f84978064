#include "protocol/query/cursor.hpp"

#include "muster/ids.hpp"
#include "protocol/query/words.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

namespace muster::query {

bool Cursor::at_word(std::string_view word) const {
  return peek().kind == TokenKind::word && equals_ignoring_case(peek().text, word);
}

bool Cursor::at_symbol(std::string_view symbol) const {
  return peek().kind == TokenKind::symbol && peek().text == symbol;
}

bool Cursor::take_word(std::string_view word) {
  if (!at_word(word)) return false;
  take();
  return true;
}

bool Cursor::take_symbol(std::string_view symbol) {
  if (!at_symbol(symbol)) return false;
  take();
  return true;
}

Result<void> Cursor::want_word(std::string_view word) {
  if (!take_word(word)) return failure(wanted(word));
  return {};
}

Result<void> Cursor::want_symbol(std::string_view symbol) {
  if (!take_symbol(symbol)) return failure(wanted(symbol));
  return {};
}

Error Cursor::wanted(std::string_view what) const {
  const Token& token = peek();
  if (token.kind == TokenKind::word) {
    if (const auto clause = foreign_clause(token.text); !clause.empty()) {
      return fault(token.at, fmt::format("{} is not part of the language", clause));
    }
  }
  return fault(token.at, fmt::format("{} found, {} wanted", shown(text_, token), what));
}

Result<Path> read_path(Cursor& cursor) {
  const Token& first = cursor.peek();
  if (first.kind != TokenKind::word || is_reserved(first.text)) return failure(cursor.wanted("a path"));
  Path path{{cursor.take().text, {}}};
  while (true) {
    if (path.size() > kPathStepsMax) {
      return failure(cursor.fault(first.at, fmt::format("a path of more than {} steps", kPathStepsMax)));
    }
    if (cursor.peek().kind == TokenKind::quoted) {
      path.push_back({cursor.take().text, {}});
    } else if (cursor.take_symbol("[")) {
      const Token& token = cursor.peek();
      const bool fits = token.kind == TokenKind::number && token.value.is_number_integer() &&
                        token.value.get<std::int64_t>() <= std::numeric_limits<std::uint32_t>::max();
      if (!fits) return failure(cursor.wanted("an index"));
      path.push_back({{}, cursor.take().value.get<std::uint32_t>()});
      MUSTER_CHECK(cursor.want_symbol("]"));
    } else if (cursor.take_symbol(".")) {
      const auto kind = cursor.peek().kind;
      if (kind != TokenKind::word && kind != TokenKind::quoted) return failure(cursor.wanted("a name"));
      path.push_back({cursor.take().text, {}});
    } else {
      return path;
    }
  }
}

std::string format_path(const Path& path) {
  std::string text;
  for (const Step& step : path) {
    if (step.index) {
      text += fmt::format("[{}]", *step.index);
      continue;
    }
    if (!text.empty()) text += '.';
    const bool plain =
        !step.name.empty() && (step.name[0] < '0' || step.name[0] > '9') &&
        std::ranges::all_of(step.name, [](char c) {
          return is_ascii_alnum(c) || c == '_' || c == '$' || static_cast<unsigned char>(c) >= 0x80U;
        });
    text += plain ? step.name : fmt::format("[[{}]]", step.name);
  }
  return text;
}

}  // namespace muster::query
