#include "base/log.hpp"
#include "world.hpp"

#include <charconv>
#include <cstdio>
#include <optional>
#include <string_view>

namespace {

using muster::simulation::Outcome;
using muster::simulation::Wanted;
using muster::simulation::World;

struct Command {
  std::uint64_t from = 1;
  std::uint64_t to = 100;
  bool verbose = false;
};

constexpr const char* kUsage =
    "muster_simulation [--seeds FROM..TO] [--seed N] [--verbose]\n"
    "Runs the service, devices, network and disk from each seed; ends at the first that breaks a promise.\n";

std::optional<std::uint64_t> number_of(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<Command> parse(int count, char** words) {
  Command command;
  for (int i = 1; i < count; ++i) {
    const std::string_view word = words[i];
    const std::string_view value = i + 1 < count ? words[i + 1] : "";
    if (word == "--verbose") {
      command.verbose = true;
    } else if (word == "--seed" && number_of(value)) {
      command.from = command.to = *number_of(value);
      ++i;
    } else if (const std::size_t dots = value.find("..");
               word == "--seeds" && dots != std::string_view::npos) {
      const auto from = number_of(value.substr(0, dots));
      const auto to = number_of(value.substr(dots + 2));
      if (!from || !to || *from > *to) return std::nullopt;
      command.from = *from;
      command.to = *to;
      ++i;
    } else {
      return std::nullopt;
    }
  }
  return command;
}

}  // namespace

int main(int count, char** words) {
  const auto command = parse(count, words);
  if (!command) {
    std::fputs(kUsage, stderr);
    return 2;
  }
  muster::log::start(command->verbose ? muster::log::Level::info : muster::log::Level::off);
  Outcome sum;
  for (std::uint64_t seed = command->from; seed <= command->to; ++seed) {
    const Outcome outcome = World{Wanted{.seed = seed, .verbose = command->verbose}}.run();
    if (!outcome.broken.empty()) {
      fmt::print("muster_simulation --seed {} --verbose  # {}\n", seed, outcome.broken);
      return 1;
    }
    sum.acknowledged += outcome.acknowledged;
    sum.seen += outcome.seen;
    sum.lives += outcome.lives;
  }
  fmt::print("{} seeds: {} messages acknowledged, {} events read, {} lives; every promise held\n",
             command->to - command->from + 1, sum.acknowledged, sum.seen, sum.lives);
  return 0;
}
