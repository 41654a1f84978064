#include "world/running_world.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include <algorithm>
#include <charconv>

namespace muster::world {
namespace {

using nlohmann::json;

/// Reads members and remembers the first that is wrong, so that the callers read as a list of members.
class Reader {
 public:
  explicit Reader(const json& object, std::string where) : object_{object}, where_{std::move(where)} {}

  template <typename T>
  T required(const char* member) {
    T value{};
    const auto found = object_.find(member);
    if (found == object_.end()) {
      complain(member, "is missing");
    } else {
      read(*found, member, value);
    }
    return value;
  }

  template <typename T>
  T optional(const char* member, T otherwise) {
    const auto found = object_.find(member);
    if (found != object_.end()) read(*found, member, otherwise);
    return otherwise;
  }

  /// The array of objects `member`, empty when it is missing.
  const json& objects(const char* member) {
    static const json kNone = json::array();
    const auto found = object_.find(member);
    if (found == object_.end()) return kNone;
    const bool fits =
        found->is_array() && std::ranges::all_of(*found, [](const json& item) { return item.is_object(); });
    if (fits) return *found;
    complain(member, "is not an array of objects");
    return kNone;
  }

  void complain(std::string_view member, std::string_view what) {
    if (problem.empty()) problem = fmt::format("{}{} {}", where_, member, what);
  }

  std::string problem;

 private:
  template <typename T>
  void read(const json& value, const char* member, T& into) {
    try {
      into = value.get<T>();
    } catch (const json::exception&) {
      complain(member, "has the wrong type");
    }
  }

  const json& object_;
  std::string where_;
};

json to_json_value(const RunningWorld& world) {
  json dps = json::array();
  for (const auto& one : world.dps) {
    dps.push_back({{"name", one.name}, {"idScope", one.id_scope}, {"host", one.host}});
  }
  json hubs = json::array();
  for (const auto& one : world.hubs) {
    hubs.push_back({{"name", one.name}, {"host", one.host}, {"address", one.address}});
  }
  return {{"version", world.version},
          {"pid", world.pid},
          {"started", world.started},
          {"startTicks", world.start_ticks},
          {"endpoints",
           {{"mqtt", world.endpoints.mqtt},
            {"https", world.endpoints.https},
            {"amqp", world.endpoints.amqp},
            {"admin", world.endpoints.admin}}},
          {"dps", std::move(dps)},
          {"hubs", std::move(hubs)},
          {"caFile", world.ca_file}};
}

std::string read_endpoints(const json& object, ListenEndpoints& into) {
  Reader reader{object, "endpoints."};
  using Addresses = std::vector<std::string>;
  into.mqtt = reader.required<Addresses>("mqtt");
  into.https = reader.optional<Addresses>("https", {});
  into.amqp = reader.optional<Addresses>("amqp", {});
  into.admin = reader.optional<std::string>("admin", {});
  return reader.problem;
}

std::string read_services(Reader& reader, RunningWorld& into) {
  for (const json& item : reader.objects("dps")) {
    Reader one{item, "dps[]."};
    into.dps.push_back({one.required<std::string>("name"), one.required<std::string>("idScope"),
                        one.required<std::string>("host")});
    if (!one.problem.empty()) return one.problem;
  }
  for (const json& item : reader.objects("hubs")) {
    Reader one{item, "hubs[]."};
    into.hubs.push_back({one.required<std::string>("name"), one.required<std::string>("host"),
                         one.required<std::string>("address")});
    if (!one.problem.empty()) return one.problem;
  }
  return reader.problem;
}

/// The address that DPS answers at from this machine. All interfaces means loopback too.
std::string local_address(const RunningWorld& world) {
  const std::string first =
      world.endpoints.mqtt.empty() ? "" : endpoint_address(world.endpoints.mqtt.front());
  if (first.empty() || first == "0.0.0.0" || first == "::") return "127.0.0.1";
  return first;
}

}  // namespace

std::string to_json(const RunningWorld& world) { return to_json_value(world).dump(2) + "\n"; }

Result<RunningWorld> parse_running_world(std::string_view text) {
  const json object = json::parse(text, nullptr, false);
  if (!object.is_object()) return failure(ErrorCode::world_damaged, "world.json is not a JSON object");

  RunningWorld world;
  Reader reader{object, ""};
  world.version = reader.required<std::string>("version");
  world.pid = reader.required<std::int64_t>("pid");
  world.started = reader.optional<std::string>("started", "");
  world.start_ticks = reader.optional<std::uint64_t>("startTicks", 0);
  world.ca_file = reader.optional<std::string>("caFile", world.ca_file);

  const auto endpoints = object.find("endpoints");
  std::string problem;
  if (endpoints == object.end() || !endpoints->is_object()) {
    reader.complain("endpoints", "is missing or no object");
  } else {
    problem = read_endpoints(*endpoints, world.endpoints);
  }
  if (problem.empty()) problem = read_services(reader, world);
  if (!problem.empty()) return failure(ErrorCode::world_damaged, "world.json: " + problem);
  return world;
}

std::string hosts_file(const RunningWorld& world, std::string_view system_hosts) {
  const std::string address = local_address(world);
  std::string text = "# Written by muster. Its world's names come first; the machine's own hosts follow.\n";
  // The global name belongs to every DPS instance (service/00; model/service.hpp).
  text += fmt::format("{} global.azure-devices-provisioning.net\n", address);
  for (const auto& dps : world.dps) text += fmt::format("{} {}\n", address, dps.host);
  for (const auto& hub : world.hubs) text += fmt::format("{} {}\n", hub.address, hub.host);
  text += system_hosts;
  if (!text.ends_with('\n')) text += '\n';
  return text;
}

std::string endpoint_address(std::string_view endpoint) {
  const auto colon = endpoint.rfind(':');
  if (colon == std::string_view::npos) return {};
  const std::string_view address = endpoint.substr(0, colon);
  if (address.size() > 2 && address.front() == '[' && address.back() == ']') {
    return std::string{address.substr(1, address.size() - 2)};
  }
  // An unbracketed IPv6 address would be cut at its last group.
  return address.find(':') == std::string_view::npos ? std::string{address} : std::string{};
}

std::uint16_t endpoint_port(std::string_view endpoint) {
  const auto colon = endpoint.rfind(':');
  if (colon == std::string_view::npos) return 0;
  std::uint16_t port = 0;
  const std::string_view digits = endpoint.substr(colon + 1);
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), port);
  return error == std::errc{} && end == digits.data() + digits.size() ? port : std::uint16_t{0};
}

std::uint64_t parse_start_ticks(std::string_view stat) {
  // Field 2 is the command in parentheses and may hold anything, so count from its last parenthesis
  // (proc(5)).
  const auto command_end = stat.rfind(')');
  if (command_end == std::string_view::npos) return 0;
  std::string_view rest = stat.substr(command_end + 1);
  constexpr int kFieldAfterCommand = 3;
  constexpr int kFieldStartTime = 22;
  for (int field = kFieldAfterCommand; !rest.empty(); ++field) {
    rest.remove_prefix(std::min(rest.find_first_not_of(' '), rest.size()));
    const std::string_view word = rest.substr(0, rest.find(' '));
    if (field == kFieldStartTime) {
      std::uint64_t ticks = 0;
      const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), ticks);
      return error == std::errc{} ? ticks : 0;
    }
    rest.remove_prefix(word.size());
  }
  return 0;
}

}  // namespace muster::world
