#pragma once

#include <chrono>
#include <cstddef>
#include <string>
#include <utility>
#include <vector>

namespace muster {

/// The most that one message may be: payload, and the encoded properties. Source: Azure IoT Hub quotas, "256
/// KB including message body and properties".
inline constexpr std::size_t kMessageSizeMax = 262'144;

/// What goes with a payload. In a coroutine give it a name before the co_await: g++ 12 destroys an aggregate
/// that is made inside the expression twice.
struct PublishOptions {
  /// Application properties, in the order to be sent. Names and values are UTF-8 and are percent-encoded for
  /// you.
  std::vector<std::pair<std::string, std::string>> properties;
  std::string content_type;      ///< "application/json"; empty: not said.
  std::string content_encoding;  ///< "utf-8"; empty: not said. Azure routes on bodies that say both.
  std::string message_id;        ///< Tells duplicates from each other; empty: a new UUID.
  std::string correlation_id;    ///< Empty: none.
  std::chrono::milliseconds timeout{30'000};  ///< From the call to the acknowledgement, above 0.
};

}  // namespace muster
