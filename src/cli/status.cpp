#include "cli/commands.hpp"
#include "cli/duration.hpp"

#include <fmt/format.h>

namespace muster::cli {
namespace {

using std::chrono::milliseconds;

struct Options {
  std::string wait;
};

constexpr milliseconds kPollInterval{100};

/// Ready is when world.json is there, which is written last, and the service behind the socket says so
/// itself.
Result<Json> ask(Invocation& invocation) {
  MUSTER_CHECK(read_world_file(invocation.shell().disk, invocation.folder()));
  MUSTER_TRY(Json status, invocation.call({.host = std::string{kMusterHost}, .target = "/muster/v1/status"}));
  const std::string state = text_at(status, "state");
  if (!state.empty() && state != "ready") {
    return failure(not_running(invocation.folder(), fmt::format("it is {}", state)));
  }
  return status;
}

bool may_become_ready(ErrorCode code) {
  return code == ErrorCode::not_running || code == ErrorCode::service_unreachable ||
         code == ErrorCode::world_damaged;
}

Result<Json> wait_until_ready(Invocation& invocation, milliseconds how_long) {
  Clock& clock = invocation.shell().clock;
  const SteadyTime deadline = clock.steady() + how_long;
  while (true) {
    auto status = ask(invocation);
    if (status || !may_become_ready(status.error().code())) return status;
    if (clock.steady() + kPollInterval > deadline) return status;
    pause(clock, kPollInterval);
  }
}

std::string names_in(const Json& list) {
  std::string text;
  for (const Json& item : list) {
    const std::string name = text_at(item, "name");
    text += (text.empty() ? "" : ", ") + (item.is_object() && !name.empty() ? name : one_line(item));
  }
  return text.empty() ? "none" : text;
}

/// Every fact as one "label  value" line; the labels are the JSON's own names.
void flatten(const Json& value, const std::string& prefix,
             std::vector<std::pair<std::string, std::string>>& lines) {
  for (const auto& [name, member] : value.items()) {
    const std::string label = prefix.empty() ? name : prefix + '.' + name;
    if (member.is_object()) {
      flatten(member, label, lines);
    } else {
      lines.emplace_back(label, member.is_array() ? names_in(member) : one_line(member));
    }
  }
}

Result<int> status(Invocation& invocation, const Options& options) {
  milliseconds how_long{0};
  if (!options.wait.empty()) {
    const auto parsed = parse_duration(options.wait);
    if (!parsed)
      return failure(ErrorCode::usage, fmt::format("--wait wants a time like 10s and got {}", options.wait));
    how_long = *parsed;
  }
  MUSTER_TRY(const Json answer, wait_until_ready(invocation, how_long));
  if (invocation.wants_data() || !answer.is_object()) {
    invocation.print(answer);
    return 0;
  }
  std::vector<std::pair<std::string, std::string>> lines;
  flatten(answer, "", lines);
  write_labels(invocation.shell().out, lines);
  return 0;
}

}  // namespace

void add_status(Commands& commands) {
  commands.verb<Options>(
      "status",
      {.line = "Say whether the world's service is ready, and what it holds",
       .about = "Ends with 0 when it is ready and 4 when it is not. --wait waits for it, also when the world "
                "is not made yet. Says what it does now, too: events a second, how long commits take and how "
                "large they are, sessions, memory; the same as /metrics on the admin port.",
       .examples = "$ muster status --wait 10s",
       .request = "GET /muster/v1/status   Host: muster"},
      [](Flags& flags, Options& options) {
        flags.text_or("--wait", options.wait, "10s", "TIME",
                      "Wait until it is ready, at most this long: 10s, 500ms, 2m");
      },
      status);
}

}  // namespace muster::cli
