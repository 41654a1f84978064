#include "protocol/rest/problem.hpp"

#include "protocol/rest/json_fields.hpp"
#include "protocol/rest/timestamp.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>

namespace muster::rest {
namespace {

std::string message_of(const Error& error) { return fmt::format("{}: {}", error.title(), error.reason()); }

std::string with_our_members(nlohmann::ordered_json body, const Error& error) {
  body["musterCode"] = error_id(error.code());
  body["reason"] = error.reason();
  body["remedy"] = error.remedy();
  return write_json(body);
}

}  // namespace

std::string format_dps_problem(const Problem& problem, std::int32_t error_code) {
  return with_our_members({{"errorCode", error_code},
                           {"trackingId", problem.tracking_id},
                           {"message", message_of(problem.error)},
                           {"info", nlohmann::ordered_json::object()},
                           {"timestampUtc", format_utc_7(problem.at)}},
                          problem.error);
}

std::string format_hub_problem(const Problem& problem, std::string_view name) {
  // The SDKs split Message at semicolons, so there is only the one after the name.
  std::string text = message_of(problem.error);
  std::ranges::replace(text, ';', ',');
  return with_our_members(
      {{"Message", fmt::format("ErrorCode:{};{}", name, text)},
       {"ExceptionMessage",
        fmt::format("Tracking ID:{}-G:0-TimeStamp:{}", problem.tracking_id, format_us_date(problem.at))}},
      problem.error);
}

std::string format_hub_module_problem(const Problem& problem, std::int32_t error_code) {
  return with_our_members({{"errorCode", error_code},
                           {"message", message_of(problem.error)},
                           {"trackingId", problem.tracking_id},
                           {"timestampUtc", format_utc_7(problem.at)}},
                          problem.error);
}

std::string format_arm_problem(const Problem& problem, int status, std::string_view code) {
  const std::string message = message_of(problem.error);
  return with_our_members({{"code", code},
                           {"httpStatusCode", std::to_string(status)},
                           {"message", message},
                           {"details", fmt::format("Tracking ID:{}", problem.tracking_id)},
                           {"error", {{"code", code}, {"message", message}}}},
                          problem.error);
}

std::string format_muster_problem(const Problem& problem) {
  return with_our_members({{"title", problem.error.title()}, {"trackingId", problem.tracking_id}},
                          problem.error);
}

}  // namespace muster::rest
