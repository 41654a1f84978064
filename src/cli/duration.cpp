#include "cli/duration.hpp"

#include <array>
#include <charconv>
#include <cstdint>
#include <future>
#include <string>

namespace muster::cli {
namespace {

using std::chrono::milliseconds;

struct Unit {
  std::string_view suffix;
  milliseconds length;
};
// "ms" before "s": the longer suffix is tried first.
constexpr std::array kUnits{Unit{"ms", milliseconds{1}}, Unit{"s", milliseconds{1000}},
                            Unit{"m", milliseconds{60'000}}, Unit{"h", milliseconds{3'600'000}},
                            Unit{"", milliseconds{1000}}};
constexpr milliseconds kDurationMax{24 * 3'600'000};

}  // namespace

std::optional<milliseconds> parse_duration(std::string_view text) {
  for (const Unit& unit : kUnits) {
    if (!text.ends_with(unit.suffix)) continue;
    const std::string_view digits = text.substr(0, text.size() - unit.suffix.size());
    std::uint32_t count = 0;
    const auto [end, code] = std::from_chars(digits.data(), digits.data() + digits.size(), count);
    if (code != std::errc{} || end != digits.data() + digits.size()) return std::nullopt;
    const milliseconds length = unit.length * count;
    return length <= kDurationMax ? std::optional{length} : std::nullopt;
  }
  return std::nullopt;
}

void pause(Clock& clock, milliseconds how_long) {
  std::promise<void> due;
  clock.call_at(clock.steady() + how_long, [&due] { due.set_value(); });
  due.get_future().wait();
}

}  // namespace muster::cli
