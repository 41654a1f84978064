#include "protocol/dps/registration.hpp"

#include "base/bytes.hpp"
#include "base/clock.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace muster::dps {
namespace {

using Json = nlohmann::ordered_json;

/// ASCII only: Node reads bodies as ASCII (protocol/device/01 section 6.2). Bytes that are not UTF-8 become
/// U+FFFD.
std::string dump(const Json& json) { return json.dump(-1, ' ', true, Json::error_handler_t::replace); }

/// The parsed text, `discarded` when it is not JSON or nests deeper than kBodyDepthMax (printing is
/// recursive).
Json parse_shallow(std::string_view text) {
  // The parser takes a NUL for the end of its input, and would not see what follows.
  if (text.find('\0') != std::string_view::npos) return Json(Json::value_t::discarded);
  bool too_deep = false;
  const auto watch_depth = [&too_deep](int depth, Json::parse_event_t, Json&) {
    too_deep = too_deep || depth > kBodyDepthMax;
    return !too_deep;
  };
  Json json = Json::parse(text, watch_depth, false);
  return too_deep ? Json(Json::value_t::discarded) : json;
}

bool is_blank(std::string_view text) { return text.find_first_not_of(" \t\r\n") == std::string_view::npos; }

/// A member that is there and not null: the Python SDK sends `"payload": null` for none.
const Json* member(const Json& object, const char* name) {
  const auto found = object.find(name);
  return found == object.end() || found->is_null() ? nullptr : &*found;
}

tl::unexpected<Error> wrong_type(std::string_view field, const Json& found, std::string_view wanted) {
  return failure(ErrorCode::registration_body_invalid,
                 fmt::format("{} is a JSON {}, not {}", field, found.type_name(), wanted));
}

std::string text_or_empty(const Json& object, const char* name) {
  const Json* found = member(object, name);
  return found != nullptr && found->is_string() ? found->get<std::string>() : std::string{};
}

std::int32_t int_or_zero(const Json& object, const char* name) {
  const Json* found = member(object, name);
  if (found == nullptr || !found->is_number_integer()) return 0;
  const auto value = found->get<std::int64_t>();
  return std::in_range<std::int32_t>(value) ? static_cast<std::int32_t>(value) : 0;
}

/// Fields and their order: protocol/device/01 section 6.2 (assigned), 6.3 (failed), service/02 section 2.3.
Json registration_state(const Registration& registration, std::string_view answer_hub) {
  Json state = Json::object();
  if (registration.attestation == AttestationType::x509) state["x509"] = Json::object();
  state["registrationId"] = registration.id.str();
  state["createdDateTimeUtc"] = format_utc_7(registration.created);
  // Embedded C wants both or neither.
  if (!answer_hub.empty() && !registration.device_id.empty()) {
    state["assignedHub"] = answer_hub;
    state["deviceId"] = registration.device_id;
  }
  state["status"] = status_name(registration.status);
  // The Python SDK's printing joins it to strings, so it is never null.
  if (registration.status == RegistrationStatus::assigned) {
    state["substatus"] = substatus_name(registration.substatus);
  }
  if (registration.status == RegistrationStatus::failed) {
    state["errorCode"] = registration.error_code;
    state["errorMessage"] = registration.error_message;
  }
  state["lastUpdatedDateTimeUtc"] = format_utc_7(registration.updated);
  state["etag"] = registration_etag(registration);
  // Java takes an object and nothing else, so anything else is left out.
  const Json payload = parse_shallow(registration.payload_json);
  if (payload.is_object()) state["payload"] = payload;
  return state;
}

}  // namespace

std::string registration_etag(const Registration& registration) {
  // FNV-1a: any function of what makes the registration this one would do, if it stays the same over
  // releases.
  std::uint64_t hash = 0xCBF29CE484222325u;
  const auto mix = [&hash](std::string_view text) {
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001B3u;
  };
  mix(registration.dps.key());
  mix("/");
  mix(registration.id.key());
  mix(fmt::format("/{}", registration.created.time_since_epoch().count()));
  const std::string quoted =
      fmt::format("\"{:08x}-0000-0000-0000-{:012x}\"", hash >> 32, registration.version & 0xFFFF'FFFF'FFFF);
  return to_base64(as_bytes(quoted));
}

