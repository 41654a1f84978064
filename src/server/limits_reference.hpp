#pragma once

#include <string>

namespace muster::server {

/// The part of docs/reference/metrics.md about connections and their limits, from the table that the figures
/// come from.
std::string limits_metrics_reference();

}  // namespace muster::server
