#pragma once

#include "cli/control_client.hpp"

namespace muster::cli {

/// The failure that an answer with a status of 400 or more reports. Muster's services add musterCode, reason
/// and remedy to each API's own body; without them the status decides and the API's message is the reason.
Error error_of(const Response& response);

}  // namespace muster::cli
