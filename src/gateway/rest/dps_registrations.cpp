#include "gateway/rest/handlers.hpp"
#include "gateway/rest/registry_call.hpp"
#include "protocol/rest/enrollment_json.hpp"
#include "protocol/rest/etag.hpp"

#include <fmt/format.h>

namespace muster::rest {
namespace {

Result<RegistrationId> registration_id_of(std::string_view text) {
  auto id = RegistrationId::parse(text);
  if (!id)
    return failure(ErrorCode::registration_id_invalid,
                   fmt::format("registration id \"{}\" {}", text, id.error()));
  return *std::move(id);
}

Result<Registration> require_registration(registry::Store& store, const ServiceName& dps,
                                          const RegistrationId& id) {
  MUSTER_CHECK(require_dps(store, dps));
  MUSTER_TRY(auto registration, store.registrations().find(dps, id));
  if (registration) return *std::move(registration);
  return failure(ErrorCode::resource_not_found,
                 fmt::format("DPS {} has no registration {}", dps.str(), id.str()));
}

}  // namespace

Task<Response> get_registration(const Call& call) {
  MUSTER_CO_TRY(const auto id, registration_id_of(call.ids[0]));
  const auto read = [dps = *call.face.service, id](registry::Store& store) -> Result<Response> {
    MUSTER_TRY(const auto registration, require_registration(store, dps, id));
    return Response::json(format_registration(registration))
        .with("ETag", quoted_etag(registration_etag(registration)));
  };
  co_return co_await answer_by_reading(call.services, read);
}

/// The hub's identity stays: only DPS forgets the device (service/02).
Task<Response> delete_registration(const Call& call) {
  MUSTER_CO_TRY(const auto id, registration_id_of(call.ids[0]));
  const auto if_match = parse_if_match(call.request.header("If-Match"));
  const auto remove = [dps = *call.face.service, id, if_match](registry::Store& store) -> Result<Response> {
    MUSTER_TRY(const auto registration, require_registration(store, dps, id));
    if (if_match.kind == IfMatch::Kind::tag && !matches(if_match, registration_etag(registration))) {
      return failure(ErrorCode::precondition_failed,
                     fmt::format("registration {} has etag {}", id.str(), registration_etag(registration)));
    }
    MUSTER_CHECK(store.registrations().remove(dps, id, registration.version));
    return Response::no_content();
  };
  co_return co_await answer_by_writing(call.services, remove);
}

Task<Response> query_registrations(const Call& call) {
  const auto group = EnrollmentGroupId::parse(call.ids[0]);
  if (!group) {
    co_return failure(ErrorCode::field_invalid,
                      fmt::format("enrollmentGroupId: \"{}\" {}", call.ids[0], group.error()));
  }
  MUSTER_CO_TRY(const auto page, page_request(call.request));
  const auto read = [dps = *call.face.service, id = *group,
                     page](registry::Store& store) -> Result<Response> {
    MUSTER_CHECK(require_dps(store, dps));
    MUSTER_TRY(const auto existing, store.groups().find(dps, id));
    if (!existing) {
      return failure(ErrorCode::resource_not_found,
                     fmt::format("DPS {} has no enrollment group {}", dps.str(), id.str()));
    }
    MUSTER_TRY(const auto found,
               store.registrations().list(dps, std::string{existing->id.str()}, page.after, page.limit));
    return page_response(format_registrations(found.items), "deviceRegistration", found.next);
  };
  co_return co_await answer_by_reading(call.services, read);
}

}  // namespace muster::rest
