#include "gateway/rest/router.hpp"

#include "protocol/rest/host.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

namespace muster::rest {
namespace {

std::optional<std::vector<std::string>> match_pattern(std::string_view pattern,
                                                      std::span<const std::string> segments) {
  std::vector<std::string> ids;
  std::size_t index = 0;
  while (!pattern.empty()) {
    pattern.remove_prefix(1);  // The slash.
    const auto wanted = pattern.substr(0, pattern.find('/'));
    pattern.remove_prefix(wanted.size());
    if (index == segments.size()) return std::nullopt;
    const auto& found = segments[index++];
    if (wanted.starts_with('{')) {
      ids.push_back(found);
    } else if (!equals_ignoring_case(wanted, found)) {
      return std::nullopt;
    }
  }
  if (index != segments.size()) return std::nullopt;
  return ids;
}

}  // namespace

std::optional<Face> face_of_host(std::string_view host) {
  host = without_port(host);
  if (auto hub = hub_of_host(host)) return Face{Api::hub, std::move(hub)};
  if (auto dps = dps_of_host(host)) return Face{Api::dps, std::move(dps)};
  if (equals_ignoring_case(host, "management") || equals_ignoring_case(host, "management.azure.com")) {
    return Face{Api::arm, std::nullopt};
  }
  if (equals_ignoring_case(host, "muster")) return Face{Api::muster, std::nullopt};
  return std::nullopt;
}

std::optional<Api> api_of_path(std::span<const std::string> segments) {
  struct Row {
    std::string_view segment;
    Api api;
  };
  static constexpr std::array kFirst{
      Row{"devices", Api::hub},        Row{"twins", Api::hub},         Row{"statistics", Api::hub},
      Row{"configurations", Api::hub}, Row{"jobs", Api::hub},          Row{"digitaltwins", Api::hub},
      Row{"messages", Api::hub},       Row{"enrollments", Api::dps},   Row{"enrollmentGroups", Api::dps},
      Row{"registrations", Api::dps},  Row{"subscriptions", Api::arm}, Row{"muster", Api::muster},
  };
  if (segments.empty()) return std::nullopt;
  const auto found = std::ranges::find_if(
      kFirst, [&](const Row& row) { return equals_ignoring_case(row.segment, segments.front()); });
  if (found == kFirst.end()) return std::nullopt;
  return found->api;
}

Result<Match> match(std::span<const Route> routes, Api api, std::string_view method,
                    std::span<const std::string> segments, std::string& allow) {
  for (const auto& route : routes) {
    if (route.api != api) continue;
    auto ids = match_pattern(route.pattern, segments);
    if (!ids) continue;
    if (route.method != method) {
      if (allow.find(route.method) != std::string::npos) continue;
      if (!allow.empty()) allow += ", ";
      allow += route.method;
      continue;
    }
    allow.clear();  // Methods of rows that were passed by; this one is allowed.
    return Match{&route, *std::move(ids)};
  }
  if (!allow.empty())
    return failure(ErrorCode::method_not_allowed,
                   fmt::format("{} is not allowed here, {} is", method, allow));
  return failure(ErrorCode::resource_not_found, "no such path");
}

}  // namespace muster::rest
