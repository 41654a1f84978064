#pragma once

#include "protocol/query/lexer.hpp"

/// Private to protocol/query: reading tokens one after the other, and saying what is wrong with one.
namespace muster::query {

class Cursor {
 public:
  /// Both outlive it. The tokens end with `end`.
  Cursor(std::string_view text, const std::vector<Token>& tokens) : text_{text}, tokens_{&tokens} {}

  const Token& peek(std::size_t ahead = 0) const {
    return (*tokens_)[std::min(next_ + ahead, tokens_->size() - 1)];
  }
  const Token& take() {
    const Token& token = peek();
    if (next_ + 1 < tokens_->size()) ++next_;
    return token;
  }
  std::size_t position() const { return next_; }
  void go_to(std::size_t position) { next_ = position; }

  bool at_word(std::string_view word) const;
  bool at_symbol(std::string_view symbol) const;
  bool take_word(std::string_view word);
  bool take_symbol(std::string_view symbol);
  Result<void> want_word(std::string_view word);
  Result<void> want_symbol(std::string_view symbol);

  /// "at character 9: `x` found, FROM wanted"; a clause of another language is refused by its name.
  Error wanted(std::string_view what) const;
  Error fault(std::size_t at, std::string_view what) const { return fault_at(text_, at, what); }

 private:
  std::string_view text_;
  const std::vector<Token>* tokens_;
  std::size_t next_ = 0;
};

/// A path as it stands there, from its first word on: names are not yet judged.
Result<Path> read_path(Cursor& cursor);

}  // namespace muster::query
