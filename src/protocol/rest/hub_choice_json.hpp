#pragma once

#include "model/enrollment.hpp"
#include "protocol/rest/json_fields.hpp"

#include <nlohmann/json_fwd.hpp>

/// Private to protocol/rest: the members of an enrollment that say which hub its devices get.
namespace muster::rest {

/// Reads `allocationPolicy`, `iotHubs`, `iotHubHostName` and `customAllocationDefinition`. `existing` is what
/// is stored now, or null: an `iotHubHostName` that a client only gives back does not contradict new
/// `iotHubs`. field_invalid, naming the member.
Result<void> read_allocation(const Fields& fields, const EnrollmentSettings* existing,
                             EnrollmentSettings& into);
/// The same members of a reply. `iotHubHostName` is shown where one hub is fixed.
void write_allocation(const EnrollmentSettings& settings, nlohmann::ordered_json& into);

}  // namespace muster::rest
