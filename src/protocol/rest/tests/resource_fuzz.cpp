#include "base/assert.hpp"
#include "base/bytes.hpp"
#include "protocol/rest/etag.hpp"
#include "protocol/rest/host.hpp"
#include "protocol/rest/service_json.hpp"
#include "protocol/rest/timestamp.hpp"
#include "protocol/rest/webhook_url.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

// The input is a body of ARM's API, or one of the texts beside a body: a host, an If-Match header, a time, a
// webhook's URL. A refusal says why in UTF-8; what is accepted keeps its limits, and where we write such a
// text ourselves, it is read back.

namespace muster::rest {
namespace {

constexpr WallTime kYear10000 = std::chrono::sys_days{std::chrono::year{10'000} / 1 / 1};

void check_refusal(const Error& error) {
  MUSTER_ASSERT(is_valid_utf8(as_bytes(error.reason())), "a reason that is not UTF-8");
}

void check_reply(const std::string& text) {
  MUSTER_ASSERT(is_valid_utf8(as_bytes(text)), "a reply that is not UTF-8");
  MUSTER_ASSERT(nlohmann::json::accept(text), "a reply that is not JSON");
}

void check_bodies(std::string_view body) {
  const ArmScope scope{"s", "rg"};
  const ServiceName name = *ServiceName::parse("n");
  if (const auto hub = parse_hub_upload(body)) {
    check_reply(format_hub(
        {.name = name, .location = hub->location, .partition_count = hub->partition_count.value_or(4)},
        scope));
  } else {
    check_refusal(hub.error());
  }
  if (const auto dps = parse_dps_upload(body)) {
    DpsInstance instance{.name = name, .location = dps->location};
    if (dps->links) {
      for (const LinkUpload& link : *dps->links) instance.linked_hubs.push_back(link.link);
    }
    check_reply(format_dps(instance, scope));
  } else {
    check_refusal(dps.error());
  }
  if (const auto upload = parse_certificate_upload(body); !upload) check_refusal(upload.error());
  if (const auto tags = parse_tags_upload(body); !tags) check_refusal(tags.error());
  if (const auto question = parse_name_question(body)) {
    check_reply(format_name_answer("Invalid", *question));
  } else {
    check_refusal(question.error());
  }
}

void check_texts(std::string_view text) {
  if (const auto hub = hub_of_host(text))
    MUSTER_ASSERT(hub_of_host(hub_host_name(*hub)) == *hub, "another hub");
  if (const auto dps = dps_of_host(text))
    MUSTER_ASSERT(dps_of_host(dps_host_name(*dps)) == *dps, "another DPS");
  MUSTER_ASSERT(text.starts_with(without_port(text)), "a host from elsewhere");
  const IfMatch wanted = parse_if_match(text);
  const auto visible = [](char c) { return c > 0x20 && c < 0x7F && c != '"'; };
  if (wanted.kind == IfMatch::Kind::tag && std::ranges::all_of(wanted.tag, visible)) {
    MUSTER_ASSERT(matches(wanted, wanted.tag), "a tag that does not match itself");
  }
  const auto time = parse_utc(text);
  // An offset can lead beyond the years that have four digits.
  if (time && *time >= WallTime{} && *time < kYear10000) {
    MUSTER_ASSERT(parse_utc(format_utc_7(*time)) == *time, "another time");
  }
  if (const auto url = parse_webhook_url(text)) {
    MUSTER_ASSERT(!url->host.empty() && url->target.starts_with('/'), "a URL without a host or target");
    MUSTER_ASSERT(url->target.find_first_of("\r\n ") == std::string::npos, "a target of several lines");
    MUSTER_ASSERT(url->host.find_first_of("\r\n /@") == std::string::npos, "a host of several parts");
    (void)url->shown();
  }
}

}  // namespace
}  // namespace muster::rest

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input{reinterpret_cast<const char*>(data), size};
  muster::rest::check_bodies(input);
  muster::rest::check_texts(input);
  return 0;
}
