#include "gateway/rest/arm_call.hpp"
#include "gateway/rest/handlers.hpp"
#include "gateway/rest/registry_call.hpp"
#include "protocol/rest/etag.hpp"
#include "protocol/rest/service_json.hpp"
#include "registry/new_service.hpp"

#include <fmt/format.h>

#include <algorithm>

/// Hubs and DPS instances that come, change and go (service/03). Answers are final: 200 with
/// provisioningState Succeeded ends core CLI's polling at once (service/13).
namespace muster::rest {
namespace {

constexpr std::uint32_t kPartitionsDefault = 4;  // az's.

/// What a change owns while it waits for the registry: the call may be gone by then.
struct Change {
  const Services& services;
  ServiceName name;
  std::string body;
  IfMatch if_match;
};

Result<Change> change_of(const Call& call) {
  MUSTER_TRY(auto name, arm_service_name(call));
  return Change{call.services, std::move(name), call.request.body,
                parse_if_match(call.request.header("If-Match"))};
}

template <typename Service>
std::optional<Service> find_named(const std::vector<Service>& all, const ServiceName& name) {
  const auto found = std::ranges::find(all, name, &Service::name);
  if (found == all.end()) return std::nullopt;
  return *found;
}

/// The etag stands in the header or, as core CLI gives back what it has read, in the body. Neither: whatever
/// is there.
Result<void> check_etag(const Change& change, const std::string& in_body, std::int64_t version) {
  const std::string etag = arm_etag(version);
  const bool by_header = change.if_match.kind == IfMatch::Kind::absent || matches(change.if_match, etag);
  const bool by_body = in_body.empty() || in_body == etag;
  if (by_header && by_body) return {};
  return failure(ErrorCode::precondition_failed,
                 fmt::format("{} has etag {}, the request wanted {}", change.name.str(), etag,
                             by_header ? in_body : change.if_match.tag));
}

Result<void> check_absent(const Change& change) {
  if (change.if_match.kind != IfMatch::Kind::tag) return {};
  return failure(ErrorCode::precondition_failed, fmt::format("there is no {}", change.name.str()));
}

Error unchangeable(std::string_view member, std::string_view found, std::string_view held) {
  return Error{ErrorCode::field_invalid,
               fmt::format("{}: \"{}\" found, and it is {} for good", member, found, held)};
}

Error missing_location() { return Error{ErrorCode::field_invalid, "location: is missing"}; }

/// The log keeps what a hub of this name had: another one of the same name goes on with it.
Result<void> declare_partitions(eventlog::EventLog& log, const Hub& hub) {
  const auto known = log.partition_count(hub.name.key());
  if (known && *known != hub.partition_count) {
    return failure(Error{ErrorCode::resource_exists,
                         fmt::format("a hub {} was here before, and its events are in {} partitions, not {}",
                                     hub.name.str(), *known, hub.partition_count)}
                       .with_remedy(fmt::format("Give it {} partitions, or another name.", *known)));
  }
  return log.add_hub(hub.name.key(), hub.partition_count);
}

Result<Hub> make_hub(const Change& change, const HubUpload& upload, registry::Store& store) {
  MUSTER_CHECK(check_absent(change));
  if (upload.location.empty()) return failure(missing_location());
  const auto known = change.services.log.partition_count(change.name.key());
  const Hub hub{.name = change.name,
                .location = upload.location,
                .partition_count = upload.partition_count.value_or(known ? *known : kPartitionsDefault),
                .created = change.services.clock.wall()};
  // The log first: a hub that exists has its partitions, whatever happens between the two.
  MUSTER_CHECK(declare_partitions(change.services.log, hub));
  return registry::make_hub_in(store, hub, change.services.random);
}

/// Nothing of a hub that muster keeps can be changed: a PUT of what is there changes nothing.
Result<Hub> keep_hub(const Change& change, const HubUpload& upload, Hub held) {
  MUSTER_CHECK(check_etag(change, upload.etag, held.version));
  if (!upload.location.empty() && !equals_ignoring_case(upload.location, held.location))
    return failure(unchangeable("location", upload.location, held.location));
  if (upload.partition_count && *upload.partition_count != held.partition_count) {
    return failure(unchangeable("properties.eventHubEndpoints.events.partitionCount",
                                std::to_string(*upload.partition_count),
                                std::to_string(held.partition_count)));
  }
  return held;
}

Result<Response> put_hub_in(const Change& change, registry::Store& store) {
  MUSTER_TRY(const HubUpload upload, parse_hub_upload(change.body));
  MUSTER_TRY(const auto hubs, store.services().hubs());
  auto held = find_named(hubs, change.name);
  auto hub = held ? keep_hub(change, upload, *std::move(held)) : make_hub(change, upload, store);
  if (!hub) return failure(hub.error());
  return Response::json(format_hub(*hub, arm_scope(change.services)));
}

/// A new link's connection string has to be one that a DPS could work with (service/03): it is the proof
/// that whoever links the hub may write its registry.
Result<void> check_new_link(const LinkUpload& upload, const std::string& member, registry::Store& store) {
  const ServiceName& hub = upload.link.hub;
  const auto invalid = [&member](std::string why) {
    return failure(ErrorCode::field_invalid, fmt::format("{}.connectionString: {}", member, why));
  };
  if (upload.key.empty())
    return invalid(fmt::format("the key is masked, and hub {} is not linked yet", hub.str()));
  MUSTER_TRY(const auto policies, store.services().policies({ServiceKind::hub, hub}));
  const auto policy = std::ranges::find_if(
      policies, [&](const SasPolicy& p) { return equals_ignoring_case(p.name, upload.policy); });
  if (policy == policies.end())
    return invalid(fmt::format("hub {} has no policy {}", hub.str(), upload.policy));
  if (upload.key != policy->primary_key && upload.key != policy->secondary_key)
    return invalid(fmt::format("this is no key of policy {} of hub {}", policy->name, hub.str()));
  for (const char* right : {"RegistryWrite", "ServiceConnect"}) {
    if (std::ranges::find(policy->rights, right) == policy->rights.end())
      return invalid(fmt::format("policy {} lacks the right {}", policy->name, right));
  }
  return {};
}

Result<std::vector<LinkedHub>> links_of(const std::vector<LinkUpload>& uploads,
                                        const std::vector<LinkedHub>& held, registry::Store& store) {
  std::vector<LinkedHub> links;
  for (const LinkUpload& upload : uploads) {
    const std::string member = fmt::format("properties.iotHubs[{}]", links.size());
    const auto hub = require_hub(store, upload.link.hub);
    if (!hub) {
      return failure(ErrorCode::field_invalid,
                     fmt::format("{}.connectionString: {}", member, hub.error().reason()));
    }
    const auto linked = std::ranges::find(held, upload.link.hub, &LinkedHub::hub);
    // What is linked already stays so by its masked key; a key that is given has to be right.
    if (linked == held.end() || !upload.key.empty()) {
      MUSTER_CHECK(check_new_link(upload, member, store));
    }
    LinkedHub link = upload.link;
    link.hub = hub->name;
    if (link.location.empty()) link.location = hub->location;
    links.push_back(std::move(link));
  }
  return links;
}

Result<Response> put_dps_in(const Change& change, registry::Store& store) {
  MUSTER_TRY(const DpsUpload upload, parse_dps_upload(change.body));
  MUSTER_TRY(const auto instances, store.services().dps_instances());
  const auto held = find_named(instances, change.name);
  DpsInstance dps{.name = change.name, .id_scope = {}, .location = upload.location};
  if (held) {
    MUSTER_CHECK(check_etag(change, upload.etag, held->version));
    if (!upload.location.empty() && !equals_ignoring_case(upload.location, held->location))
      return failure(unchangeable("location", upload.location, held->location));
    dps = *held;
  } else {
    MUSTER_CHECK(check_absent(change));
    if (upload.location.empty()) return failure(missing_location());
    dps.created = change.services.clock.wall();
  }
  if (upload.allocation_policy) dps.allocation_policy = *upload.allocation_policy;
  if (upload.links) {
    MUSTER_TRY(dps.linked_hubs, links_of(*upload.links, dps.linked_hubs, store));
  }
  if (!held) {
    MUSTER_TRY(dps, registry::make_dps_in(store, std::move(dps), change.services.random));
  } else {
    MUSTER_TRY(auto put, store.services().put_dps(dps, held->version));
    dps = *std::move(put);  // Read in the same transaction.
  }
  return Response::json(format_dps(dps, arm_scope(change.services)));
}

template <ServiceKind kKind>
Result<Response> remove_in(const Change& change, registry::Store& store) {
  MUSTER_CHECK(require_service(store, {kKind, change.name}));
  std::int64_t version = 0;
  if constexpr (kKind == ServiceKind::hub) {
    MUSTER_TRY(const Hub hub, require_hub(store, change.name));
    version = hub.version;
  } else {
    MUSTER_TRY(const DpsInstance dps, require_dps(store, change.name));
    version = dps.version;
  }
  MUSTER_CHECK(check_etag(change, "", version));
  MUSTER_CHECK(store.services().remove({kKind, change.name}));
  return Response::no_content();
}

using Work = Result<Response> (*)(const Change&, registry::Store&);

/// The answer comes once the change is durable and the process has followed it: who gets it can connect.
Task<Response> carry_out(const Call& call, Work work) {
  MUSTER_CO_TRY(const Change change, change_of(call));
  const auto write = [change, work](registry::Store& store) -> Result<Response> {
    Response response;
    MUSTER_CHECK(store.transaction([&]() -> Result<void> {
      MUSTER_TRY(response, work(change, store));
      return {};
    }));
    return response;
  };
  MUSTER_CO_TRY(Response response, co_await answer_by_writing(call.services, write));
  co_await call.services.process.services_changed();
  co_return response;
}

/// Tags are all that a PATCH may carry (service/03), and none are kept: the answer is what is there.
Task<Response> patch(const Call& call, Handler shown) {
  MUSTER_CO_CHECK(parse_tags_upload(call.request.body));
  co_return co_await shown(call);
}

template <ServiceKind kKind>
Task<Response> check_name(const Call& call) {
  MUSTER_CO_TRY(const std::string text, parse_name_question(call.request.body));
  const auto name = ServiceName::parse(text);
  if (!name) {
    co_return Response::json(format_name_answer("Invalid", fmt::format("\"{}\" {}", text, name.error())));
  }
  const auto read = [name = *name](registry::Store& store) -> Result<Response> {
    const auto there = require_service(store, {kKind, name});
    if (there) {
      return Response::json(format_name_answer("AlreadyExists", fmt::format("{} is taken", name.str())));
    }
    if (there.error().code() != ErrorCode::hub_unknown &&
        there.error().code() != ErrorCode::resource_not_found)
      return failure(there.error());
    return Response::json(format_name_answer("", ""));
  };
  co_return co_await answer_by_reading(call.services, read);
}

}  // namespace

Task<Response> put_hub(const Call& call) { return carry_out(call, put_hub_in); }
Task<Response> patch_hub(const Call& call) { return patch(call, get_hub); }
Task<Response> put_dps(const Call& call) { return carry_out(call, put_dps_in); }
Task<Response> patch_dps(const Call& call) { return patch(call, get_dps); }
Task<Response> delete_dps(const Call& call) { return carry_out(call, remove_in<ServiceKind::dps>); }
Task<Response> check_hub_name(const Call& call) { return check_name<ServiceKind::hub>(call); }
Task<Response> check_dps_name(const Call& call) { return check_name<ServiceKind::dps>(call); }

Task<Response> delete_hub(const Call& call) {
  MUSTER_CO_TRY(const ServiceName hub, arm_service_name(call));
  MUSTER_CO_TRY(Response response, co_await carry_out(call, remove_in<ServiceKind::hub>));
  // Stored first: whoever connects from now on finds no hub.
  hub::SessionDirectory& sessions = call.services.sessions;
  sessions.close_where([&hub](const hub::SessionKey& key) { return key.hub == hub; },
                       Error{ErrorCode::hub_unknown, fmt::format("hub {} was deleted", hub.str())});
  sessions.forget_hub(hub);
  co_return response;
}

}  // namespace muster::rest
