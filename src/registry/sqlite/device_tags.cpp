#include "registry/sqlite/device_tags.hpp"

#include "registry/tag_index.hpp"

#include <algorithm>
#include <iterator>

namespace muster::registry::sqlite {
namespace {

constexpr const char* kInsert = "INSERT INTO device_tag (hub_id, path, value, device_id) VALUES (?, ?, ?, ?)";
constexpr const char* kDelete =
    "DELETE FROM device_tag WHERE hub_id = ? AND path = ? AND value = ? AND device_id = ?";

Result<void> run_for(Connection& connection, const char* sql, std::int64_t hub_id, const DeviceId& device,
                     const std::vector<TagEntry>& entries) {
  for (const auto& [path, value] : entries) {
    MUSTER_TRY(auto statement, connection.prepare(sql));
    MUSTER_CHECK(statement.bind(hub_id).bind(path).bind(value).bind(device.str()).run());
  }
  return {};
}

}  // namespace

Result<void> change_tags(Connection& connection, std::int64_t hub_id, const DeviceId& device,
                         std::pair<std::string_view, std::string_view> before_after) {
  if (before_after.first == before_after.second) return {};
  const auto before = tag_entries(before_after.first);
  const auto after = tag_entries(before_after.second);
  std::vector<TagEntry> gone, added;
  std::ranges::set_difference(before, after, std::back_inserter(gone));
  std::ranges::set_difference(after, before, std::back_inserter(added));
  MUSTER_CHECK(run_for(connection, kDelete, hub_id, device, gone));
  return run_for(connection, kInsert, hub_id, device, added);
}

Result<void> index_all_tags(Connection& connection) {
  MUSTER_TRY(auto select,
             connection.prepare("SELECT hub_id, device_id, tags_json FROM twin WHERE tags_json <> '{}'"));
  while (true) {
    MUSTER_TRY(const bool found, select.step());
    if (!found) return {};
    const std::int64_t hub_id = select.integer();
    const DeviceId device = select.device_id();
    const std::string tags = select.text();
    MUSTER_CHECK(change_tags(connection, hub_id, device, {"{}", tags}));
  }
}

}  // namespace muster::registry::sqlite
