#include "base/assert.hpp"
#include "server/service_parts.hpp"

namespace muster::server {
namespace {

provisioning::Geography geography_of(const DpsConfig& config) {
  provisioning::Geography geography{.latency_ms = config.latency,
                                    .ranges = {},
                                    .place_default = config.place_default,
                                    .place_member = config.place_member};
  for (const auto& [place, ranges] : config.places) {
    for (const std::string& range : ranges) {
      auto parsed = provisioning::parse_place_range(range, place);
      MUSTER_ASSERT(parsed.has_value(), "the configuration was checked");
      geography.ranges.push_back(*std::move(parsed));
    }
  }
  return geography;
}

webhook::WebhookLimits limits_of(const WebhookConfig& config) {
  webhook::WebhookLimits limits;
  limits.post.connect_timeout = std::chrono::milliseconds{config.connect_timeout_ms};
  limits.post.answer_timeout = std::chrono::milliseconds{config.answer_timeout_ms};
  limits.post.answer_bytes_max = config.answer_bytes_max;
  limits.attempts_max = static_cast<int>(config.attempts_max);
  limits.retry_delay = std::chrono::milliseconds{config.retry_delay_ms};
  limits.calls_max = config.calls_max;
  return limits;
}

}  // namespace

Result<void> open_allocation(Service::Parts& parts) {
  const Config& config = parts.config();
  net::TlsClientOptions options;
  options.system_roots_too = true;
  if (!config.webhook.ca_file.empty()) options.root_files.push_back(config.webhook.ca_file);
  MUSTER_TRY(auto tls, net::TlsClientContext::make(options));
  parts.webhook =
      std::make_unique<webhook::Webhook>(*parts.shards.front(), std::move(tls), limits_of(config.webhook));
  parts.allocation =
      std::make_unique<provisioning::PolicyAllocation>(geography_of(config.dps), parts.webhook.get());
  return {};
}

}  // namespace muster::server
