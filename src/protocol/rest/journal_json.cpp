#include "protocol/rest/journal_json.hpp"

#include "protocol/rest/json_fields.hpp"

#include <nlohmann/json.hpp>

namespace muster::rest {

std::string format_journal(std::span<const JournalRow> rows) {
  auto value = nlohmann::ordered_json::array();
  for (const auto& row : rows) {
    nlohmann::ordered_json item{{"number", row.number},
                                {"kind", row.kind},
                                {"firstTimeUtc", format_utc_7(row.first)},
                                {"lastTimeUtc", format_utc_7(row.last)},
                                {"count", row.count},
                                {"trackingId", row.tracking_id},
                                {"service", row.service},
                                {"subject", row.subject},
                                {"remote", row.remote},
                                {"step", row.step},
                                {"musterCode", nullptr},
                                {"title", nullptr},
                                {"reason", row.reason},
                                {"remedy", row.remedy},
                                {"answered", row.answered}};
    if (row.code) {
      item["musterCode"] = error_id(*row.code);
      item["title"] = error_info(*row.code).title;
    }
    value.push_back(std::move(item));
  }
  nlohmann::ordered_json body;
  body["value"] = std::move(value);
  return write_json(body);
}

}  // namespace muster::rest
