#pragma once

#include "base/result.hpp"
#include "model/enrollment.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>

/// Enrollments as DPS's service API carries them. Source: protocol/service/02 section 2.3. Unknown members
/// are ignored, as Azure does (api-versions differ in them); every known one is checked, and what muster
/// cannot do is refused by name, never stored and ignored: tpm.
namespace muster::rest {

/// Reads an enrollment group for a PUT to `id`. `existing` is what is stored now, or null: what replies do
/// not show is taken from there, a certificate of which the body only gives back `info`, and symmetric keys.
/// Keys that nobody has given are left empty. Failures: request_malformed; field_invalid,
/// attestation_unsupported, certificate_not_ca_upload, naming the member. Times and version are unset.
Result<EnrollmentGroup> parse_enrollment_group(std::string_view body, const ServiceName& dps,
                                               const EnrollmentGroupId& id, const EnrollmentGroup* existing);
Result<IndividualEnrollment> parse_individual_enrollment(std::string_view body, const ServiceName& dps,
                                                         const RegistrationId& id,
                                                         const IndividualEnrollment* existing);

/// Symmetric keys are left out; certificates are shown by all eight members of X509CertificateInfo.
std::string format_enrollment_group(const EnrollmentGroup& group);
std::string format_enrollment_groups(std::span<const EnrollmentGroup> groups);
/// `registration`: what the device has come to, or null.
std::string format_individual_enrollment(const IndividualEnrollment& enrollment,
                                         const Registration* registration);
/// A page of them; `registrations` has one place for each enrollment.
std::string format_individual_enrollments(std::span<const IndividualEnrollment> enrollments,
                                          std::span<const std::optional<Registration>> registrations);

/// What `attestationmechanism` answers, alone of all: with the symmetric keys.
std::string format_attestation_mechanism(const Attestation& attestation);

/// The registration states of a query: a bare array of what protocol/dps writes of each.
std::string format_registrations(std::span<const Registration> registrations);
/// One of them, with the etag in it.
std::string format_registration(const Registration& registration);

}  // namespace muster::rest
