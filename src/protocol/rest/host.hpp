#pragma once

#include "model/service.hpp"

#include <cstdint>
#include <optional>
#include <string_view>

/// Which service a host name stands for.
namespace muster::rest {

/// "My-Hub.azure-devices.net" -> the hub's name; nullopt for anything else.
std::optional<ServiceName> hub_of_host(std::string_view host);
/// "my-dps.azure-devices-provisioning.net" -> the DPS instance's name. The global endpoint serves devices
/// only: nullopt.
std::optional<ServiceName> dps_of_host(std::string_view host);
/// The host of a Host header: without its port.
std::string_view without_port(std::string_view host) noexcept;

}  // namespace muster::rest
