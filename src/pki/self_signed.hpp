#pragma once

#include "pki/issue.hpp"

namespace muster::pki {

/// Self-signed end entity with clientAuth, for a device that a hub knows by its thumbprint: nobody's CA is
/// asked.
Result<Issued> issue_self_signed_device(const IssueRequest& request, Random& random);

}  // namespace muster::pki
