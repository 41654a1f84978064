#include "gateway/rest/error_table.hpp"
#include "gateway/rest/handlers.hpp"
#include "gateway/rest/hub_change.hpp"
#include "gateway/rest/hub_identities.hpp"
#include "protocol/rest/identity_bulk_json.hpp"

#include <fmt/format.h>

#include <deque>
#include <memory>
#include <set>
#include <utility>

namespace muster::rest {
namespace {

/// From here on a failure is the service's and not the item's: the whole request fails with it.
constexpr unsigned kOurFault = 500;

/// One request while the registry's writer carries it out.
struct Bulk {
  const Services& services;
  std::vector<IdentityItem> items;
  std::deque<hub::DesiredFeed::Place> places;  ///< Of the twins that devices have to be told of.
};

/// What one item works with.
struct Work {
  Bulk& bulk;
  registry::Store& store;
  Aftermath& aftermath;
};

bool creates_only(ImportMode mode) { return mode == ImportMode::create; }
bool may_create(ImportMode mode) {
  return mode == ImportMode::create || mode == ImportMode::create_or_update ||
         mode == ImportMode::create_or_update_if_match;
}
bool compares_etag(ImportMode mode) {
  return mode == ImportMode::update_if_match || mode == ImportMode::create_or_update_if_match ||
         mode == ImportMode::remove_if_match;
}
bool removes(ImportMode mode) { return mode == ImportMode::remove || mode == ImportMode::remove_if_match; }
bool twin_only(ImportMode mode) {
  return mode == ImportMode::update_twin || mode == ImportMode::update_twin_if_match;
}

bool has_twin(const IdentityItem& item) { return item.twin.tags || item.twin.desired; }

/// Merges the item's tags and desired properties into the twin that is there. updateTwin writes whatever
/// there is; every other mode goes by the item's twinETag, if it has one.
Result<void> merge_twin(const Work& work, const IdentityItem& item, hub::SessionKey key) {
  hub::TwinCondition condition;
  if (item.mode != ImportMode::update_twin && item.twin_etag.kind != IfMatch::Kind::absent) {
    condition = [&item](const Twin& twin) -> Result<void> {
      if (matches(item.twin_etag, twin_etag(twin))) return {};
      return failure(ErrorCode::precondition_failed, fmt::format("the twin has etag {}, twinETag wanted {}",
                                                                 twin_etag(twin), item.twin_etag.tag));
    };
  }
  auto& place = work.bulk.places.emplace_back(work.bulk.services.twins.feed());
  MUSTER_CHECK(hub::write_twin(
      work.store, {std::move(key), item.twin, std::move(condition), work.bulk.services.clock.wall()}, place));
  return {};
}

/// The same for devices and modules. `named` is the item's identity.
template <typename Identity>
Result<void> carry_out(const Work& work, const IdentityItem& item, const Identity& named,
                       const std::optional<Identity>& existing, const hub::SessionKey& key) {
  IdentityWriter writer{work.bulk.services, work.store, work.aftermath};
  if (!existing && !may_create(item.mode)) return check_put({IfMatch::Kind::any, {}}, existing, named);
  if (existing && creates_only(item.mode)) return check_put({}, existing, named);
  if (existing && compares_etag(item.mode)) {
    MUSTER_CHECK(check_etag(item.etag, *existing));
  }
  if (removes(item.mode)) return writer.remove(*existing);
  if (!twin_only(item.mode)) {
    MUSTER_CHECK(writer.put(named, existing, item.initial_twin_json));
  }
  if (!existing || !(has_twin(item) || twin_only(item.mode))) return {};
  return merge_twin(work, item, key);
}

Result<void> carry_out(const Work& work, const IdentityItem& item) {
  if (item.device) {
    const DeviceIdentity& named = *item.device;
    MUSTER_TRY(const auto existing, work.store.devices().find(named.hub, named.id));
    return carry_out(work, item, named, existing, {named.hub, named.id, ""});
  }
  const ModuleIdentity& named = *item.module;
  MUSTER_TRY(const auto device, work.store.devices().find(named.hub, named.device));
  if (!device) return failure(no_device(named.hub, named.device));
  MUSTER_TRY(const auto found, work.store.modules().find(named.hub, named.device, named.id));
  const auto existing = found ? std::optional{found->identity} : std::nullopt;
  return carry_out(work, item, named, existing, {named.hub, named.device, std::string{named.id.str()}});
}

ItemFault fault_of(const IdentityItem& item, const Error& error) {
  const ErrorRow row = item.module_name.empty() ? error_row(error.code()) : module_error_row(error.code());
  return {item.device_name, item.module_name, row.hub_name, import_mode_name(item.mode),
          fmt::format("{}: {}", error.title(), error.reason())};
}

/// One item in a savepoint of its own: what fails leaves nothing behind.
Result<void> try_item(Bulk& bulk, registry::Store& store, Aftermath& aftermath, const IdentityItem& item) {
  Aftermath mine;
  MUSTER_CHECK(store.transaction([&] { return carry_out(Work{bulk, store, mine}, item); }));
  aftermath.add(std::move(mine));
  return {};
}

Result<Response> carry_out_all(Bulk& bulk, registry::Store& store, Aftermath& aftermath) {
  bulk.places.clear();
  std::vector<ItemFault> faults;
  std::set<std::pair<std::string, std::string>> seen;
  for (const IdentityItem& item : bulk.items) {
    std::optional<Error> fault = item.fault;
    // Its outcome would hang on the order of the items, which Azure does not promise.
    if (!fault && !seen.emplace(item.device_name, item.module_name).second) {
      faults.push_back({item.device_name, item.module_name, "DeviceDefinedMultipleTimes",
                        import_mode_name(item.mode), "it is in the request already"});
      continue;
    }
    if (!fault) {
      if (const auto done = try_item(bulk, store, aftermath, item); !done) fault = done.error();
    }
    if (!fault) continue;
    if (error_row(fault->code()).status >= kOurFault) return failure(*std::move(fault));
    faults.push_back(fault_of(item, *fault));
  }
  auto response = Response::json(format_identity_result(faults), faults.empty() ? 200 : 400);
  if (!faults.empty()) response.headers.emplace_back("iothub-errorcode", "BulkRegistryOperationFailure");
  return response;
}

}  // namespace

Task<Response> change_devices(const Call& call) {
  const ServiceName hub = *call.face.service;
  MUSTER_CO_TRY(auto items, parse_identity_items(call.request.body, hub));
  const std::shared_ptr<Bulk> bulk{new Bulk{call.services, std::move(items), {}}};
  const auto change = [bulk, hub](registry::Store& store, Aftermath& aftermath) -> Result<Response> {
    MUSTER_CHECK(require_hub(store, hub));
    return carry_out_all(*bulk, store, aftermath);
  };
  Result<Response> response = co_await answer_by_changing(call, change);
  for (auto& place : bulk->places) place.settle(response.has_value());
  co_return response;
}

}  // namespace muster::rest
