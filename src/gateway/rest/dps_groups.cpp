#include "gateway/rest/handlers.hpp"
#include "gateway/rest/registry_call.hpp"
#include "protocol/rest/enrollment_json.hpp"
#include "protocol/rest/etag.hpp"

#include <fmt/format.h>

namespace muster::rest {
namespace {

Result<EnrollmentGroupId> group_id_of(std::string_view text) {
  auto id = EnrollmentGroupId::parse(text);
  if (!id)
    return failure(ErrorCode::field_invalid, fmt::format("enrollmentGroupId: \"{}\" {}", text, id.error()));
  return *std::move(id);
}

std::string etag_of(const EnrollmentGroup& group) {
  return dps_etag(group.settings.created, group.settings.version);
}

Error no_group(const EnrollmentGroupId& id, const ServiceName& dps) {
  return {ErrorCode::resource_not_found,
          fmt::format("DPS {} has no enrollment group {}", dps.str(), id.str())};
}

/// A CA that an enrollment names must be uploaded and verified (service/03 section 3.1).
Result<void> check_ca(registry::Store& store, const ServiceName& dps, std::string_view member,
                      const std::string& name) {
  if (name.empty()) return {};
  const auto parsed = CertificateName::parse(name);
  if (!parsed)
    return failure(ErrorCode::ca_unknown, fmt::format("{}: \"{}\" {}", member, name, parsed.error()));
  MUSTER_TRY(const auto certificate, store.certificates().find({ServiceKind::dps, dps}, *parsed));
  if (!certificate) {
    return failure(ErrorCode::ca_unknown,
                   fmt::format("{}: DPS {} has no certificate {}", member, dps.str(), name));
  }
  if (certificate->verified) return {};
  return failure(
      Error{ErrorCode::ca_not_verified, fmt::format("{}: certificate {} is not verified", member, name)}
          .with_remedy(fmt::format(
              "Verify it: muster dps certificate generate-verification-code --name {}, then verify.", name)));
}

Result<void> check_references(registry::Store& store, const DpsInstance& dps,
                              const EnrollmentSettings& settings) {
  const auto& attestation = settings.attestation;
  MUSTER_CHECK(check_ca(store, dps.name, "attestation.x509.caReferences.primary", attestation.ca_primary));
  MUSTER_CHECK(
      check_ca(store, dps.name, "attestation.x509.caReferences.secondary", attestation.ca_secondary));
  for (const auto& hub : settings.hubs) {
    const bool linked =
        std::ranges::any_of(dps.linked_hubs, [&](const LinkedHub& link) { return link.hub == hub; });
    if (!linked) {
      return failure(ErrorCode::field_invalid,
                     fmt::format("iotHubs: {} is not linked to DPS {}", hub_host_name(hub), dps.name.str()));
    }
  }
  return {};
}

struct GroupPut {
  const Services& services;
  ServiceName dps;
  EnrollmentGroupId id;
  IfMatch if_match;
  std::string body;
};

/// service/02 section 2.1: without If-Match only create.
Result<void> check_put(const GroupPut& put, const std::optional<EnrollmentGroup>& existing) {
  if (put.if_match.kind == IfMatch::Kind::absent) {
    if (!existing) return {};
    return failure(ErrorCode::resource_exists,
                   fmt::format("DPS {} has an enrollment group {} already", put.dps.str(), put.id.str()));
  }
  if (!existing) return failure(no_group(put.id, put.dps));
  if (matches(put.if_match, etag_of(*existing))) return {};
  return failure(ErrorCode::precondition_failed,
                 fmt::format("enrollment group {} has etag {}, If-Match wanted {}", put.id.str(),
                             etag_of(*existing), put.if_match.tag));
}

Result<Response> store_group(const GroupPut& put, registry::Store& store) {
  MUSTER_TRY(const DpsInstance dps, require_dps(store, put.dps));
  MUSTER_TRY(const auto existing, store.groups().find(dps.name, put.id));
  MUSTER_CHECK(check_put(put, existing));
  MUSTER_TRY(auto group, parse_enrollment_group(put.body, dps.name, put.id, existing ? &*existing : nullptr));
  MUSTER_CHECK(check_references(store, dps, group.settings));
  group.settings.updated = put.services.clock.wall();
  group.settings.created = existing ? existing->settings.created : group.settings.updated;
  if (existing) group.id = existing->id;  // The first spelling is kept.
  MUSTER_TRY(const auto stored, store.groups().put(group, existing ? existing->settings.version : 0));
  if (!stored)
    return failure(ErrorCode::precondition_failed,
                   fmt::format("enrollment group {} was changed meanwhile", put.id.str()));
  return Response::json(format_enrollment_group(*stored)).with("ETag", quoted_etag(etag_of(*stored)));
}

}  // namespace

Task<Response> get_group(const Call& call) {
  MUSTER_CO_TRY(const auto id, group_id_of(call.ids[0]));
  const auto read = [dps = *call.face.service, id](registry::Store& store) -> Result<Response> {
    MUSTER_CHECK(require_dps(store, dps));
    MUSTER_TRY(const auto group, store.groups().find(dps, id));
    if (!group) return failure(no_group(id, dps));
    return Response::json(format_enrollment_group(*group)).with("ETag", quoted_etag(etag_of(*group)));
  };
  co_return co_await answer_by_reading(call.services, read);
}

Task<Response> put_group(const Call& call) {
  MUSTER_CO_TRY(const auto id, group_id_of(call.ids[0]));
  const GroupPut put{call.services, *call.face.service, id, parse_if_match(call.request.header("If-Match")),
                     call.request.body};
  const auto store_it = [put](registry::Store& store) { return store_group(put, store); };
  co_return co_await answer_by_writing(call.services, store_it);
}

Task<Response> delete_group(const Call& call) {
  MUSTER_CO_TRY(const auto id, group_id_of(call.ids[0]));
  const auto if_match = parse_if_match(call.request.header("If-Match"));
  const auto remove = [dps = *call.face.service, id, if_match](registry::Store& store) -> Result<Response> {
    MUSTER_CHECK(require_dps(store, dps));
    MUSTER_TRY(const auto existing, store.groups().find(dps, id));
    if (!existing) return failure(no_group(id, dps));
    if (if_match.kind == IfMatch::Kind::tag && !matches(if_match, etag_of(*existing))) {
      return failure(ErrorCode::precondition_failed,
                     fmt::format("enrollment group {} has etag {}", id.str(), etag_of(*existing)));
    }
    MUSTER_CHECK(store.groups().remove(dps, id, existing->settings.version));
    return Response::no_content();
  };
  co_return co_await answer_by_writing(call.services, remove);
}

/// The query's text is not looked at: az sends a Python repr there (service/02 section 2.2), and means
/// everything.
Task<Response> query_groups(const Call& call) {
  MUSTER_CO_TRY(const auto page, page_request(call.request));
  const auto read = [dps = *call.face.service, page](registry::Store& store) -> Result<Response> {
    MUSTER_CHECK(require_dps(store, dps));
    MUSTER_TRY(const auto found, store.groups().list(dps, page.after, page.limit));
    return page_response(format_enrollment_groups(found.items), "enrollmentGroup", found.next);
  };
  co_return co_await answer_by_reading(call.services, read);
}

}  // namespace muster::rest
