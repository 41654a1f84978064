#include "registry/memory/state.hpp"

#include "registry/put_rules.hpp"

namespace muster::registry::memory {
namespace {

const std::string kGeneration = "trust_generation";

}  // namespace

std::int64_t State::take(const std::string& name, std::int64_t first) {
  const std::int64_t* held = numbers.find(name);
  const std::int64_t number = held != nullptr ? *held : first;
  numbers.put(name, number + 1);
  return number;
}

std::int64_t State::trust_generation() const {
  const std::int64_t* held = numbers.find(kGeneration);
  return held != nullptr ? *held : 1;
}

void State::trust_changed() { numbers.put(kGeneration, trust_generation() + 1); }

std::optional<ServiceName> State::spelling(ServiceKind kind, const ServiceName& name) const {
  if (kind == ServiceKind::hub) {
    const Hub* hub = hubs.find(name.key());
    return hub != nullptr ? std::optional{hub->name} : std::nullopt;
  }
  const DpsInstance* instance = dps.find(name.key());
  return instance != nullptr ? std::optional{instance->name} : std::nullopt;
}

Result<ServiceName> State::require(ServiceKind kind, const ServiceName& name) const {
  auto found = spelling(kind, name);
  if (!found) return failure(no_such_service(kind, name));
  return *std::move(found);
}

}  // namespace muster::registry::memory
