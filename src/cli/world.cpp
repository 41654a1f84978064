#include "cli/world.hpp"

#include "base/bytes.hpp"

#include <fmt/format.h>

namespace muster::cli {
namespace {

constexpr std::uint64_t kWorldFileBytesMax = 4u << 20;
constexpr std::string_view kDefaultFolder = "./muster-data";
// The tutorial's, which every world has unless world.json says otherwise (contract section 2).
constexpr std::string_view kDefaultSubscription = "00000000-0000-0000-0000-000000000001";
constexpr std::string_view kDefaultResourceGroup = "iot-x509-demo-rg";

std::vector<ServiceEntry> services_at(const Json& world, std::string_view member) {
  std::vector<ServiceEntry> services;
  const Json list = at_path(world, member);
  if (!list.is_array()) return services;
  for (const Json& item : list) services.push_back({text_at(item, "name"), text_at(item, "host")});
  return services;
}

std::string text_or(const Json& world, std::string_view member, std::string_view otherwise) {
  std::string text = text_at(world, member);
  return text.empty() ? std::string{otherwise} : text;
}

}  // namespace

std::string world_folder(const std::string& data_flag, const Environment& environment) {
  if (!data_flag.empty()) return data_flag;
  const auto named = environment.find("MUSTER_DATA");
  return named == environment.end() || named->second.empty() ? std::string{kDefaultFolder} : named->second;
}

std::string control_socket_path(const std::string& folder) { return folder + "/control.sock"; }

Error not_running(const std::string& folder, std::string_view because) {
  return Error{ErrorCode::not_running, fmt::format("no muster runs in {}: {}", folder, because)}.with_remedy(
      fmt::format("Start it with `muster up --data {}`, or name another world with --data.", folder));
}

Result<WorldFile> read_world_file(disk::Disk& disk, const std::string& folder) {
  const std::string path = folder + "/world.json";
  MUSTER_TRY(const bool folder_exists, disk.exists(folder));
  if (!folder_exists) return failure(not_running(folder, "the folder is not there"));
  MUSTER_TRY(const bool exists, disk.exists(path));
  if (!exists) return failure(not_running(folder, "it has no world.json"));
  MUSTER_TRY(const Bytes bytes, disk::read_all(disk, path, kWorldFileBytesMax));
  WorldFile world;
  world.json = Json::parse(as_text(bytes), nullptr, false);
  if (!world.json.is_object()) {
    return failure(ErrorCode::world_damaged, fmt::format("{} is not a JSON object", path));
  }
  world.hubs = services_at(world.json, "hubs");
  world.dps = services_at(world.json, "dps");
  world.subscription_id = text_or(world.json, "subscriptionId", kDefaultSubscription);
  world.resource_group = text_or(world.json, "resourceGroup", kDefaultResourceGroup);
  return world;
}

}  // namespace muster::cli
