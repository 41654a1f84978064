#include "hub/twins.hpp"

#include <fmt/format.h>

#include <memory>

namespace muster::hub {
namespace {

/// One change, shared by who waits and by the registry's thread: it is carried out also when nobody waits any
/// more.
struct Write {
  SessionKey key;
  TwinChange change;
  TwinCondition condition;
  WallTime now;
  DesiredFeed::Place place;
  std::optional<TwinRecord> record;  ///< When it has been carried out.
};

Error not_found(const SessionKey& key) {
  if (key.module.empty()) {
    return {ErrorCode::device_not_found,
            fmt::format("hub {} has no device {}", key.hub.str(), key.device.str())};
  }
  return {ErrorCode::device_not_found,
          fmt::format("device {} of hub {} has no module {}", key.device.str(), key.hub.str(), key.module)};
}

Result<std::optional<Twin>> store_twin(registry::Store& store, const Twin& changed, std::int64_t expected) {
  if (changed.module.empty()) return store.devices().put_twin(changed, expected);
  return store.modules().put_twin(changed, expected);
}

/// Runs on the registry's writer.
Result<void> carry_out(registry::Store& store, Write& write) {
  MUSTER_TRY(TwinRecord record, find_twin(store, write.key));
  if (write.condition) {
    MUSTER_CHECK(write.condition(record.twin));
  }
  const std::int64_t expected = record.twin.version;
  MUSTER_TRY(ChangedTwin changed, apply(std::move(record.twin), write.change, write.now));
  MUSTER_TRY(auto stored, store_twin(store, changed.twin, expected));
  // Nobody else writes between the read and this: the registry has one writer.
  if (!stored) return failure(ErrorCode::precondition_failed, "the twin was changed meanwhile");
  record.twin = *std::move(stored);
  if (!changed.desired_patch.empty()) {
    const DesiredChange desired{record.twin.desired_version, std::move(changed.desired_patch)};
    write.place.take(write.key, std::make_shared<const DesiredChange>(desired));
  }
  write.record = std::move(record);
  return {};
}

}  // namespace

Result<TwinRecord> find_twin(registry::Store& store, const SessionKey& key) {
  if (key.module.empty()) {
    MUSTER_TRY(auto found, store.devices().find_record(key.hub, key.device));
    if (!found) return failure(not_found(key));
    return TwinRecord{std::move(found->identity), std::nullopt, std::move(found->twin)};
  }
  const auto module = ModuleId::parse(key.module);
  if (!module) return failure(not_found(key));
  MUSTER_TRY(auto device, store.devices().find(key.hub, key.device));
  MUSTER_TRY(auto found, store.modules().find(key.hub, key.device, *module));
  if (!device || !found) return failure(not_found(key));
  return TwinRecord{*std::move(device), std::move(found->identity), std::move(found->twin)};
}

Task<TwinRecord> Twins::read(SessionKey key) {
  const auto found = std::make_shared<std::optional<TwinRecord>>();
  const auto work = [key, found](registry::Store& store) -> Result<void> {
    MUSTER_TRY(*found, find_twin(store, key));
    return {};
  };
  MUSTER_CO_CHECK(co_await registry_.read(work));
  co_return **found;
}

Task<std::int64_t> Twins::patch_reported(SessionKey key, TwinChange change) {
  MUSTER_CO_TRY(const TwinRecord record, co_await this->change(std::move(key), std::move(change), {}));
  co_return record.twin.reported_version;
}

Task<TwinRecord> Twins::change(SessionKey key, TwinChange change, TwinCondition condition) {
  const std::shared_ptr<Write> write{new Write{std::move(key),
                                               std::move(change),
                                               std::move(condition),
                                               clock_.wall(),
                                               DesiredFeed::Place{desired_},
                                               {}}};
  const auto work = [write](registry::Store& store) { return carry_out(store, *write); };
  const Result<void> written = co_await registry_.write(work);
  write->place.settle(written.has_value());
  if (!written) co_return failure(written.error());
  co_return *std::move(write->record);
}

}  // namespace muster::hub
