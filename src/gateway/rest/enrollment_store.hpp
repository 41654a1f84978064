#pragma once

#include "gateway/rest/services.hpp"
#include "protocol/rest/enrollment_bulk_json.hpp"
#include "protocol/rest/enrollment_json.hpp"
#include "protocol/rest/etag.hpp"
#include "registry/repositories.hpp"

#include <optional>
#include <string>
#include <string_view>

/// What individual enrollments and enrollment groups have in common where they are stored, and the little in
/// which they differ. Everything here runs on the registry's threads.
namespace muster::rest {

template <typename Enrollment>
struct EnrollmentTraits;

template <>
struct EnrollmentTraits<EnrollmentGroup> {
  using Id = EnrollmentGroupId;
  static constexpr std::string_view noun = "enrollment group";
  static constexpr std::string_view item_type = "enrollmentGroup";
  static constexpr BulkNames names{"enrollmentGroups", "enrollmentGroupId"};

  static registry::EnrollmentGroupRepository& of(registry::Store& store) { return store.groups(); }
  static Result<EnrollmentGroup> parse(std::string_view body, const ServiceName& dps, const Id& id,
                                       const EnrollmentGroup* existing) {
    return parse_enrollment_group(body, dps, id, existing);
  }
  static Result<std::string> format(registry::Store& store, const EnrollmentGroup& group);
  static Result<std::string> format_all(registry::Store& store, const std::vector<EnrollmentGroup>& groups);
};

template <>
struct EnrollmentTraits<IndividualEnrollment> {
  using Id = RegistrationId;
  static constexpr std::string_view noun = "individual enrollment";
  static constexpr std::string_view item_type = "enrollment";
  static constexpr BulkNames names{"enrollments", "registrationId"};

  static registry::EnrollmentRepository& of(registry::Store& store) { return store.enrollments(); }
  static Result<IndividualEnrollment> parse(std::string_view body, const ServiceName& dps, const Id& id,
                                            const IndividualEnrollment* existing) {
    return parse_individual_enrollment(body, dps, id, existing);
  }
  /// With what the device has come to.
  static Result<std::string> format(registry::Store& store, const IndividualEnrollment& enrollment);
  static Result<std::string> format_all(registry::Store& store,
                                        const std::vector<IndividualEnrollment>& enrollments);
};

/// What stands in the way of a write when the entity is there, or is not.
struct EnrollmentWrite {
  ServiceName dps;
  IfMatch if_match;
  std::string body;  ///< Not looked at when removing.
};

template <typename Enrollment>
std::string enrollment_etag(const Enrollment& enrollment) {
  return dps_etag(enrollment.settings.created, enrollment.settings.version);
}

/// The id in a path or a bulk item; field_invalid, naming the member.
template <typename Enrollment>
Result<typename EnrollmentTraits<Enrollment>::Id> enrollment_id_of(std::string_view text);

/// resource_not_found, naming it.
template <typename Enrollment>
Result<Enrollment> require_enrollment(registry::Store& store, const ServiceName& dps,
                                      const typename EnrollmentTraits<Enrollment>::Id& id);

/// Creates or replaces by If-Match (service/02 section 2.1): without it only create. Makes the symmetric keys
/// that nobody gave. resource_exists, resource_not_found, precondition_failed; what the codec says of the
/// body; ca_unknown, ca_not_verified, field_invalid for what it refers to.
template <typename Enrollment>
Result<Enrollment> store_enrollment(const Services& services, registry::Store& store,
                                    const typename EnrollmentTraits<Enrollment>::Id& id,
                                    const EnrollmentWrite& write);

/// Forgets the enrollment alone: the registrations made through it, and the identities at hubs, stay
/// (service/02 section 2.1; Azure's page on deprovisioning asks for both steps). resource_not_found,
/// precondition_failed.
template <typename Enrollment>
Result<void> remove_enrollment(registry::Store& store, const typename EnrollmentTraits<Enrollment>::Id& id,
                               const EnrollmentWrite& write);

}  // namespace muster::rest
