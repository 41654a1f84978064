#pragma once

#include "cli/json.hpp"

#include <cstdint>
#include <optional>
#include <ostream>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace muster::cli {

/// az's words: -o table|json|jsonc|tsv.
enum class Format : std::uint8_t { table, json, jsonc, tsv };

std::optional<Format> parse_format(std::string_view text);

/// One column of a table: its header, and where in a row its value is.
struct Column {
  std::string_view header;
  std::string_view path;  ///< Member names joined by dots.
};

/// Writes an object, a list of objects or ARM's {"value": [...]} in the format. `columns` are the table's;
/// without any, a table shows the scalar members. Tables and tsv are az's: header, dashes, two spaces
/// between; tsv has the scalar members sorted by name, booleans in lower case, None for null, the length of a
/// list.
void write_output(std::ostream& out, const Json& value, Format format, std::span<const Column> columns);

/// Aligned "label  value" lines, for people.
void write_labels(std::ostream& out, std::span<const std::pair<std::string, std::string>> lines);

/// JSON as az prints it with -o jsonc: two spaces an indent, names, strings and numbers coloured.
std::string coloured_json(const Json& value);

/// Printable columns that UTF-8 text takes: one a code point.
std::size_t display_width(std::string_view text);

}  // namespace muster::cli
