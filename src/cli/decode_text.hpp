#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "cli/json.hpp"

#include <string>
#include <string_view>

/// What devices write in text, in words. Each gives an object whose members are the facts, by protocol/'s own
/// decoders; a failure says at which byte the text leaves what is known.
namespace muster::cli {

/// A topic, or a filter that is subscribed to. unknown_topic.
Result<Json> decode_topic(std::string_view topic);

/// A CONNECT's user name, of DPS or a hub. malformed_user_name.
Result<Json> decode_user_name(std::string_view text);

/// A bag of properties as it stands in a telemetry topic.
Json decode_properties(std::string_view bag);

/// A shared access signature; its signature is never shown. token_malformed.
Result<Json> decode_token(std::string_view text, WallTime now);

/// "in 59 minutes", "3 days ago".
std::string relative_time(std::chrono::seconds from_now);

/// Between quotes, control characters and what is not UTF-8 as \xNN, cut after some length.
std::string in_quotes(std::string_view text);

}  // namespace muster::cli
