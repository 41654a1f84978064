#pragma once

#include "base/result.hpp"

#include <ostream>

namespace muster::cli {

/// Contract section 6. The numbers are permanent: scripts test them.
enum class ExitStatus : int {
  done = 0,
  failed = 1,
  usage = 2,
  configuration = 3,
  unreachable = 4,
  refused = 5
};

/// Which class a failure belongs to: by its code alone, so that the documentation can list it.
ExitStatus exit_status(ErrorCode code) noexcept;

/// "refused", for the reference page.
std::string_view exit_status_name(ExitStatus status) noexcept;

/// Four lines for people (title, reason, do, more), or one JSON object on one line.
void write_error(std::ostream& err, const Error& error, bool as_json);

}  // namespace muster::cli
