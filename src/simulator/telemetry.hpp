#pragma once

#include "base/clock.hpp"
#include "base/random.hpp"

#include <string>

namespace muster::simulator {

/// One message of the tutorial's device.
struct Telemetry {
  double temperature = 0;  ///< Degrees Celsius, 20 to 30.
  double humidity = 0;     ///< Per cent, 60 to 80.
  WallTime time;
};

Telemetry measure(Random& random, WallTime now);
/// As Python's json.dumps prints it: {"temperature": ..., "humidity": ..., "timestamp": ...}, the time
/// without a zone and with microseconds.
std::string to_json(const Telemetry& telemetry);
/// "Temp=24.3°C, Humidity=67.2%".
std::string to_line(const Telemetry& telemetry);

}  // namespace muster::simulator
