#pragma once

#include "base/task.hpp"
#include "muster/client.hpp"
#include "simulator/device_config.hpp"

#include <chrono>
#include <memory>
#include <ostream>

namespace muster::simulator {

/// What a simulated device runs on. Everything must outlive it.
struct DeviceSetup {
  Runtime& runtime;
  std::shared_ptr<Credentials> credentials;
  DeviceConfig config;
  std::ostream& out;                          ///< The tutorial's lines, each flushed.
  std::chrono::milliseconds timeout{30'000};  ///< For provisioning, and again for the first connection.
};

/// The tutorial's device: loads its certificate, provisions itself, connects to its hub and sends telemetry;
/// says on `setup.out` what the tutorial's program prints, and logs the rest.
///
/// Returns   true when all messages were sent, false when it was cancelled: it has then disconnected.
/// Errors    of check_own_certificate, provision, Client::connect and Client::publish
/// Threads   call from the runtime's executor. Cancellation: terminal.
Task<bool> run_device(DeviceSetup setup);

}  // namespace muster::simulator
