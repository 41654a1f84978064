#pragma once

#include "cli/json.hpp"
#include "eventlog/segment_dump.hpp"

#include <string>

namespace muster::cli {

/// A record as `muster log inspect` shows it: where it stands, whose it is, what it says.
Json record_json(const eventlog::DumpedRecord& record);

/// log_corrupt that names the first place and says what was shown.
Error damaged_segment(const std::string& path, const eventlog::DumpEnd& end);

}  // namespace muster::cli
