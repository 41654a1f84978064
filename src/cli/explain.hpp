#pragma once

#include <string>

namespace muster::cli {

/// docs/reference/errors.md, from the error table.
std::string errors_reference();

}  // namespace muster::cli
