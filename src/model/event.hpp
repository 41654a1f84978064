#pragma once

#include "base/bytes.hpp"
#include "base/clock.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace muster {

/// How the device that sent an event had authenticated; what `iothub-connection-auth-method` is made of.
enum class AuthMethod : std::uint8_t {
  none = 0,
  x509_thumbprint = 1,
  x509_ca = 2,
  sas_device = 3,
  sas_hub = 4
};

/// Marks on an event. Values are stored.
enum EventFlags : std::uint8_t {
  kEventRetained = 1,  ///< The PUBLISH had RETAIN set: consumers see property mqtt-retain.
  kEventWill = 2,      ///< A will, stored when a connection ended without DISCONNECT: iothub-MessageType.
};

/// One device-to-cloud event as it is handed to the log. All views borrow until append() returns.
struct EventView {
  std::string_view hub;
  std::string_view device_id;
  std::string_view module_id;  ///< Empty for the device itself.
  std::string_view generation_id;
  AuthMethod auth_method = AuthMethod::none;
  std::uint8_t flags = 0;
  std::string_view properties;  ///< The property bag as it came in the topic, still encoded.
  ByteView body;                ///< As it came.
};

/// One event as it is read back. The views borrow from the batch that it came in.
struct StoredEvent {
  EventView event;
  std::uint32_t partition = 0;
  std::uint64_t sequence_number = 0;  ///< Dense per hub and partition, from 0.
  std::uint64_t offset = 0;           ///< Position in the partition's bytes; grows by the record's size.
  WallTime enqueued;                  ///< Never goes back within a partition.
};

}  // namespace muster
