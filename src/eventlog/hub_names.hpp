#pragma once

#include "disk/file.hpp"

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace muster::eventlog {

/// Names of hubs by number, from the table in the log's directory if there is a readable one: a segment alone
/// can be looked into. "#" and the number where the table does not say.
class HubNames {
 public:
  HubNames(disk::Disk& disk, const std::string& directory);
  /// Valid as long as this object.
  std::string_view of(std::uint32_t number);

 private:
  std::map<std::uint32_t, std::string> names_;
};

}  // namespace muster::eventlog
