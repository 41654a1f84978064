#pragma once

#include "cli/invocation.hpp"
#include "cli/list_writer.hpp"

#include <string>

namespace muster::cli {

/// Shows every MQTT packet of the TCP connections in a capture, in the order in which they came, and says of
/// every other stream why nothing of it is shown. file_unreadable when it is no capture, or nothing in it can
/// be read; malformed_packet at the end for the first packet that is none.
Result<int> decode_capture(Invocation& invocation, const std::string& path, ListWriter& writer);

}  // namespace muster::cli
