#pragma once

#include "fleet.hpp"

#include <string>

namespace muster::bench {

struct Messages {
  std::size_t payload_bytes = 256;
  std::size_t window = 16;  ///< Unacknowledged messages a device; closed loop.
  std::size_t refill = 0;   ///< The window is filled again when so few are unacknowledged.
  double rate = 0;          ///< Messages a second over all devices; open loop when above 0.
  bool stamp = false;       ///< The payload says when it was due, in nanoseconds since 1970.
};
void run_messages(const Work& work, const Messages& messages);

enum class Chains { again, fresh, resume };
void run_connects(const Work& work, Chains chains);

void run_idle(const Work& work);

struct Registrations {
  std::string id_scope;
  double poll_seconds = 0.1;
};
void run_registrations(const Work& work, const Registrations& registrations);

struct Consuming {
  std::string socket;  ///< The world's control socket.
  std::string hub;
};
void run_consumer(const Consuming& consuming);

}  // namespace muster::bench
