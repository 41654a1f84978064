#include "registry/sqlite/device_search.hpp"

#include "registry/sqlite/device_row.hpp"
#include "registry/tag_index.hpp"

namespace muster::registry::sqlite {
namespace {

// Each goes through one index in the order of device ids, and through nothing that it does not return.
#define MUSTER_SELECT_RECORD "SELECT " MUSTER_DEVICE_COLUMNS ", " MUSTER_TWIN_COLUMNS " FROM "
#define MUSTER_JOIN_TWIN " CROSS JOIN twin t ON t.hub_id = d.hub_id AND t.device_id = d.id "

constexpr const char* kAll = MUSTER_SELECT_RECORD
    "device d" MUSTER_JOIN_TWIN "WHERE d.hub_id = ? AND d.id > ? AND d.id < ? ORDER BY d.id LIMIT ?";
constexpr const char* kDisabled = MUSTER_SELECT_RECORD
    "device d INDEXED BY device_disabled" MUSTER_JOIN_TWIN
    "WHERE d.enabled = 0 AND d.hub_id = ? AND d.id > ? AND d.id < ? ORDER BY d.id LIMIT ?";
constexpr const char* kOfAuthType = MUSTER_SELECT_RECORD
    "device d INDEXED BY device_of_auth_type" MUSTER_JOIN_TWIN
    "WHERE d.auth_type = ? AND d.hub_id = ? AND d.id > ? AND d.id < ? ORDER BY d.id LIMIT ?";
constexpr const char* kOfTag = MUSTER_SELECT_RECORD
    "device_tag g CROSS JOIN device d ON d.hub_id = g.hub_id AND d.id = g.device_id" MUSTER_JOIN_TWIN
    "WHERE g.path = ? AND g.value = ? AND g.hub_id = ? AND g.device_id > ? AND g.device_id < ? "
    "ORDER BY g.device_id LIMIT ?";

#undef MUSTER_JOIN_TWIN
#undef MUSTER_SELECT_RECORD

/// Above every character that a device id may have.
constexpr char kAboveIds = '\x7F';

/// The statement of the narrowest condition, with what that needs bound.
Result<Statement> choose(Connection& connection, const DeviceFilter& filter) {
  if (filter.tag) {
    MUSTER_TRY(auto by_tag, connection.prepare(kOfTag));
    const TagEntry entry = tag_entry(*filter.tag);
    by_tag.bind(entry.first).bind(entry.second);
    return by_tag;
  }
  if (filter.auth_type) {
    MUSTER_TRY(auto by_type, connection.prepare(kOfAuthType));
    by_type.bind(static_cast<std::uint8_t>(*filter.auth_type));
    return by_type;
  }
  return connection.prepare(filter.enabled == false ? kDisabled : kAll);
}

/// Where to go on: no id with the prefix comes before the prefix, and the prefix may itself be an id.
std::string start_of(const DeviceSearch& search) {
  std::string prefix = search.filter.id_prefix;
  if (prefix.empty() || search.after >= prefix) return search.after;
  // The greatest text below the prefix that is no id: its last character one less, and above all ids.
  prefix.back() = static_cast<char>(prefix.back() - 1);
  return prefix + kAboveIds;
}

}  // namespace

Result<Page<DeviceRecord>> search_devices(Connection& connection, const ServiceRow& hub,
                                          const DeviceSearch& search) {
  Page<DeviceRecord> page;
  MUSTER_TRY(auto select, choose(connection, search.filter));
  const std::string end = search.filter.id_prefix + kAboveIds;
  // One more than asked for tells whether there is a next page.
  select.bind(hub.id).bind(start_of(search)).bind(end).bind(static_cast<std::int64_t>(search.limit + 1));
  while (true) {
    MUSTER_TRY(const bool found, select.step());
    if (!found) return page;
    if (page.items.size() == search.limit) {
      page.next = page.items.back().identity.id.key();
      return page;
    }
    page.items.push_back(read_device_record(hub.name, select));
  }
}

}  // namespace muster::registry::sqlite
