#pragma once

#include "gateway/rest/services.hpp"

#include <string>

namespace muster::rest {

/// The body of GET /metrics: Prometheus text format 0.0.4. Every name is a row of metrics.cpp's tables.
std::string metrics_text(const Services& services);

/// docs/reference/metrics.md, from the same rows.
std::string metrics_reference();

}  // namespace muster::rest
