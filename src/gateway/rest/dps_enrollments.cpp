#include "gateway/rest/enrollment_store.hpp"
#include "gateway/rest/handlers.hpp"
#include "gateway/rest/registry_call.hpp"

namespace muster::rest {
namespace {

template <typename Enrollment>
Result<Response> shown(registry::Store& store, const Enrollment& enrollment) {
  MUSTER_TRY(std::string body, EnrollmentTraits<Enrollment>::format(store, enrollment));
  return Response::json(std::move(body)).with("ETag", quoted_etag(enrollment_etag(enrollment)));
}

EnrollmentWrite write_of(const Call& call) {
  return {*call.face.service, parse_if_match(call.request.header("If-Match")), call.request.body};
}

template <typename Enrollment>
Task<Response> get(const Call& call) {
  MUSTER_CO_TRY(const auto id, enrollment_id_of<Enrollment>(call.ids[0]));
  const auto read = [dps = *call.face.service, id](registry::Store& store) -> Result<Response> {
    MUSTER_TRY(const Enrollment enrollment, require_enrollment<Enrollment>(store, dps, id));
    return shown(store, enrollment);
  };
  co_return co_await answer_by_reading(call.services, read);
}

template <typename Enrollment>
Task<Response> put(const Call& call) {
  MUSTER_CO_TRY(const auto id, enrollment_id_of<Enrollment>(call.ids[0]));
  const auto store_it = [&services = call.services, id,
                         write = write_of(call)](registry::Store& store) -> Result<Response> {
    MUSTER_TRY(const Enrollment stored, store_enrollment<Enrollment>(services, store, id, write));
    return shown(store, stored);
  };
  co_return co_await answer_by_writing(call.services, store_it);
}

template <typename Enrollment>
Task<Response> remove(const Call& call) {
  MUSTER_CO_TRY(const auto id, enrollment_id_of<Enrollment>(call.ids[0]));
  const auto remove_it = [id, write = write_of(call)](registry::Store& store) -> Result<Response> {
    MUSTER_CHECK(remove_enrollment<Enrollment>(store, id, write));
    return Response::no_content();
  };
  co_return co_await answer_by_writing(call.services, remove_it);
}

template <typename Enrollment>
Task<Response> query(const Call& call) {
  MUSTER_CO_CHECK(check_enrollment_query(call.request.body));
  MUSTER_CO_TRY(const auto page, page_request(call.request));
  const auto read = [dps = *call.face.service, page](registry::Store& store) -> Result<Response> {
    using Traits = EnrollmentTraits<Enrollment>;
    MUSTER_CHECK(require_dps(store, dps));
    MUSTER_TRY(const auto found, Traits::of(store).list(dps, page.after, page.limit));
    MUSTER_TRY(std::string body, Traits::format_all(store, found.items));
    return page_response(std::move(body), std::string{Traits::item_type}, found.next);
  };
  co_return co_await answer_by_reading(call.services, read);
}

template <typename Enrollment>
Task<Response> attestation(const Call& call) {
  MUSTER_CO_TRY(const auto id, enrollment_id_of<Enrollment>(call.ids[0]));
  const auto read = [dps = *call.face.service, id](registry::Store& store) -> Result<Response> {
    MUSTER_TRY(const Enrollment enrollment, require_enrollment<Enrollment>(store, dps, id));
    return Response::json(format_attestation_mechanism(enrollment.settings.attestation));
  };
  co_return co_await answer_by_reading(call.services, read);
}

}  // namespace

Task<Response> get_group(const Call& call) { return get<EnrollmentGroup>(call); }
Task<Response> put_group(const Call& call) { return put<EnrollmentGroup>(call); }
Task<Response> delete_group(const Call& call) { return remove<EnrollmentGroup>(call); }
Task<Response> query_groups(const Call& call) { return query<EnrollmentGroup>(call); }
Task<Response> show_group_attestation(const Call& call) { return attestation<EnrollmentGroup>(call); }

Task<Response> get_enrollment(const Call& call) { return get<IndividualEnrollment>(call); }
Task<Response> put_enrollment(const Call& call) { return put<IndividualEnrollment>(call); }
Task<Response> delete_enrollment(const Call& call) { return remove<IndividualEnrollment>(call); }
Task<Response> query_enrollments(const Call& call) { return query<IndividualEnrollment>(call); }
Task<Response> show_enrollment_attestation(const Call& call) {
  return attestation<IndividualEnrollment>(call);
}

}  // namespace muster::rest
