#pragma once

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "eventlog/event_log.hpp"
#include "model/event.hpp"

#include <string>
#include <string_view>

namespace muster::hub {

/// Device-to-cloud messages are at most this long, properties included (device/06 section 2).
inline constexpr std::size_t kMessageBytesMax = 262'144;

/// Who sends, as held since CONNECT: no event needs a look-up.
struct Sender {
  std::string hub;
  std::string device_id;
  std::string module_id;
  std::string generation_id;
  AuthMethod auth_method = AuthMethod::none;
};

/// One message as the gateway has read it.
struct Message {
  std::string_view properties;  ///< The bag, still encoded.
  ByteView body;
  std::uint8_t flags = 0;  ///< EventFlags.
};

/// Hands a message to the log. The ticket is durable later: acknowledge only then. message_too_large, or as
/// EventLog::append.
Result<eventlog::Ticket> ingest(eventlog::EventLog& log, const Sender& sender, const Message& message);

}  // namespace muster::hub
