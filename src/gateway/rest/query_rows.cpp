#include "gateway/rest/query_rows.hpp"

#include "gateway/rest/hub_view.hpp"

#include <algorithm>
#include <array>

namespace muster::rest {
namespace {

std::vector<DeviceId> ids_of(const std::vector<std::string>& texts) {
  std::vector<DeviceId> ids;
  for (const std::string& text : texts) {
    // What cannot be an id is no device's.
    if (auto id = DeviceId::parse(text)) ids.push_back(*std::move(id));
  }
  return ids;
}

std::optional<DeviceAuthType> auth_type_of(std::string_view name) {
  using enum DeviceAuthType;
  for (const DeviceAuthType type : {none, sas, self_signed, certificate_authority}) {
    if (auth_type_name(type) == name) return type;
  }
  return std::nullopt;
}

registry::TagIs tag_of(const query::TagEquals& tag) {
  registry::TagIs is{.path = tag.path, .value = false};
  if (tag.value.is_string()) {
    is.value = tag.value.get<std::string>();
  } else if (tag.value.is_number()) {
    is.value = tag.value.get<double>();
  } else {
    is.value = tag.value.get<bool>();
  }
  return is;
}

registry::DeviceFilter filter_of(const query::Plan& plan) {
  registry::DeviceFilter filter;
  if (plan.device_ids) filter.ids = ids_of(*plan.device_ids);
  filter.id_prefix = plan.id_prefix;
  filter.enabled = plan.enabled;
  if (plan.tag) filter.tag = tag_of(*plan.tag);
  if (plan.authentication_type) {
    filter.auth_type = auth_type_of(*plan.authentication_type);
    if (!filter.auth_type) filter.ids.emplace();  // A type that does not exist is no device's.
  }
  return filter;
}

}  // namespace

QueryRows::QueryRows(const Services& services, const ServiceName& hub, const query::Query& query)
    : services_{services}, hub_{hub}, source_{query.source} {
  const query::Plan plan = query::plan_of(query);
  // Tags and authentication of a module are its own, and no index has them.
  if (source_ == query::Source::devices) filter_ = filter_of(plan);
  parts_ = {plan.reads_tags, plan.reads_desired, plan.reads_reported};
}

Result<registry::Page<QueryRows::Row>> QueryRows::read(registry::Store& store, const std::string& after,
                                                       std::size_t limit) const {
  return source_ == query::Source::devices ? read_devices(store, after, limit)
                                           : read_modules(store, after, limit);
}

Result<registry::Page<QueryRows::Row>> QueryRows::read_devices(registry::Store& store,
                                                               const std::string& after,
                                                               std::size_t limit) const {
  MUSTER_TRY(const auto page, store.devices().search(hub_, filter_, after, limit));
  registry::Page<Row> rows{.items = {}, .next = page.next};
  for (const DeviceRecord& record : page.items) {
    const DeviceId& id = record.identity.id;
    rows.items.push_back({id.key(), twin_row(record, connectivity_of(services_.sessions, hub_, id), parts_)});
  }
  return rows;
}

Result<registry::Page<QueryRows::Row>> QueryRows::read_modules(registry::Store& store,
                                                               const std::string& after,
                                                               std::size_t limit) const {
  MUSTER_TRY(const auto page, store.modules().list_all(hub_, after, limit));
  registry::Page<Row> rows{.items = {}, .next = page.next};
  std::optional<DeviceIdentity> device;
  for (const ModuleRecord& record : page.items) {
    const ModuleIdentity& module = record.identity;
    if (!device || !(device->id == module.device)) {
      MUSTER_TRY(device, store.devices().find(hub_, module.device));
    }
    if (!device) continue;  // Deleted within this transaction's snapshot: never.
    const auto connectivity =
        connectivity_of(services_.sessions, {hub_, module.device, std::string{module.id.str()}});
    rows.items.push_back({module.device.key() + '/' + module.id.key(),
                          module_twin_row(record, *device, connectivity, parts_)});
  }
  return rows;
}

}  // namespace muster::rest
