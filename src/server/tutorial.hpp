#pragma once

#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "disk/file.hpp"
#include "registry/registry.hpp"
#include "server/world_paths.hpp"

namespace muster::server {

/// The names of the tutorial's own world (contract section 2).
inline constexpr std::string_view kTutorialScope = "0ne00123ABC";
inline constexpr std::string_view kTutorialDps = "my-dps-x509";
inline constexpr std::string_view kTutorialHub = "my-iot-hub-x509";
inline constexpr std::string_view kTutorialGroup = "my-device-group";
inline constexpr std::string_view kTutorialDevice = "my-device-001";
inline constexpr std::string_view kTutorialLocation = "eastus";

/// Root, intermediate and device certificates under certs/, and the device's config.json. What is there
/// already is kept: a making that was cut off is finished, never begun anew.
Result<void> make_tutorial_certificates(disk::Disk& disk, const WorldPaths& paths,
                                        const std::string& connect_to, Clock& clock, Random& random);

/// Hub, DPS, both CA certificates (verified), the enrollment group and the shared access policies. Does
/// nothing to what exists.
Task<void> make_tutorial_services(registry::Registry& registry, disk::Disk& disk, WorldPaths paths,
                                  Clock& clock, Random& random);

}  // namespace muster::server
