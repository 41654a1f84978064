#pragma once

#include "muster/ids.hpp"

#include <optional>
#include <string>
#include <string_view>

/// The MQTT face of DPS: user name, topics. Source: protocol/device/01 sections 2 and 4.
namespace muster::dps {

inline constexpr std::string_view kResponseFilter = "$dps/registrations/res/#";

/// The longest `$rid` that is taken. SDKs send at most a UUID; without a limit a response topic, which is
/// longer than its request's, could outgrow what MQTT can hold.
inline constexpr std::size_t kRidSizeMax = 256;

/// `{idScope}/registrations/{registrationId}/api-version={v}&ClientVersion={ua}`. Views borrow from the text.
struct UserName {
  std::string_view id_scope;
  std::string_view registration_id;  ///< Not yet checked against the grammar.
  std::string_view api_version;      ///< Empty when absent.
  std::string_view client_version;   ///< As sent; may be raw text with spaces and slashes.
};
/// nullopt when the text is not of that form. Split at the first "/registrations/", then at the last '/'
/// before "api-version="; unknown keys are ignored.
std::optional<UserName> parse_user_name(std::string_view text);
/// `client_version` is given as it is, and percent-encoded here; left out when empty.
std::string format_user_name(std::string_view id_scope, std::string_view registration_id,
                             std::string_view api_version, std::string_view client_version);

/// A PUBLISH from a device: register or poll.
struct Request {
  enum class Kind { register_, poll } kind;
  std::string_view rid;      ///< As sent; echoed textually.
  std::string operation_id;  ///< Percent-decoded; poll only.
};
/// nullopt for any other topic, a $rid that is missing, empty or longer than kRidSizeMax, or a poll without
/// operationId.
std::optional<Request> parse_request_topic(std::string_view topic);
std::string format_register_topic(std::string_view rid);
std::string format_poll_topic(std::string_view rid, std::string_view operation_id);

/// `$dps/registrations/res/{status}/?$rid={rid}[&retry-after={s}]`.
/// `$rid` comes first and exactly two '$' occur where the rid has none (protocol/device/01 section 4).
std::string format_response_topic(int status, std::string_view rid, std::optional<int> retry_after_s);
/// The client's half: what any DPS answers on.
struct ResponseTopic {
  int status = 0;
  std::string_view rid;
  std::optional<int> retry_after_s;
};
/// nullopt for any other topic, or one without a status or a $rid. A retry-after that is not a number is left
/// out.
std::optional<ResponseTopic> parse_response_topic(std::string_view topic);

}  // namespace muster::dps
