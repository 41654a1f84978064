#pragma once

#include "cli/hub_device_identity.hpp"

namespace muster::cli {

/// The flags of az's `iot hub module-identity` commands.
struct ModuleIdentityOptions {
  std::string hub, device, module, etag;
  AuthOptions auth;
};

void add_module_id(Flags& flags, ModuleIdentityOptions& options);

Result<Request> module_request(Invocation& invocation, const ModuleIdentityOptions& options,
                               std::string method);

}  // namespace muster::cli
