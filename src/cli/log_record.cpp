#include "cli/log_record.hpp"

#include "protocol/hub/event_json.hpp"

#include <fmt/format.h>

namespace muster::cli {
namespace {

constexpr hub::EventJsonOptions kEverything{
    .system = true, .application = true, .annotations = true, .position = true};

std::string_view authentication_in_words(AuthMethod method) {
  switch (method) {
    case AuthMethod::none:
      return "none";
    case AuthMethod::x509_thumbprint:
      return "X.509 by thumbprint";
    case AuthMethod::x509_ca:
      return "X.509 by CA";
    case AuthMethod::sas_device:
      return "SAS by the device's key";
    case AuthMethod::sas_hub:
      return "SAS by a policy of the hub";
  }
  return "unknown";
}

void add_payload(Json& json, const Json& shown) {
  const Json event = at_path(shown, "event");
  json["properties"] = at_path(event, "properties.application");
  json["systemProperties"] = at_path(event, "properties.system");
  if (event.contains("payload")) {
    json["payload"] = event["payload"];
  } else {
    json["bodyBase64"] = at_path(shown, "bodyBase64");
  }
}

}  // namespace

Json record_json(const eventlog::DumpedRecord& record) {
  const StoredEvent& stored = record.event;
  const EventView& event = stored.event;
  Json json{{"position", record.position},
            {"bytes", record.bytes},
            {"batch", record.batch},
            {"hub", std::string{event.hub}},
            {"partition", stored.partition},
            {"sequenceNumber", stored.sequence_number},
            {"offset", stored.offset},
            {"enqueuedTimeUtc", format_utc_7(stored.enqueued)},
            {"deviceId", std::string{event.device_id}}};
  if (!event.module_id.empty()) json["moduleId"] = std::string{event.module_id};
  json["generationId"] = std::string{event.generation_id};
  json["authentication"] = std::string{authentication_in_words(event.auth_method)};
  if ((event.flags & kEventRetained) != 0) json["retained"] = true;
  if ((event.flags & kEventWill) != 0) json["will"] = true;
  add_payload(json, Json::parse(hub::format_event_json(stored, kEverything), nullptr, false));
  return json;
}

Error damaged_segment(const std::string& path, const eventlog::DumpEnd& end) {
  const eventlog::SegmentDamage& first = end.damages.front();
  const std::string more =
      end.damages.size() > 1 ? fmt::format(", and {} more places", end.damages.size() - 1) : "";
  if (first.torn) {
    return Error{ErrorCode::log_corrupt, fmt::format("{}, {}{}", path, first.what, more)}.with_remedy(
        "Run `muster log verify`: at the end of the last segment this is what a kill or power cut left, "
        "which "
        "was never acknowledged and which the next start cuts off.");
  }
  return Error{ErrorCode::log_corrupt, fmt::format("{}, {}{}", path, first.what, more)}.with_remedy(
      "Restore the file from a backup. All that is whole was shown; `muster log verify` says what is lost.");
}

}  // namespace muster::cli
