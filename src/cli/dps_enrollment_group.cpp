#include "cli/dps_enrollment_group.hpp"

#include "cli/commands.hpp"

#include <fmt/format.h>

namespace muster::cli {
namespace {

struct ListOptions {
  std::string dps;
};

Result<int> list(Invocation& invocation, const ListOptions& options) {
  MUSTER_TRY(const std::string host, invocation.host(ServiceKind::dps, options.dps));
  MUSTER_TRY(const Json groups,
             invocation.call_all_pages({.method = "POST",
                                        .host = host,
                                        .target = fmt::format("/enrollmentGroups/query?{}", kDpsApiVersion),
                                        .body = R"({"query":"SELECT *"})"}));
  print_enrollment_groups(invocation, groups);
  return 0;
}

Result<int> show(Invocation& invocation, const EnrollmentGroupOptions& options) {
  MUSTER_TRY(const Request request, enrollment_group_request(invocation, options, "GET"));
  MUSTER_TRY(const Json group, invocation.call(request));
  print_enrollment_groups(invocation, group);
  return 0;
}

Result<int> remove(Invocation& invocation, const EnrollmentGroupOptions& options) {
  MUSTER_TRY(Request request, enrollment_group_request(invocation, options, "DELETE"));
  request.headers.emplace_back("If-Match", options.etag.empty() ? "*" : options.etag);
  MUSTER_CHECK(invocation.call(request));
  return 0;
}

}  // namespace

void add_enrollment_group_id(Flags& flags, EnrollmentGroupOptions& options) {
  flags.text("--enrollment-id,--eid,--group-id", options.id, "ID", "Id of the enrollment group").required();
  add_service_name(flags, ServiceKind::dps, options.dps);
}

Result<Request> enrollment_group_request(Invocation& invocation, const EnrollmentGroupOptions& options,
                                         std::string method) {
  MUSTER_TRY(const std::string host, invocation.host(ServiceKind::dps, options.dps));
  return Request{
      .method = std::move(method),
      .host = host,
      .target = fmt::format("/enrollmentGroups/{}?{}", percent_encoded(options.id), kDpsApiVersion)};
}

void print_enrollment_groups(Invocation& invocation, const Json& value) {
  invocation.print(value, {{"EnrollmentGroupId", "enrollmentGroupId"},
                           {"Attestation", "attestation.type"},
                           {"CaName", "attestation.x509.caReferences.primary"},
                           {"Status", "provisioningStatus"},
                           {"Allocation", "allocationPolicy"},
                           {"Created", "createdDateTimeUtc"}});
}

void add_dps_enrollment_group(Commands& commands) {
  commands.verb<ListOptions>(
      "dps enrollment-group list",
      {.line = "List the enrollment groups",
       .about = "Shows each group with how its devices prove themselves and whether it is enabled. A device "
                "registers "
                "through the group that its certificate chains to.",
       .examples =
           "$ muster dps enrollment-group list -o table\n"
           "EnrollmentGroupId  Attestation  CaName              Status   Allocation  Created\n"
           "-----------------  -----------  ------------------  -------  ----------  --------------------\n"
           "my-device-group    x509         my-intermediate-ca  enabled  hashed      2026-01-21T10:30:00Z",
       .request = "POST /enrollmentGroups/query   {\"query\": \"SELECT *\"}"},
      [](Flags& flags, ListOptions& options) { add_service_name(flags, ServiceKind::dps, options.dps); },
      list);
  commands.verb<EnrollmentGroupOptions>(
      "dps enrollment-group show",
      {.line = "Show one enrollment group",
       .about = "Prints the group as the service has it, with its etag. Symmetric keys are not part of it.",
       .examples = "$ muster dps enrollment-group show --enrollment-id my-device-group",
       .request = "GET /enrollmentGroups/{id}"},
      add_enrollment_group_id, show);
  commands.verb<EnrollmentGroupOptions>(
      "dps enrollment-group delete",
      {.line = "Delete an enrollment group",
       .about = "Devices can no longer register through it. The identities that it has made at hubs stay.",
       .examples = "$ muster dps enrollment-group delete --enrollment-id my-device-group",
       .request = "DELETE /enrollmentGroups/{id}   If-Match: * or the etag"},
      [](Flags& flags, EnrollmentGroupOptions& options) {
        add_enrollment_group_id(flags, options);
        flags.text("--etag,-e", options.etag, "ETAG", "Only if it is still this version");
      },
      remove);
}

}  // namespace muster::cli
