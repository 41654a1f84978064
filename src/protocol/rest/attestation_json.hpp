#pragma once

#include "model/enrollment.hpp"
#include "protocol/rest/json_fields.hpp"

#include <nlohmann/json_fwd.hpp>

/// Private to protocol/rest: the `attestation` member of enrollments.
namespace muster::rest {

enum class EnrollmentKind : std::uint8_t { individual, group };

/// Reads an AttestationMechanism. `existing` supplies certificates of which only the info was sent back; may
/// be null.
Result<Attestation> read_attestation(const Fields& fields, EnrollmentKind kind, const Attestation* existing);
nlohmann::ordered_json write_attestation(const Attestation& attestation);

}  // namespace muster::rest
