#pragma once

#include "cli/json.hpp"
#include "cli/output.hpp"

#include <ostream>

namespace muster::cli {

/// A list that is written while it is being made, so that it may be of any length: a JSON array, or for
/// people one block of "label  value" lines an item, with an empty line between.
class ListWriter {
 public:
  /// `words`: for people.
  ListWriter(std::ostream& out, bool words) : out_{out}, words_{words} {}

  void add(const Json& item);
  /// Closes the array. Call once, also when nothing was added.
  void end();
  std::size_t count() const noexcept { return count_; }

 private:
  std::ostream& out_;
  bool words_;
  std::size_t count_ = 0;
};

/// Every fact of an object as one "label  value" line; the labels are the JSON's own names, joined by dots
/// where objects are nested. Lists of texts stand on one line.
std::vector<std::pair<std::string, std::string>> labelled_lines(const Json& object);

}  // namespace muster::cli
