#pragma once

#include "model/enrollment.hpp"
#include "protocol/rest/json_fields.hpp"

#include <nlohmann/json_fwd.hpp>

/// Private to protocol/rest: the `attestation` member of enrollments.
namespace muster::rest {

enum class EnrollmentKind : std::uint8_t { individual, group };

/// Reads an AttestationMechanism. `existing`, which may be null, supplies what replies do not show: the
/// certificates of which only the info was sent back, and symmetric keys. Those are empty when there are
/// none: the caller makes them.
Result<Attestation> read_attestation(const Fields& fields, EnrollmentKind kind, const Attestation* existing);
/// As replies show it: without symmetric keys.
nlohmann::ordered_json write_attestation(const Attestation& attestation);
/// As `attestationmechanism` alone shows it: with them.
nlohmann::ordered_json write_attestation_with_keys(const Attestation& attestation);

}  // namespace muster::rest
