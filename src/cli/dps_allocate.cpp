#include "cli/commands.hpp"
#include "cli/dps_enrollment.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstdint>
#include <map>

/// `muster dps allocate --dry-run`: where devices would go, by muster's own path on the control socket.
namespace muster::cli {
namespace {

constexpr std::size_t kIdsOfOneRequest = 2'000;  // The service takes no more at a time.
constexpr std::size_t kIdsMadeUp = 10'000;
constexpr std::uint64_t kIdsBytesMax = 64u << 20;

struct Options {
  std::string enrollment, dps, ids, address, payload;
  bool dry_run = false;
  bool ask_webhook = false;
};

/// One id a line; blank lines do not count.
Result<std::vector<std::string>> ids_of_file(Invocation& invocation, const std::string& path) {
  MUSTER_TRY(const std::string text, read_text_file(invocation.shell(), path, kIdsBytesMax));
  std::vector<std::string> ids;
  for (std::string_view rest = text; !rest.empty();) {
    std::string_view line = rest.substr(0, rest.find('\n'));
    rest.remove_prefix(std::min(rest.size(), line.size() + 1));
    while (line.ends_with('\r') || line.ends_with(' ')) line.remove_suffix(1);
    if (!line.empty()) ids.emplace_back(line);
  }
  if (ids.empty()) return failure(ErrorCode::usage, fmt::format("{} holds no registration id", path));
  return ids;
}

/// The devices that have registered by the group; without any, made-up ones: enough to see how even it is.
Result<std::vector<std::string>> ids_to_try(Invocation& invocation, const Options& options,
                                            const std::string& host) {
  if (!options.ids.empty()) return ids_of_file(invocation, options.ids);
  Request request{.method = "POST",
                  .host = host,
                  .target = fmt::format("/registrations/{}/query?{}", percent_encoded(options.enrollment),
                                        kDpsApiVersion)};
  const auto registered = invocation.call_all_pages(request);
  std::vector<std::string> ids;
  if (registered) {
    for (const Json& one : *registered) ids.push_back(text_at(one, "registrationId"));
  } else if (registered.error().code() != ErrorCode::resource_not_found &&
             registered.error().code() != ErrorCode::no_enrollment_matches) {
    return failure(registered.error());
  }
  if (!ids.empty()) return ids;
  for (std::size_t i = 1; i <= kIdsMadeUp; ++i) ids.push_back(fmt::format("device-{:06}", i));
  return ids;
}

/// What the answers to all parts of the list come to.
struct Outcome {
  Json first;  ///< The first answer, for all that they share.
  Json devices = Json::array();
  std::map<std::string, std::size_t> counts;  ///< By hub.
  std::map<std::string, std::size_t> errors;  ///< By reason.
  std::size_t moves = 0;
  std::size_t unknown = 0;  ///< Left to the webhook.
  std::string left_to;