Result<RegisterBody> parse_register_body(std::string_view body) {
  RegisterBody parsed;
  if (is_blank(body)) return parsed;
  const Json json = parse_shallow(body);
  if (json.is_discarded()) {
    return failure(
        ErrorCode::registration_body_invalid,
        fmt::format("the body of {} bytes is not JSON of at most {} levels", body.size(), kBodyDepthMax));
  }
  if (!json.is_object()) return wrong_type("the body", json, "an object");

  if (const Json* id = member(json, "registrationId")) {
    if (!id->is_string()) return wrong_type("registrationId", *id, "a string");
    parsed.registration_id = id->get<std::string>();
  }
  if (const Json* tpm = member(json, "tpm")) {
    if (!tpm->is_object()) return wrong_type("tpm", *tpm, "an object");
    parsed.has_tpm = true;
  }
  if (const Json* csr = member(json, "csr")) {
    if (!csr->is_string()) return wrong_type("csr", *csr, "a string");
    parsed.has_csr = true;
  }
  if (const Json* payload = member(json, "payload")) parsed.payload_json = dump(*payload);
  return parsed;
}

std::string payload_text(std::string_view payload_json, std::string_view member_name) {
  const Json payload = parse_shallow(payload_json);
  if (!payload.is_object()) return {};
  return text_or_empty(payload, std::string{member_name}.c_str());
}

std::string format_assigning(std::string_view operation_id, std::optional<std::string_view> registration_id) {
  Json json{{"operationId", operation_id}, {"status", "assigning"}};
  if (registration_id) {
    json["registrationState"] = Json{{"registrationId", *registration_id}, {"status", "assigning"}};
  }
  return dump(json);
}

std::string format_registration_state(const Registration& registration, std::string_view answer_hub) {
  return dump(registration_state(registration, answer_hub));
}

std::string format_final(const Registration& registration, std::string_view answer_hub) {
  return dump(Json{{"operationId", registration.operation_id},
                   {"status", status_name(registration.status)},
                   {"registrationState", registration_state(registration, answer_hub)}});
}

std::string format_error(const ErrorBody& body) {
  return dump(Json{{"errorCode", body.error_code},
                   {"trackingId", body.tracking_id},
                   {"message", body.message},
                   {"timestampUtc", format_utc_7(body.timestamp)}});
}

Result<ResponseBody> parse_response_body(std::string_view body) {
  const Json json = parse_shallow(body);
  if (!json.is_object()) {
    return failure(ErrorCode::service_error,
                   fmt::format("DPS answered {} bytes that are not a JSON object", body.size()));
  }
  ResponseBody parsed;
  parsed.operation_id = text_or_empty(json, "operationId");
  parsed.status = text_or_empty(json, "status");
  parsed.error_code = int_or_zero(json, "errorCode");
  parsed.message = text_or_empty(json, "message");
  parsed.tracking_id = text_or_empty(json, "trackingId");
  const Json* state = member(json, "registrationState");
  if (state == nullptr || !state->is_object()) return parsed;

  parsed.assigned_hub = text_or_empty(*state, "assignedHub");
  parsed.device_id = text_or_empty(*state, "deviceId");
  parsed.substatus = text_or_empty(*state, "substatus");
  if (parsed.error_code == 0) parsed.error_code = int_or_zero(*state, "errorCode");
  if (parsed.message.empty()) parsed.message = text_or_empty(*state, "errorMessage");
  return parsed;
}

std::string format_register_body(std::string_view registration_id, std::string_view payload_json) {
  Json json{{"registrationId", registration_id}};
  const Json payload = parse_shallow(payload_json);
  if (!payload.is_discarded()) json["payload"] = payload;
  return dump(json);
}

std::string_view status_name(RegistrationStatus status) noexcept {
  switch (status) {
    case RegistrationStatus::unassigned:
      return "unassigned";
    case RegistrationStatus::assigning:
      return "assigning";
    case RegistrationStatus::assigned:
      return "assigned";
    case RegistrationStatus::failed:
      return "failed";
    case RegistrationStatus::disabled:
      return "disabled";
  }
  return {};  // Every value is above.
}

std::string_view substatus_name(RegistrationSubstatus substatus) noexcept {
  switch (substatus) {
    case RegistrationSubstatus::initial_assignment:
      return "initialAssignment";
    case RegistrationSubstatus::device_data_migrated:
      return "deviceDataMigrated";
    case RegistrationSubstatus::device_data_reset:
      return "deviceDataReset";
    case RegistrationSubstatus::reprovisioned_to_initial_assignment:
      return "reprovisionedToInitialAssignment";
  }
  return {};  // Every value is above.
}

}  // namespace muster::dps
