#pragma once

#include "model/service.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

namespace muster::rest {

/// The APIs that share the port. Each has its own error body.
enum class Api : std::uint8_t { hub, dps, arm, muster };

/// What the Host header asked for: an API and, for hub and dps, which.
struct Face {
  Api api = Api::muster;
  std::optional<ServiceName> service;
};

/// `{hub}.azure-devices.net`, `{dps}.azure-devices-provisioning.net`, `management[.azure.com]`, `muster`,
/// each with or without a port and in any case of letters; nullopt for any other host. Says nothing about
/// whether the service exists.
std::optional<Face> face_of_host(std::string_view host);

}  // namespace muster::rest
