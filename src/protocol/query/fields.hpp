#pragma once

#include "protocol/query/query.hpp"

/// Private to protocol/query: which system fields a row has.
namespace muster::query {

/// Gives system fields their own spelling (case does not matter in them). The failure is a phrase that says
/// which field there is none of, and which was most likely meant.
Result<void, std::string> canonicalize(Path& path);

/// Whether a name can begin a path: what an alias must not be called.
bool is_system_field(std::string_view name);

}  // namespace muster::query
