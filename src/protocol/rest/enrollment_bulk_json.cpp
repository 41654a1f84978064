#include "protocol/rest/enrollment_bulk_json.hpp"

#include "muster/ids.hpp"
#include "protocol/rest/json_fields.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <array>
#include <utility>

namespace muster::rest {
namespace {

constexpr std::array<std::pair<BulkMode, std::string_view>, 4> kModes{{
    {BulkMode::create, "create"},
    {BulkMode::update, "update"},
    {BulkMode::update_if_match_etag, "updateIfMatchETag"},
    {BulkMode::remove, "delete"},
}};

Result<BulkMode> read_mode(const Fields& fields) {
  MUSTER_TRY(const std::string text, fields.required_text("mode"));
  for (const auto& [mode, name] : kModes) {
    if (equals_ignoring_case(text, name)) return mode;
  }
  return failure(fields.invalid(
      "mode", fmt::format("\"{}\" found, create, update, updateIfMatchETag or delete wanted", text)));
}

std::string text_of(const nlohmann::json& item, std::string_view name) {
  if (!item.is_object()) return {};
  const auto member = item.find(name);
  return member != item.end() && member->is_string() ? member->get<std::string>() : std::string{};
}

bool is_word_part(char c) { return is_ascii_alnum(c) || c == '_'; }

/// Where the word next stands in `text`, in any case of letters and not inside another word; npos for never.
std::size_t find_word(std::string_view text, std::string_view word, std::size_t from) {
  for (std::size_t at = from; at + word.size() <= text.size(); ++at) {
    const bool begins = at == 0 || !is_word_part(text[at - 1]);
    const auto end = at + word.size();
    const bool ends = end == text.size() || !is_word_part(text[end]);
    if (begins && ends && equals_ignoring_case(text.substr(at, word.size()), word)) return at;
  }
  return std::string_view::npos;
}

}  // namespace

Result<BulkRequest> parse_bulk(std::string_view body, const BulkNames& names) {
  MUSTER_TRY(const nlohmann::json json, parse_json_object(body));
  const Fields fields{json, ""};
  BulkRequest request;
  MUSTER_TRY(request.mode, read_mode(fields));
  const auto* items = fields.find(names.list);
  if (!items) return failure(fields.invalid(names.list, "is missing"));
  if (!items->is_array()) return failure(fields.invalid(names.list, "an array is wanted"));
  if (items->empty() || items->size() > kBulkItemsMax) {
    return failure(fields.invalid(
        names.list, fmt::format("{} items found, 1 to {} wanted", items->size(), kBulkItemsMax)));
  }
  for (const auto& item : *items) {
    request.items.push_back({text_of(item, names.id), text_of(item, "etag"), item.dump()});
  }
  return request;
}

std::string format_bulk_result(std::span<const BulkFault> faults, const BulkNames& names) {
  auto errors = nlohmann::ordered_json::array();
  for (const auto& fault : faults) {
    errors.push_back(
        {{std::string{names.id}, fault.id},
         {"errorCode", fault.error_code},
         {"errorStatus", fmt::format("{} {}: {}. {}", error_id(fault.error.code()), fault.error.title(),
                                     fault.error.reason(), fault.error.remedy())}});
  }
  return write_json({{"isSuccessful", faults.empty()}, {"errors", std::move(errors)}});
}

Result<void> check_enrollment_query(std::string_view body) {
  if (body.find_first_not_of(" \t\r\n") == std::string_view::npos) return {};
  MUSTER_TRY(const nlohmann::json json, parse_json_object(body));
  const Fields fields{json, ""};
  MUSTER_TRY(const std::string query, fields.required_text("query"));
  if (query.size() > kQueryTextMax)
    return failure(fields.invalid("query", fmt::format("is longer than {} characters", kQueryTextMax)));
  const auto select = find_word(query, "select", 0);
  if (select == std::string_view::npos || find_word(query, "where", select) == std::string_view::npos)
    return {};
  return failure(
      Error{ErrorCode::query_invalid,
            fmt::format("query: \"{}\" has a WHERE, and enrollments are not filtered", query)}
          .with_remedy("Ask for \"SELECT *\" and filter the answer, or GET the one enrollment by its id."));
}

}  // namespace muster::rest
