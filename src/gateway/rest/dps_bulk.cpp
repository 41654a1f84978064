#include "gateway/rest/enrollment_store.hpp"
#include "gateway/rest/error_table.hpp"
#include "gateway/rest/handlers.hpp"
#include "gateway/rest/registry_call.hpp"

#include <fmt/format.h>

namespace muster::rest {
namespace {

/// How a mode spells what a single write says with If-Match.
Result<IfMatch> condition_of(BulkMode mode, const BulkItem& item) {
  switch (mode) {
    case BulkMode::create:
      return IfMatch{};
    case BulkMode::update:
    case BulkMode::remove:
      return IfMatch{IfMatch::Kind::any, {}};
    case BulkMode::update_if_match_etag:
      break;
  }
  const auto tag = parse_if_match(item.etag);
  if (tag.kind == IfMatch::Kind::tag) return tag;
  return failure(Error{ErrorCode::precondition_missing,
                       fmt::format("etag: \"{}\" found, and mode is updateIfMatchETag", item.etag)}
                     .with_remedy("Give the item's etag, or mode update to replace whatever is there."));
}

template <typename Enrollment>
Result<void> apply(const Services& services, registry::Store& store, const ServiceName& dps, BulkMode mode,
                   const BulkItem& item) {
  if (item.id.empty()) {
    return failure(ErrorCode::field_invalid,
                   fmt::format("{}: is missing", EnrollmentTraits<Enrollment>::names.id));
  }
  MUSTER_TRY(const auto id, enrollment_id_of<Enrollment>(item.id));
  MUSTER_TRY(auto condition, condition_of(mode, item));
  const EnrollmentWrite write{dps, std::move(condition), item.body};
  if (mode == BulkMode::remove) return remove_enrollment<Enrollment>(store, id, write);
  MUSTER_CHECK(store_enrollment<Enrollment>(services, store, id, write));
  return {};
}

/// Each item is a transaction of its own within the one that answers: one that fails undoes itself alone. A
/// failure of the store is no item's, and fails them all.
template <typename Enrollment>
Result<Response> apply_all(const Services& services, registry::Store& store, const ServiceName& dps,
                           const BulkRequest& request) {
  MUSTER_CHECK(require_dps(store, dps));
  constexpr int kServersFault = 500;
  std::vector<BulkFault> faults;
  for (const auto& item : request.items) {
    const auto applied =
        store.transaction([&] { return apply<Enrollment>(services, store, dps, request.mode, item); });
    if (applied) continue;
    const auto row = error_row(applied.error().code());
    if (row.status >= kServersFault) return failure(applied.error());
    faults.push_back({item.id, row.dps_code, applied.error()});
  }
  return Response::json(format_bulk_result(faults, EnrollmentTraits<Enrollment>::names));
}

template <typename Enrollment>
Task<Response> bulk(const Call& call) {
  MUSTER_CO_TRY(auto request, parse_bulk(call.request.body, EnrollmentTraits<Enrollment>::names));
  const auto write = [&services = call.services, dps = *call.face.service,
                      request = std::move(request)](registry::Store& store) {
    return apply_all<Enrollment>(services, store, dps, request);
  };
  co_return co_await answer_by_writing(call.services, write);
}

}  // namespace

Task<Response> bulk_groups(const Call& call) { return bulk<EnrollmentGroup>(call); }
Task<Response> bulk_enrollments(const Call& call) { return bulk<IndividualEnrollment>(call); }

}  // namespace muster::rest