  void add(const Json& answer) {
    if (first.is_null()) first = answer;
    for (const Json& device : at_path(answer, "devices")) {
      const std::string hub = text_at(device, "hub");
      const std::string current = text_at(device, "currentHub");
      if (device.contains("error")) {
        ++errors[text_at(device, "error.reason")];
      } else if (hub.empty()) {
        ++unknown;
        left_to = text_at(device, "why");
      } else {
        ++counts[hub];
        if (!current.empty() && current != hub) ++moves;
      }
      devices.push_back(device);
    }
  }
};

Result<Outcome> ask(Invocation& invocation, const Options& options, const std::string& dps,
                    const std::vector<std::string>& ids) {
  Outcome outcome;
  Json payload;
  if (!options.payload.empty()) {
    MUSTER_TRY(payload, parse_json(options.payload, "--payload"));
  }
  std::size_t begin = 0;
  do {
    const std::size_t end = std::min(ids.size(), begin + kIdsOfOneRequest);
    Json body{
        {"enrollment", options.enrollment}, {"ids", Json::array()}, {"askWebhook", options.ask_webhook}};
    for (; begin < end; ++begin) body["ids"].push_back(ids[begin]);
    if (!options.address.empty()) body["address"] = options.address;
    if (!payload.is_null()) body["payload"] = payload;
    Request request{.method = "POST",
                    .host = std::string{kMusterHost},
                    .target = fmt::format("/muster/v1/dps/{}/allocate", percent_encoded(dps))};
    request.body = dump(body);
    MUSTER_TRY(const Json answer, invocation.call(request));
    outcome.add(answer);
    // It is one device whatever ids were named.
    if (text_at(answer, "kind") == "individualEnrollment") break;
  } while (begin < ids.size());
  return outcome;
}

std::string percent(double part, double whole) {
  return whole > 0 ? fmt::format("{:.1f} %", 100 * part / whole) : "";
}

/// One row a hub: by hash every hub's weight says what it should get.
Json rows_of(const Outcome& outcome) {
  const bool hashed = text_at(outcome.first, "policy") == "hashed";
  double weights = 0;
  double all = 0;
  for (const Json& hub : at_path(outcome.first, "hubs")) weights += hub.value("allocationWeight", 0.0);
  for (const auto& [hub, count] : outcome.counts) all += static_cast<double>(count);
  Json rows = Json::array();
  auto left = outcome.counts;
  for (const Json& hub : at_path(outcome.first, "hubs")) {
    const std::string name = text_at(hub, "hub");
    const std::size_t count = left[name];
    left.erase(name);
    const auto weight = hub.value("allocationWeight", std::uint64_t{0});
    rows.push_back({{"hub", name},
                    {"location", text_at(hub, "location")},
                    {"weight", weight},
                    {"count", count},
                    {"share", percent(static_cast<double>(count), all)},
                    {"expected", hashed ? percent(static_cast<double>(weight), weights) : ""}});
  }
  // Where a device stays although its enrollment would not send it there now.
  for (const auto& [name, count] : left) {
    rows.push_back({{"hub", name}, {"count", count}, {"share", percent(static_cast<double>(count), all)}});
  }
  return rows;
}

void print(Invocation& invocation, const Outcome& outcome) {
  Shell& shell = invocation.shell();
  if (invocation.format() != Format::table) {
    Json whole = outcome.first;
    whole["devices"] = outcome.devices;
    whole["shares"] = rows_of(outcome);
    whole["moves"] = outcome.moves;
    invocation.print(whole);
    return;
  }
  invocation.print(rows_of(outcome), {{"Hub", "hub"},
                                      {"Location", "location"},
                                      {"Weight", "weight"},
                                      {"Count", "count"},
                                      {"Share", "share"},
                                      {"Expected", "expected"}});
  shell.err << fmt::format("{} devices, policy {} of the {}; {} would move; nothing was changed\n",
                           outcome.devices.size(), text_at(outcome.first, "policy"),
                           text_at(outcome.first, "policyOf") == "dps" ? "DPS instance" : "enrollment",
                           outcome.moves);
  if (outcome.unknown > 0) {
    shell.err << fmt::format("{} are not decided here: {} (--ask-webhook asks it)\n", outcome.unknown,
                             outcome.left_to);
  }
  for (const auto& [reason, count] : outcome.errors)
    shell.err << fmt::format("{} would get no hub: {}\n", count, reason);
}

Result<int> allocate(Invocation& invocation, const Options& options) {
  if (!options.dry_run) {
    return failure(
        Error{ErrorCode::usage, "devices are allocated when they register, not by an operator"}.with_remedy(
            "Give --dry-run to see where they would go."));
  }
  MUSTER_TRY(const std::string dps, invocation.service_name(ServiceKind::dps, options.dps));
  MUSTER_TRY(const std::string host, invocation.host(ServiceKind::dps, options.dps));
  MUSTER_TRY(const auto ids, ids_to_try(invocation, options, host));
  MUSTER_TRY(const Outcome outcome, ask(invocation, options, dps, ids));
  print(invocation, outcome);
  return 0;
}

}  // namespace

void add_dps_allocate(Commands& commands) {
  commands.verb<Options>(
      "dps allocate",
      {.line = "Show where devices would be assigned, and why",
       .about = "Asks the running service to choose hubs as it does when devices register, and changes "
                "nothing. Without --ids it takes the devices that have registered by the group, and 10,000 "
                "made-up ones when there are none. -o json lists every device with the reason.",
       .examples =
           "$ muster dps allocate --dry-run my-device-group -o table\n"
           "$ muster dps allocate --dry-run my-device-group --ids fleet.txt --address 10.1.2.3 -o json",
       .request = "POST /muster/v1/dps/{dps}/allocate   on the control socket"},
      [](Flags& flags, Options& options) {
        flags
            .text("enrollment", options.enrollment, "ENROLLMENT",
                  "Id of an enrollment group, or of an individual enrollment")
            .required();
        flags.toggle("--dry-run", options.dry_run, "Changes nothing: the only way there is");
        flags.text("--ids", options.ids, "FILE", "Registration ids, one a line");
        flags.text("--address", options.address, "ADDRESS", "Takes the devices to connect from there");
        flags.text("--payload", options.payload, "JSON", "Takes the devices to send this with their request");
        flags.toggle("--ask-webhook", options.ask_webhook,
                     "Custom allocation: asks the webhook, which cannot tell it from a device");
        add_service_name(flags, ServiceKind::dps, options.dps);
      },
      allocate);
}

}  // namespace muster::cli
