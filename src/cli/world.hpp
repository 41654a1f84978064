#pragma once

#include "cli/json.hpp"
#include "cli/shell.hpp"

#include <optional>
#include <string>
#include <vector>

namespace muster::cli {

/// One hub or DPS instance as world.json names it.
struct ServiceEntry {
  std::string name;
  std::string host;
};

/// What world.json says of a running service (contract section 2).
struct WorldFile {
  Json json;
  std::vector<ServiceEntry> hubs;
  std::vector<ServiceEntry> dps;
  std::string subscription_id;
  std::string resource_group;
};

/// The world's folder: --data, else $MUSTER_DATA, else ./muster-data.
std::string world_folder(const std::string& data_flag, const Environment& environment);
std::string control_socket_path(const std::string& folder);

/// Reads world.json. not_running when there is none; world_damaged when it is not what muster writes.
Result<WorldFile> read_world_file(disk::Disk& disk, const std::string& folder);

/// not_running, with the reason and the command that starts this world.
Error not_running(const std::string& folder, std::string_view because);

}  // namespace muster::cli
