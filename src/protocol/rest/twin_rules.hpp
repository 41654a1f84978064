#pragma once

#include "base/result.hpp"
#include "protocol/hub/twin_rules.hpp"

#include <string>
#include <string_view>

/// Private to protocol/rest: a section of an initial twin, by the rules that hold for every twin.
namespace muster::rest {

class Fields;

/// Reads the member `name`, an object, as a section of a twin: its JSON text without null members and without
/// the `$metadata` and `$version` of its top level. field_invalid or message_too_large naming what breaks a
/// rule.
Result<std::string> read_twin_section(const Fields& owner, std::string_view name, hub::TwinSection section);

}  // namespace muster::rest
