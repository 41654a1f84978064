#include "cli/list_writer.hpp"

namespace muster::cli {
namespace {

std::string text_of(const Json& value) {
  if (value.is_null()) return "none";
  if (!value.is_array()) return one_line(value);
  std::string text;
  for (const Json& item : value) text += (text.empty() ? "" : ", ") + one_line(item);
  return text.empty() ? "none" : text;
}

void flatten(const Json& value, const std::string& prefix,
             std::vector<std::pair<std::string, std::string>>& lines) {
  for (const auto& [name, member] : value.items()) {
    const std::string label = prefix.empty() ? name : prefix + '.' + name;
    if (member.is_object() && !member.empty()) {
      flatten(member, label, lines);
    } else {
      lines.emplace_back(label, member.is_object() ? "none" : text_of(member));
    }
  }
}

/// `text` with its lines moved to the right.
std::string indented(const std::string& text) {
  std::string moved = "  ";
  for (const char c : text) {
    moved += c;
    if (c == '\n') moved += "  ";
  }
  return moved;
}

}  // namespace

std::vector<std::pair<std::string, std::string>> labelled_lines(const Json& object) {
  std::vector<std::pair<std::string, std::string>> lines;
  flatten(object, "", lines);
  return lines;
}

void ListWriter::add(const Json& item) {
  if (words_) {
    if (count_ > 0) out_ << '\n';
    write_labels(out_, labelled_lines(item));
  } else {
    out_ << (count_ > 0 ? ",\n" : "[\n") << indented(dump(item, 2));
  }
  ++count_;
}

void ListWriter::end() {
  if (words_) return;
  out_ << (count_ > 0 ? "\n]\n" : "[]\n");
}

}  // namespace muster::cli
