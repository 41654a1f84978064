#include "cli/commands.hpp"
#include "cli/dps_enrollment_group.hpp"

namespace muster::cli {
namespace {

Result<int> update(Invocation& invocation, const EnrollmentGroupOptions& options) {
  MUSTER_TRY(const Request read, enrollment_group_request(invocation, options, "GET"));
  MUSTER_TRY(Json group, invocation.call(read));
  MUSTER_CHECK(apply_enrollment_group_settings(invocation, options, group));
  MUSTER_TRY(Request write, enrollment_group_request(invocation, options, "PUT"));
  write.body = dump(group);
  write.headers.emplace_back("If-Match", options.etag.empty() ? "*" : options.etag);
  MUSTER_TRY(const Json answer, invocation.call(write));
  print_enrollment_groups(invocation, answer);
  return 0;
}

}  // namespace

void add_dps_enrollment_group_update(Commands& commands) {
  commands.verb<EnrollmentGroupOptions>(
      "dps enrollment-group update",
      {.line = "Change an enrollment group",
       .about = "Reads the group, changes what the flags name, and writes it back. Devices that are "
                "registered notice at "
                "their next registration.",
       .examples = "$ muster dps enrollment-group update --enrollment-id my-device-group "
                   "--provisioning-status disabled",
       .request = "GET /enrollmentGroups/{id}\nPUT /enrollmentGroups/{id}   If-Match: * or the etag"},
      [](Flags& flags, EnrollmentGroupOptions& options) {
        add_enrollment_group_id(flags, options);
        flags.text("--etag,-e", options.etag, "ETAG", "Only if it is still this version");
        add_enrollment_group_settings(flags, options);
      },
      update);
}

}  // namespace muster::cli
