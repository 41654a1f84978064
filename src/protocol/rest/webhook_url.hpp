#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace muster::rest {

/// Where a webhook is.
struct WebhookUrl {
  bool https = true;
  std::string host;  ///< A name, or an address without brackets.
  std::uint16_t port = 443;
  std::string target;  ///< Path and query, as they are sent; the query may hold the webhook's key.

  /// For people and logs: without the query, which may be a secret.
  std::string shown() const;
};

/// Takes https URLs, and http for loopback alone: what is sent tells who the devices are. The error is the
/// rule that was broken, as a phrase that follows the URL.
Result<WebhookUrl, std::string> parse_webhook_url(std::string_view url);

}  // namespace muster::rest
