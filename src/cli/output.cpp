#include "cli/output.hpp"

#include "muster/ids.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>

namespace muster::cli {
namespace {

struct FormatName {
  std::string_view name;
  Format format;
};
constexpr std::array kFormats{FormatName{"table", Format::table}, FormatName{"json", Format::json},
                              FormatName{"jsonc", Format::jsonc}, FormatName{"tsv", Format::tsv}};

using Row = std::vector<std::string>;

/// Control characters would let a device's name rewrite the operator's screen.
std::string printable(std::string text) {
  for (char& c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) c = '?';
  }
  return text;
}

std::string table_cell(const Json& value) {
  if (value.is_boolean()) return value.get<bool>() ? "True" : "False";
  return printable(one_line(value));
}

std::string tsv_cell(const Json& value) {
  if (value.is_null()) return "None";
  if (value.is_object()) return "";
  if (value.is_array()) return std::to_string(value.size());
  return printable(one_line(value));
}

/// What a list-like value holds: itself, ARM's "value", or the one object.
Json rows_of(const Json& value) {
  if (value.is_array()) return value;
  if (value.is_object() && value.size() <= 2 && value.contains("value") && value["value"].is_array()) {
    return value["value"];
  }
  return Json::array({value});
}

std::string header_of(std::string name) {
  if (!name.empty() && name[0] >= 'a' && name[0] <= 'z') name[0] = static_cast<char>(name[0] - 32);
  return name;
}

std::string padded(const std::string& text, std::size_t width) {
  const std::size_t used = display_width(text);
  return used >= width ? text : text + std::string(width - used, ' ');
}

void write_row(std::ostream& out, const Row& row, const std::vector<std::size_t>& widths) {
  std::string line;
  for (std::size_t i = 0; i < row.size(); ++i) {
    if (i > 0) line += "  ";
    line += padded(row[i], widths[i]);
  }
  line.erase(line.find_last_not_of(' ') + 1);
  out << line << '\n';
}

void write_grid(std::ostream& out, const Row& header, const std::vector<Row>& rows) {
  std::vector<std::size_t> widths;
  for (const std::string& name : header) widths.push_back(display_width(name));
  for (const Row& row : rows) {
    for (std::size_t i = 0; i < row.size(); ++i) widths[i] = std::max(widths[i], display_width(row[i]));
  }
  Row dashes;
  for (const std::size_t width : widths) dashes.emplace_back(width, '-');
  write_row(out, header, widths);
  write_row(out, dashes, widths);
  for (const Row& row : rows) write_row(out, row, widths);
}

void write_columns(std::ostream& out, const Json& list, std::span<const Column> columns) {
  Row header;
  for (const Column& column : columns) header.emplace_back(column.header);
  std::vector<Row> rows;
  for (const Json& item : list) {
    Row row;
    for (const Column& column : columns) row.push_back(table_cell(at_path(item, column.path)));
    rows.push_back(std::move(row));
  }
  write_grid(out, header, rows);
}

void write_scalars(std::ostream& out, const Json& list) {
  std::vector<std::string> names;
  for (const Json& item : list) {
    for (const auto& [name, member] : item.items()) {
      if (member.is_structured() || std::ranges::find(names, name) != names.end()) continue;
      names.push_back(name);
    }
  }
  std::vector<Column> columns;
  std::vector<std::string> headers;
  for (const std::string& name : names) headers.push_back(header_of(name));
  for (std::size_t i = 0; i < names.size(); ++i) columns.push_back({headers[i], names[i]});
  write_columns(out, list, columns);
}

void write_tsv(std::ostream& out, const Json& list) {
  for (const Json& item : list) {
    if (!item.is_object()) {
      out << tsv_cell(item) << '\n';
      continue;
    }
    std::map<std::string, std::string> cells;
    for (const auto& [name, member] : item.items()) cells[name] = tsv_cell(member);
    std::string line;
    for (const auto& [name, cell] : cells)
      line += line.empty() && name == cells.begin()->first ? cell : '\t' + cell;
    out << line << '\n';
  }
}

}  // namespace

std::optional<Format> parse_format(std::string_view text) {
  for (const FormatName& row : kFormats) {
    if (row.name == text) return row.format;
  }
  return std::nullopt;
}

std::size_t display_width(std::string_view text) {
  return static_cast<std::size_t>(
      std::ranges::count_if(text, [](char c) { return (static_cast<unsigned char>(c) & 0xC0U) != 0x80U; }));
}

void write_output(std::ostream& out, const Json& value, Format format, std::span<const Column> columns) {
  switch (format) {
    case Format::json:
      out << dump(value, 2) << '\n';
      return;
    case Format::jsonc:
      out << coloured_json(value) << '\n';
      return;
    case Format::tsv:
      write_tsv(out, rows_of(value));
      return;
    case Format::table:
      break;
  }
  const Json list = rows_of(value);
  if (list.empty()) return;  // As az: nothing at all, so that a script can test for output.
  if (columns.empty()) {
    write_scalars(out, list);
  } else {
    write_columns(out, list, columns);
  }
}

void write_labels(std::ostream& out, std::span<const std::pair<std::string, std::string>> lines) {
  std::size_t width = 0;
  for (const auto& [label, text] : lines) width = std::max(width, display_width(label));
  for (const auto& [label, text] : lines) out << padded(label, width) << "  " << printable(text) << '\n';
}

}  // namespace muster::cli
