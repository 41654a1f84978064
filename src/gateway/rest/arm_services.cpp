#include "gateway/rest/arm_call.hpp"
#include "gateway/rest/handlers.hpp"
#include "gateway/rest/registry_call.hpp"
#include "protocol/rest/service_json.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

namespace muster::rest {
namespace {

Result<void> check_subscription(const Call& call) {
  if (equals_ignoring_case(call.ids[0], call.services.subscription_id)) return {};
  return failure(ErrorCode::resource_not_found, fmt::format("there is no subscription {}, this world is {}",
                                                            call.ids[0], call.services.subscription_id));
}

enum class Keys : bool { all, one };

/// `listkeys` and its form for one policy.
Task<Response> answer_keys(const Call& call, ServiceKind kind, Keys keys) {
  MUSTER_CO_TRY(const auto name, arm_service_name(call));
  const ServiceRef service{kind, name};
  const std::string key = keys == Keys::one ? call.ids[3] : "";
  const auto read = [service, keys, key](registry::Store& store) -> Result<Response> {
    MUSTER_CHECK(require_service(store, service));
    MUSTER_TRY(const auto policies, store.services().policies(service));
    if (keys == Keys::all) return Response::json(format_policies(policies));
    const auto policy =
        std::ranges::find_if(policies, [&](const SasPolicy& p) { return equals_ignoring_case(p.name, key); });
    if (policy == policies.end()) {
      return failure(ErrorCode::resource_not_found,
                     fmt::format("{} has no policy {}", service.name.str(), key));
    }
    return Response::json(format_policy(*policy));
  };
  co_return co_await answer_by_reading(call.services, read);
}

Task<Response> answer_hubs(const Call& call) {
  const auto read = [&services = call.services](registry::Store& store) -> Result<Response> {
    MUSTER_TRY(const auto hubs, store.services().hubs());
    return Response::json(format_hubs(hubs, arm_scope(services)));
  };
  co_return co_await answer_by_reading(call.services, read);
}

Task<Response> answer_dps_instances(const Call& call) {
  const auto read = [&services = call.services](registry::Store& store) -> Result<Response> {
    MUSTER_TRY(const auto instances, store.services().dps_instances());
    return Response::json(format_dps_instances(instances, arm_scope(services)));
  };
  co_return co_await answer_by_reading(call.services, read);
}

}  // namespace

ArmScope arm_scope(const Services& services) { return {services.subscription_id, services.resource_group}; }

Result<void> check_scope(const Call& call) {
  MUSTER_CHECK(check_subscription(call));
  if (equals_ignoring_case(call.ids[1], call.services.resource_group)) return {};
  return failure(ErrorCode::resource_not_found, fmt::format("there is no resource group {}, this world is {}",
                                                            call.ids[1], call.services.resource_group));
}

Result<ServiceName> arm_service_name(const Call& call) {
  MUSTER_CHECK(check_scope(call));
  auto name = ServiceName::parse(call.ids[2]);
  if (!name)
    return failure(ErrorCode::field_invalid, fmt::format("name: \"{}\" {}", call.ids[2], name.error()));
  return *std::move(name);
}

Result<void> require_service(registry::Store& store, const ServiceRef& service) {
  if (service.kind == ServiceKind::hub) {
    MUSTER_CHECK(require_hub(store, service.name));
  } else {
    MUSTER_CHECK(require_dps(store, service.name));
  }
  return {};
}

Task<Response> list_hubs(const Call& call) {
  MUSTER_CO_CHECK(check_subscription(call));
  co_return co_await answer_hubs(call);
}

Task<Response> list_hubs_of_group(const Call& call) {
  MUSTER_CO_CHECK(check_scope(call));
  co_return co_await answer_hubs(call);
}

Task<Response> get_hub(const Call& call) {
  MUSTER_CO_TRY(const auto name, arm_service_name(call));
  const auto read = [&services = call.services, name](registry::Store& store) -> Result<Response> {
    MUSTER_TRY(const auto hub, require_hub(store, name));
    return Response::json(format_hub(hub, arm_scope(services)));
  };
  co_return co_await answer_by_reading(call.services, read);
}

Task<Response> list_hub_keys(const Call& call) { return answer_keys(call, ServiceKind::hub, Keys::all); }
Task<Response> get_hub_key(const Call& call) { return answer_keys(call, ServiceKind::hub, Keys::one); }

Task<Response> list_dps_instances(const Call& call) {
  MUSTER_CO_CHECK(check_subscription(call));
  co_return co_await answer_dps_instances(call);
}

Task<Response> list_dps_instances_of_group(const Call& call) {
  MUSTER_CO_CHECK(check_scope(call));
  co_return co_await answer_dps_instances(call);
}

Task<Response> get_dps(const Call& call) {
  MUSTER_CO_TRY(const auto name, arm_service_name(call));
  const auto read = [&services = call.services, name](registry::Store& store) -> Result<Response> {
    MUSTER_TRY(const auto dps, require_dps(store, name));
    return Response::json(format_dps(dps, arm_scope(services)));
  };
  co_return co_await answer_by_reading(call.services, read);
}

Task<Response> list_dps_keys(const Call& call) { return answer_keys(call, ServiceKind::dps, Keys::all); }
Task<Response> get_dps_key(const Call& call) { return answer_keys(call, ServiceKind::dps, Keys::one); }

}  // namespace muster::rest
