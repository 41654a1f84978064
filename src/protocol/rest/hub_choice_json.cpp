#include "protocol/rest/hub_choice_json.hpp"

#include "protocol/rest/host.hpp"
#include "protocol/rest/webhook_url.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <array>

namespace muster::rest {
namespace {

/// Names in the data plane; ARM writes them in Pascal case (service/02 section 2.3).
constexpr std::array<std::pair<AllocationPolicy, std::string_view>, 4> kPolicies{{
    {AllocationPolicy::hashed, "hashed"},
    {AllocationPolicy::geo_latency, "geoLatency"},
    {AllocationPolicy::static_, "static"},
    {AllocationPolicy::custom, "custom"},
}};

/// More than a DPS instance can be linked to (device/06), and few enough to be looked up one by one.
constexpr std::size_t kHubsMax = 100;

std::string_view policy_name(AllocationPolicy policy) {
  const auto* found =
      std::ranges::find(kPolicies, policy, &std::pair<AllocationPolicy, std::string_view>::first);
  return found == kPolicies.end() ? kPolicies[0].second : found->second;
}

Result<void> read_policy(const Fields& fields, EnrollmentSettings& into) {
  MUSTER_TRY(auto text, fields.text("allocationPolicy"));
  if (!text) return {};
  for (const auto& [policy, name] : kPolicies) {
    if (!equals_ignoring_case(*text, name)) continue;
    into.allocation = policy;
    return {};
  }
  return failure(fields.invalid(
      "allocationPolicy", fmt::format("\"{}\" found, hashed, geoLatency, static or custom wanted", *text)));
}

Result<ServiceName> read_hub(const Fields& fields, const std::string& member, const std::string& host) {
  auto hub = hub_of_host(host);
  if (!hub)
    return failure(fields.invalid(member, fmt::format("\"{}\" is not the full host name of a hub", host)));
  return *std::move(hub);
}

Result<void> read_hub_list(const Fields& fields, EnrollmentSettings& into) {
  const auto* hubs = fields.find("iotHubs");
  if (!hubs) return {};
  if (!hubs->is_array()) return failure(fields.invalid("iotHubs", "an array is wanted"));
  if (hubs->size() > kHubsMax)
    return failure(
        fields.invalid("iotHubs", fmt::format("{} hubs found, at most {} wanted", hubs->size(), kHubsMax)));
  for (std::size_t i = 0; i < hubs->size(); ++i) {
    const auto member = fmt::format("iotHubs[{}]", i);
    if (!(*hubs)[i].is_string()) return failure(fields.invalid(member, "a string is wanted"));
    MUSTER_TRY(auto hub, read_hub(fields, member, (*hubs)[i].get<std::string>()));
    if (std::ranges::find(into.hubs, hub) == into.hubs.end()) into.hubs.push_back(std::move(hub));
  }
  return {};
}

/// The hub that is fixed: what `iotHubHostName` shows. Null when the enrollment leaves a choice.
const ServiceName* fixed_hub(const EnrollmentSettings& settings) {
  const bool is_fixed = settings.allocation == AllocationPolicy::static_ && settings.hubs.size() == 1;
  return is_fixed ? &settings.hubs.front() : nullptr;
}

/// The older way to name one hub: az writes it as static allocation with that hub alone, and so do we.
Result<void> read_fixed_hub(const Fields& fields, const EnrollmentSettings* existing,
                            EnrollmentSettings& into) {
  MUSTER_TRY(auto host, fields.text("iotHubHostName"));
  if (!host || host->empty()) return {};
  MUSTER_TRY(auto hub, read_hub(fields, "iotHubHostName", *host));
  if (into.hubs.empty()) {
    into.hubs.push_back(std::move(hub));
    if (!into.allocation) into.allocation = AllocationPolicy::static_;
    return {};
  }
  const auto* shown = existing ? fixed_hub(*existing) : nullptr;
  const bool given_back = shown && *shown == hub;
  if (given_back || std::ranges::find(into.hubs, hub) != into.hubs.end()) return {};
  return failure(fields.invalid(
      "iotHubHostName",
      fmt::format("\"{}\" is not among iotHubs, where both are given they must agree", *host)));
}

/// What is wrong with the api-version of a webhook's question, as a phrase that follows it; empty for
/// nothing. A date, with or without "-preview", and not before 2018-09-01-preview (service/02 section 2.3).
std::string_view fault_of_version(std::string_view version) {
  constexpr std::string_view kForm = "0000-00-00", kFirst = "2018-09-01", kPreview = "-preview";
  const auto date = version.substr(0, kForm.size());
  const bool is_date = date.size() == kForm.size() && std::ranges::equal(date, kForm, [](char c, char form) {
                         return form == '-' ? c == '-' : c >= '0' && c <= '9';
                       });
  const auto rest = version.substr(date.size());
  if (!is_date || (!rest.empty() && rest != kPreview)) return "is not a date such as 2019-03-31";
  // Dates in this form are in the order of their text.
  return date < kFirst ? std::string_view{"is before 2018-09-01-preview"} : std::string_view{};
}

/// A definition that nobody would ask is refused, not kept: it would only look as if it decided.
Result<void> read_custom(const Fields& fields, EnrollmentSettings& into) {
  MUSTER_TRY(auto definition, fields.object("customAllocationDefinition"));
  const bool is_custom = into.allocation == AllocationPolicy::custom;
  if (!definition) {
    if (!is_custom) return {};
    return failure(
        fields.invalid("customAllocationDefinition", "is missing, and allocationPolicy is custom"));
  }
  if (!is_custom) {
    return failure(
        fields.invalid("customAllocationDefinition",
                       fmt::format("goes with allocationPolicy custom, \"{}\" found",
                                   into.allocation ? policy_name(*into.allocation) : std::string_view{})));
  }
  MUSTER_TRY(into.webhook_url, definition->required_text("webhookUrl"));
  if (const auto url = parse_webhook_url(into.webhook_url); !url)
    return failure(definition->invalid("webhookUrl", "the URL " + url.error()));
  MUSTER_TRY(into.webhook_api_version, definition->required_text("apiVersion"));
  if (const auto fault = fault_of_version(into.webhook_api_version); !fault.empty())
    return failure(
        definition->invalid("apiVersion", fmt::format("\"{}\" {}", into.webhook_api_version, fault)));
  return {};
}

}  // namespace

Result<void> read_allocation(const Fields& fields, const EnrollmentSettings* existing,
                             EnrollmentSettings& into) {
  MUSTER_CHECK(read_policy(fields, into));
  MUSTER_CHECK(read_hub_list(fields, into));
  MUSTER_CHECK(read_fixed_hub(fields, existing, into));
  return read_custom(fields, into);
}

void write_allocation(const EnrollmentSettings& settings, nlohmann::ordered_json& into) {
  if (settings.allocation) into["allocationPolicy"] = policy_name(*settings.allocation);
  if (const auto* hub = fixed_hub(settings)) into["iotHubHostName"] = hub_host_name(*hub);
  if (!settings.hubs.empty()) {
    auto& hubs = into["iotHubs"] = nlohmann::ordered_json::array();
    for (const auto& hub : settings.hubs) hubs.push_back(hub_host_name(hub));
  }
  if (settings.webhook_url.empty()) return;
  into["customAllocationDefinition"] = {{"webhookUrl", settings.webhook_url},
                                        {"apiVersion", settings.webhook_api_version}};
}

}  // namespace muster::rest
