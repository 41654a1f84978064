#pragma once

#include "base/result.hpp"
#include "model/enrollment.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// What a custom allocation webhook is sent, and what it answers. Source: protocol/service/02 section 2.6.
namespace muster::rest {

/// The question. Exactly one of group and individual is set.
struct AllocationCall {
  const EnrollmentGroup* group = nullptr;
  const IndividualEnrollment* individual = nullptr;
  std::string registration_id;
  std::string current_hub;     ///< Full host name; empty, and then left out: the device is nowhere yet.
  std::string current_device;  ///< Likewise.
  AttestationType attestation = AttestationType::x509;
  std::optional<EnrollmentCertificate> certificate;  ///< The device's leaf, with X.509.
  std::string payload_json;                          ///< What the device sent; empty, and then left out.
  std::vector<ServiceName> linked_hubs;              ///< Those that may be answered.
};
std::string format_allocation_call(const AllocationCall& call);

/// The answer.
struct AllocationAnswer {
  ServiceName hub;
  std::string initial_twin_json;  ///< As enrollments keep it; empty when the answer had none.
  std::string payload_json;       ///< An object, or empty: Java devices read nothing else (device/01).
};
/// request_malformed when it is not a JSON object; field_invalid naming the member.
Result<AllocationAnswer> parse_allocation_answer(std::string_view body);

}  // namespace muster::rest
