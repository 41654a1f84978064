#include "base/assert.hpp"
#include "base/bytes.hpp"
#include "base/percent.hpp"
#include "protocol/dps/registration.hpp"
#include "protocol/dps/topic.hpp"

#include <algorithm>

// The input is a topic or user name, a line feed, and a body. What is accepted can be formatted and is
// accepted again with the same meaning; every answer fits a topic; every body that we write is ASCII and is
// read back.

namespace muster::dps {
namespace {

constexpr std::size_t kTopicSizeMax = 65'535;

bool is_ascii(std::string_view text) {
  return std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7F; });
}

void check_user_name(std::string_view text) {
  const auto parsed = parse_user_name(text);
  if (!parsed) return;
  MUSTER_ASSERT(!parsed->id_scope.empty() && !parsed->registration_id.empty(), "an empty part");
  const std::string formatted = format_user_name(parsed->id_scope, parsed->registration_id,
                                                 parsed->api_version, parsed->client_version);
  const auto again = parse_user_name(formatted);
  MUSTER_ASSERT(again && again->id_scope == parsed->id_scope, "another scope");
  MUSTER_ASSERT(again->registration_id == parsed->registration_id, "another registration id");
  MUSTER_ASSERT(again->api_version == parsed->api_version, "another api-version");
  MUSTER_ASSERT(percent_decode(again->client_version) == parsed->client_version, "another client version");
}

void check_request(std::string_view topic) {
  const auto request = parse_request_topic(topic);
  if (!request) return;
  const bool poll = request->kind == Request::Kind::poll;
  const std::string formatted =
      poll ? format_poll_topic(request->rid, request->operation_id) : format_register_topic(request->rid);
  const auto again = parse_request_topic(formatted);
  MUSTER_ASSERT(again && again->kind == request->kind && again->rid == request->rid, "another request");
  MUSTER_ASSERT(again->operation_id == request->operation_id, "another operation id");

  const std::string answer = format_response_topic(202, request->rid, 3);
  MUSTER_ASSERT(answer.size() <= kTopicSizeMax, "an answer too long for a topic");
  const auto response = parse_response_topic(answer);
  MUSTER_ASSERT(response && response->status == 202 && response->rid == request->rid, "an answer to another");
  MUSTER_ASSERT(response->retry_after_s == 3, "retry-after was lost");
}

void check_body(std::string_view body) {
  (void)parse_response_body(body);  // Its fields are whatever a service sends.
  if (const auto parsed = parse_register_body(body)) {
    MUSTER_ASSERT(is_ascii(parsed->payload_json), "a payload that is not ASCII");
    const auto again =
        parse_register_body(format_register_body(parsed->registration_id, parsed->payload_json));
    MUSTER_ASSERT(again && again->registration_id == parsed->registration_id, "another registration id");
    MUSTER_ASSERT(again->payload_json == parsed->payload_json, "another payload");
  }
  const std::string error =
      format_error({.error_code = 401'002, .tracking_id = "t", .message = std::string{body}});
  MUSTER_ASSERT(is_ascii(error), "an error body that is not ASCII");
  const auto read = parse_response_body(error);
  MUSTER_ASSERT(read && read->error_code == 401'002 && read->tracking_id == "t",
                "an error that is not read back");
  if (is_valid_utf8(as_bytes(body))) MUSTER_ASSERT(read->message == body, "another message");
}

}  // namespace
}  // namespace muster::dps

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string_view input{reinterpret_cast<const char*>(data), size};
  const std::string_view line = input.substr(0, input.find('\n'));
  muster::dps::check_user_name(line);
  muster::dps::check_request(line);
  (void)muster::dps::parse_response_topic(line);
  muster::dps::check_body(input.substr(std::min(line.size() + 1, size)));
  return 0;
}
