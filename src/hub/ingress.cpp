#include "hub/ingress.hpp"

#include <fmt/format.h>

namespace muster::hub {

Result<eventlog::Ticket> ingest(eventlog::EventLog& log, const Sender& sender, const Message& message) {
  const std::size_t size = message.properties.size() + message.body.size();
  if (size > kMessageBytesMax) {
    return failure(ErrorCode::message_too_large,
                   fmt::format("{} bytes, {} are allowed", size, kMessageBytesMax));
  }
  return log.append({.hub = sender.hub,
                     .device_id = sender.device_id,
                     .module_id = sender.module_id,
                     .generation_id = sender.generation_id,
                     .auth_method = sender.auth_method,
                     .flags = message.flags,
                     .properties = message.properties,
                     .body = message.body});
}

}  // namespace muster::hub
