#pragma once

#include "base/result.hpp"

#include <string>
#include <string_view>

/// Private to protocol/rest: what may stand in a twin's tags and properties (service/04 section 4.4).
namespace muster::rest {

class Fields;

/// Reads the member `name`, an object, as a section of a twin: its JSON text without null members and without
/// the `$metadata` and `$version` of its top level. field_invalid naming the path of what breaks a rule:
/// nesting, key characters, string and number ranges.
Result<std::string> read_twin_section(const Fields& owner, std::string_view name);

}  // namespace muster::rest
