#include "simulator/telemetry.hpp"

#include <fmt/format.h>

namespace muster::simulator {
namespace {

/// Uniform in [0, 1), as random.random() is.
double unit(Random& random) {
  constexpr std::uint64_t kSteps = std::uint64_t{1} << 53;
  return static_cast<double>(random.below(kSteps)) / static_cast<double>(kSteps);
}

}  // namespace

Telemetry measure(Random& random, WallTime now) {
  const double temperature = 20 + unit(random) * 10;
  const double humidity = 60 + unit(random) * 20;
  return {temperature, humidity, now};
}

std::string to_json(const Telemetry& telemetry) {
  constexpr std::size_t kToMicroseconds = 26;  // "2026-01-21T10:30:00.123456"
  const std::string time = format_utc_7(telemetry.time).substr(0, kToMicroseconds);
  return fmt::format(R"({{"temperature": {}, "humidity": {}, "timestamp": "{}"}})", telemetry.temperature,
                     telemetry.humidity, time);
}

std::string to_line(const Telemetry& telemetry) {
  return fmt::format("Temp={:.1f}°C, Humidity={:.1f}%", telemetry.temperature, telemetry.humidity);
}

}  // namespace muster::simulator
