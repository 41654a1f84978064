#pragma once

#include "gateway/rest/hub_aftermath.hpp"
#include "gateway/rest/registry_call.hpp"

#include <functional>

namespace muster::rest {

/// Work on the registry's writer that changes identities, and notes what that means to who is connected.
using ChangeWork = std::function<Result<Response>(registry::Store&, Aftermath&)>;

/// answer_by_writing() for identities: once the change is durable, the sessions that it concerns end.
Task<Response> answer_by_changing(const Call& call, ChangeWork work);

}  // namespace muster::rest
