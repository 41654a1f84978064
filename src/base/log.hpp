#pragma once

#include <fmt/format.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace muster::log {

enum class Level : std::uint8_t { trace, debug, info, warning, error, off };

/// Sets where lines go: standard error in the given level's detail. Called once, before any thread starts.
void start(Level level);
void set_level(Level level);
bool enabled(Level level) noexcept;
std::optional<Level> parse_level(std::string_view text);

/// Writes one line: time, level, module, text. Callers pass fields as `key=value`, never payloads or keys.
void write(Level level, std::string_view module, std::string_view text);

/// A value as it may stand after `key=`: quoted and escaped where it holds anything but printable ASCII,
/// spaces included, so that a stranger's client id cannot forge a line.
std::string field(std::string_view value);

template <typename... Args>
void info(std::string_view module, fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::info)) write(Level::info, module, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void warning(std::string_view module, fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::warning))
    write(Level::warning, module, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void error(std::string_view module, fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::error)) write(Level::error, module, fmt::format(format, std::forward<Args>(args)...));
}
template <typename... Args>
void debug(std::string_view module, fmt::format_string<Args...> format, Args&&... args) {
  if (enabled(Level::debug)) write(Level::debug, module, fmt::format(format, std::forward<Args>(args)...));
}

}  // namespace muster::log
