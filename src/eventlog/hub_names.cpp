#include "eventlog/hub_names.hpp"

#include "eventlog/format/hub_table.hpp"

namespace muster::eventlog {

HubNames::HubNames(disk::Disk& disk, const std::string& directory) {
  const auto hubs = read_hub_table(disk, directory);
  if (!hubs) return;
  for (const HubEntry& hub : *hubs) names_[hub.number] = hub.name;
}

std::string_view HubNames::of(std::uint32_t number) {
  const auto [name, added] = names_.try_emplace(number);
  if (added) name->second = fmt::format("#{}", number);
  return name->second;
}

}  // namespace muster::eventlog
