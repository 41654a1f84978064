#pragma once

#include "model/certificate.hpp"
#include "model/device.hpp"
#include "model/enrollment.hpp"
#include "registry/repositories.hpp"

#include <gtest/gtest.h>

#include <string>
#include <tuple>

/// Values for tests: every field set to something of its own, so that a column that is mixed up or left out
/// shows.
namespace muster::registry::testing_values {

inline WallTime at(std::int64_t microseconds) { return WallTime{std::chrono::microseconds{microseconds}}; }
inline ServiceName service(std::string_view text) { return ServiceName::parse(text).value(); }
inline DeviceId device_id(std::string_view text) { return DeviceId::parse(text).value(); }
inline RegistrationId registration_id(std::string_view text) { return RegistrationId::parse(text).value(); }
inline EnrollmentGroupId group_id(std::string_view text) { return EnrollmentGroupId::parse(text).value(); }
inline CertificateName certificate_name(std::string_view text) {
  return CertificateName::parse(text).value();
}
inline ServiceRef hub_ref(std::string_view text) { return {ServiceKind::hub, service(text)}; }
inline ServiceRef dps_ref(std::string_view text) { return {ServiceKind::dps, service(text)}; }
inline Bytes bytes(std::string_view text) {
  const ByteView view = as_bytes(text);
  return {view.begin(), view.end()};
}

inline Hub hub(std::string_view name) {
  return {.name = service(name),
          .location = "westeurope",
          .partition_count = 8,
          .created = at(1'700'000'000'000'001)};
}

inline DpsInstance dps(std::string_view name) {
  return {.name = service(name),
          .id_scope = "0ne00000A0A",
          .location = "northeurope",
          .allocation_policy = AllocationPolicy::static_,
          .linked_hubs = {{service("Hub-B"), "eastus", 3, false}, {service("hub-a"), "westus", 1, true}},
          .created = at(1'700'000'000'000'002)};
}

inline CaCertificate certificate(ServiceRef owner, std::string_view name) {
  return {.owner = std::move(owner),
          .name = certificate_name(name),
          .der = bytes(std::string_view{"\x30\x00\xff", 3}),
          .subject = "CN=root",
          .sha1_thumbprint = "AA11",
          .sha256_thumbprint = "BB22",
          .not_before = at(11),
          .not_after = at(12),
          .verified = true,
          .verification_code = "C0DE",
          .created = at(13),
          .updated = at(14)};
}

inline EnrollmentCertificate enrollment_certificate(const std::string& mark) {
  return {bytes("der-" + mark), "sha1-" + mark, "sha256-" + mark};
}

inline EnrollmentSettings settings() {
  EnrollmentSettings made;
  made.attestation = {.type = AttestationType::x509,
                      .client_primary = enrollment_certificate("cp"),
                      .client_secondary = enrollment_certificate("cs"),
                      .signing_primary = enrollment_certificate("sp"),
                      .signing_secondary = enrollment_certificate("ss"),
                      .ca_primary = "ca-1",
                      .ca_secondary = "ca-2",
                      .primary_key = "a2V5MQ==",
                      .secondary_key = "a2V5Mg=="};
  made.enabled = false;
  made.iot_edge = true;
  made.reprovision = {.update_hub_assignment = false, .migrate_device_data = true};
  made.allocation = AllocationPolicy::custom;
  made.hubs = {service("hub-a"), service("Hub-B")};
  made.webhook_url = "https://example.test/allocate";
  made.webhook_api_version = "2019-03-31";
  made.initial_twin_json = R"({"tags":{"a":1}})";
  made.created = at(21);
  made.updated = at(22);
  return made;
}

inline IndividualEnrollment enrollment(std::string_view dps_name, std::string_view id) {
  return {service(dps_name), registration_id(id), "device-7", R"({"x":1})", settings()};
}
inline EnrollmentGroup group(std::string_view dps_name, std::string_view id) {
  return {service(dps_name), group_id(id), settings()};
}

inline Registration registration(std::string_view dps_name, std::string_view id) {
  return {.dps = service(dps_name),
          .id = registration_id(id),
          .group_id = "Pumps",
          .operation_id = "5.op." + std::string{id},
          .status = RegistrationStatus::assigned,
          .substatus = RegistrationSubstatus::device_data_migrated,
          .device_id = std::string{id},
          .assigned_hub = "hub-a.azure-devices.net",
          .attestation = AttestationType::symmetric_key,
          .payload_json = R"({"p":2})",
          .error_code = 401002,
          .error_message = "why",
          .created = at(31),
          .updated = at(32)};
}

inline DeviceIdentity identity(std::string_view hub_name, std::string_view id) {
  return {.hub = service(hub_name),
          .id = device_id(id),
          .generation_id = "638-" + std::string{id},
          .enabled = false,
          .status_reason = "lost",
          .status_updated = at(41),
          .auth = {.type = DeviceAuthType::self_signed,
                   .primary_thumbprint = "T1",
                   .secondary_thumbprint = "T2",
                   .primary_key = "K1",
                   .secondary_key = "K2",
                   .attested_ca_id = 5},
          .iot_edge = true,
          .device_scope = "ms-azure-iot-edge://x-1",
          .parent_scopes = {"ms-azure-iot-edge://a,b-1", "ms-azure-iot-edge://c-2"},
          .created = at(42)};
}

inline ModuleId module_id(std::string_view text) { return ModuleId::parse(text).value(); }
inline ModuleIdentity module(std::string_view hub_name, std::string_view device, std::string_view id) {
  return {.hub = service(hub_name),
          .device = device_id(device),
          .id = module_id(id),
          .generation_id = "639-" + std::string{id},
          .managed_by = "IotEdge",
          .auth = {.type = DeviceAuthType::sas,
                   .primary_thumbprint = "T3",
                   .secondary_thumbprint = "T4",
                   .primary_key = "K3",
                   .secondary_key = "K4"},
          .created = at(43)};
}

inline Twin twin(std::string_view hub_name, std::string_view id) {
  return {.hub = service(hub_name),
          .device = device_id(id),
          .module = {},
          .tags_json = R"({"t":1})",
          .desired_json = R"({"d":1})",
          .desired_metadata_json = R"({"dm":1})",
          .desired_version = 3,
          .reported_json = R"({"r":1})",
          .reported_metadata_json = R"({"rm":1})",
          .reported_version = 4,
          .model_id = "dtmi:x;1",
          .etag = 6,
          .version = 7};
}

inline auto fields(const Hub& x) {
  return std::tuple{std::string{x.name.str()}, x.location, x.number, x.partition_count, x.created, x.version};
}
inline auto fields(const DpsInstance& x) {
  std::vector<std::tuple<std::string, std::string, std::uint32_t, bool>> links;
  for (const LinkedHub& link : x.linked_hubs) {
    links.emplace_back(link.hub.str(), link.location, link.allocation_weight, link.apply_allocation_policy);
  }
  return std::tuple{
      std::string{x.name.str()}, x.id_scope, x.location, x.allocation_policy, links, x.created, x.version};
}
inline auto fields(const CaCertificate& x) {
  return std::tuple{x.id,
                    x.owner.kind,
                    std::string{x.owner.name.str()},
                    std::string{x.name.str()},
                    x.der,
                    x.subject,
                    x.sha1_thumbprint,
                    x.sha256_thumbprint,
                    x.not_before,
                    x.not_after,
                    x.verified,
                    x.verification_code,
                    x.created,
                    x.updated,
                    x.version};
}
inline auto fields(const std::optional<EnrollmentCertificate>& x) {
  return x ? std::tuple{true, x->der, x->sha1_thumbprint, x->sha256_thumbprint}
           : std::tuple{false, Bytes{}, std::string{}, std::string{}};
}
inline auto fields(const EnrollmentSettings& x) {
  std::vector<std::string> hubs;
  for (const ServiceName& name : x.hubs) hubs.emplace_back(name.str());
  const Attestation& a = x.attestation;
  return std::tuple{a.type,
                    fields(a.client_primary),
                    fields(a.client_secondary),
                    fields(a.signing_primary),
                    fields(a.signing_secondary),
                    a.ca_primary,
                    a.ca_secondary,
                    a.primary_key,
                    a.secondary_key,
                    x.enabled,
                    x.iot_edge,
                    x.reprovision.update_hub_assignment,
                    x.reprovision.migrate_device_data,
                    x.allocation,
                    hubs,
                    x.webhook_url,
                    x.webhook_api_version,
                    x.initial_twin_json,
                    x.created,
                    x.updated,
                    x.version};
}
inline auto fields(const IndividualEnrollment& x) {
  return std::tuple{std::string{x.dps.str()}, std::string{x.id.str()}, x.device_id,
                    x.optional_device_information_json, fields(x.settings)};
}
inline auto fields(const EnrollmentGroup& x) {
  return std::tuple{std::string{x.dps.str()}, std::string{x.id.str()}, fields(x.settings)};
}
inline auto fields(const Registration& x) {
  return std::tuple{std::string{x.dps.str()},
                    std::string{x.id.str()},
                    x.group_id,
                    x.operation_id,
                    x.status,
                    x.substatus,
                    x.device_id,
                    x.assigned_hub,
                    x.attestation,
                    x.payload_json,
                    x.error_code,
                    x.error_message,
                    x.created,
                    x.updated,
                    x.version};
}
inline auto fields(const DeviceIdentity& x) {
  const DeviceAuth& a = x.auth;
  return std::tuple{std::string{x.hub.str()},
                    std::string{x.id.str()},
                    x.generation_id,
                    x.enabled,
                    x.status_reason,
                    x.status_updated,
                    a.type,
                    a.primary_thumbprint,
                    a.secondary_thumbprint,
                    a.primary_key,
                    a.secondary_key,
                    a.attested_ca_id,
                    x.iot_edge,
                    x.device_scope,
                    x.parent_scopes,
                    x.created,
                    x.version};
}
inline auto fields(const ModuleIdentity& x) {
  const DeviceAuth& a = x.auth;
  return std::tuple{std::string{x.hub.str()},
                    std::string{x.device.str()},
                    std::string{x.id.str()},
                    x.generation_id,
                    x.managed_by,
                    a.type,
                    a.primary_thumbprint,
                    a.secondary_thumbprint,
                    a.primary_key,
                    a.secondary_key,
                    x.created,
                    x.version};
}
inline auto fields(const Twin& x) {
  return std::tuple{std::string{x.hub.str()},
                    std::string{x.device.str()},
                    x.module,
                    x.tags_json,
                    x.desired_json,
                    x.desired_metadata_json,
                    x.desired_version,
                    x.reported_json,
                    x.reported_metadata_json,
                    x.reported_version,
                    x.model_id,
                    x.etag,
                    x.version};
}

}  // namespace muster::registry::testing_values
