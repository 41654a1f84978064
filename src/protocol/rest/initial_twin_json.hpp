#pragma once

#include "protocol/rest/json_fields.hpp"

/// Private to protocol/rest: the `initialTwin` member of enrollments and of a webhook's answer.
namespace muster::rest {

/// Kept as `{"tags":{...},"properties":{"desired":{...}}}`, whatever else the object held ($version, count);
/// empty when there is none.
Result<std::string> read_initial_twin(const Fields& fields);

}  // namespace muster::rest
