#include "registry_session.hpp"

#include "registry/assign.hpp"
#include "registry/tests/values.hpp"

namespace muster::simulation {

using namespace registry::testing_values;
using registry::kAnyVersion;
using registry::Store;

namespace {

std::function<Result<bool>(Store&)> device_is_there(const std::string& id, bool there = true) {
  return [id, there](Store& store) -> Result<bool> {
    MUSTER_TRY(const auto found, store.devices().find(service("hub-a"), device_id(id)));
    return found.has_value() == there;
  };
}

std::function<Result<bool>(Store&)> registration_is_there(const std::string& id) {
  return [id](Store& store) -> Result<bool> {
    MUSTER_TRY(const auto found, store.registrations().find(service("dps-1"), registration_id(id)));
    return found && found->operation_id == registration("dps-1", id).operation_id;
  };
}

}  // namespace

std::string RegistrySession::broken(Store& store) const {
  for (const Promise& promise : promises_) {
    const Result<bool> kept = promise.kept(store);
    if (!kept) return promise.what + ": " + kept.error().reason();
    if (!*kept) return promise.what + " was answered and is not there";
  }
  return {};
}

void RegistrySession::run() {
  for (const bool first : {true, false}) {
    const auto store = open_();
    if (!store) {
      failures_.push_back(store.error());
    } else if (first) {
      first_half(**store);
    } else {
      second_half(**store);
    }
    // What is read while something fails is an error or the truth.
    if (store && !broken(**store).empty()) ++doubts_;
  }
}

/// As the writer does with one call: a savepoint in a transaction, answered when that is committed.
void RegistrySession::write(Store& store, Promise promise, const std::function<Result<void>()>& work) {
  Result<void> done;
  const Result<void> committed = store.transaction([&]() -> Result<void> {
    done = store.transaction(work);
    return {};
  });
  if (committed && done) {
    promises_.push_back(std::move(promise));
  } else {
    failures_.push_back(committed ? done.error() : committed.error());
  }
}

void RegistrySession::first_half(Store& store) {
  const auto services = [](Store& at) -> Result<bool> {
    MUSTER_TRY(const auto hubs, at.services().hubs());
    MUSTER_TRY(const auto instances, at.services().dps_instances());
    return hubs.size() == 2 && instances.size() == 1;
  };
  write(store, {"two hubs and a DPS instance", services}, [&]() -> Result<void> {
    MUSTER_CHECK(store.services().put_hub(hub("hub-a"), kAnyVersion));
    MUSTER_CHECK(store.services().put_hub(hub("hub-b"), kAnyVersion));
    MUSTER_CHECK(store.services().put_dps(dps("dps-1"), kAnyVersion));
    return {};
  });
  const auto has_certificate = [](Store& at) -> Result<bool> {
    MUSTER_TRY(const auto found, at.certificates().find(dps_ref("dps-1"), certificate_name("ca")));
    return found && found->subject == "CN=root";
  };
  write(store, {"a CA certificate", has_certificate}, [&]() -> Result<void> {
    MUSTER_CHECK(store.certificates().put(certificate(dps_ref("dps-1"), "ca"), kAnyVersion));
    return {};
  });
  const auto has_group = [](Store& at) -> Result<bool> {
    MUSTER_TRY(const auto found, at.groups().find(service("dps-1"), group_id("pumps")));
    return found.has_value();
  };
  write(store, {"an enrollment group", has_group}, [&]() -> Result<void> {
    MUSTER_CHECK(store.groups().put(group("dps-1", "pumps"), kAnyVersion));
    return {};
  });
  assign(store, "pump-1");
  assign(store, "pump-2");
}

void RegistrySession::assign(Store& store, const std::string& id) {
  const auto there = [id](Store& at) -> Result<bool> {
    MUSTER_TRY(const bool device, device_is_there(id)(at));
    MUSTER_TRY(const bool registered, registration_is_there(id)(at));
    return device && registered;
  };
  write(store, {"the registration of " + id, there}, [&]() -> Result<void> {
    MUSTER_TRY(const std::int64_t generation, store.trust_generation());
    const registry::Assignment wanted{.generation = generation,
                                      .registration = registration("dps-1", id),
                                      .identity = identity("hub-a", id),
                                      .initial_twin = twin("hub-a", id)};
    MUSTER_CHECK(registry::assign_in(store, wanted));
    return {};
  });
}

/// Three calls committed together, of which the second fails by itself.
void RegistrySession::batch(Store& store) {
  std::vector<Result<void>> results;
  const Result<void> committed = store.transaction([&]() -> Result<void> {
    for (const char* id : {"batch-1", "batch-2", "batch-3"}) {
      results.push_back(store.transaction([&]() -> Result<void> {
        MUSTER_CHECK(store.devices().put(identity("hub-a", id), kAnyVersion, nullptr));
        if (id == std::string_view{"batch-2"}) return failure(ErrorCode::cancelled, "on purpose");
        return {};
      }));
    }
    return {};
  });
  if (!committed) return failures_.push_back(committed.error());
  promises_.push_back({"batch-2 refused", device_is_there("batch-2", false)});
  if (results.at(0)) promises_.push_back({"batch-1", device_is_there("batch-1")});
  if (results.at(2)) promises_.push_back({"batch-3", device_is_there("batch-3")});
}

void RegistrySession::second_half(Store& store) {
  batch(store);
  assign(store, "pump-3");
  const auto has_twin = [](Store& at) -> Result<bool> {
    MUSTER_TRY(const auto found, at.devices().find_twin(service("hub-a"), device_id("pump-1")));
    return found && found->reported_json == R"({"n":7})";
  };
  write(store, {"a twin's reported properties", has_twin}, [&]() -> Result<void> {
    Twin changed = twin("hub-a", "pump-1");
    changed.reported_json = R"({"n":7})";
    MUSTER_TRY(const auto stored, store.devices().put_twin(changed, kAnyVersion));
    if (!stored) return failure(ErrorCode::device_not_found, "pump-1 was not assigned");
    return {};
  });
  // From here on it may be there or not: what was not answered may have happened all the same.
  std::erase_if(promises_, [](const Promise& promise) { return promise.what == "batch-1"; });
  write(store, {"the removal of batch-1", device_is_there("batch-1", false)}, [&]() -> Result<void> {
    MUSTER_CHECK(store.devices().remove(service("hub-a"), device_id("batch-1"), kAnyVersion));
    return {};
  });
}

}  // namespace muster::simulation
