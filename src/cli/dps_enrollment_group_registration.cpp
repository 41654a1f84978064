#include "cli/commands.hpp"
#include "cli/dps_enrollment_group.hpp"

#include <fmt/format.h>

namespace muster::cli {
namespace {

struct Options {
  std::string dps, group, registration, etag;
};

void print_registrations(Invocation& invocation, const Json& value) {
  invocation.print(value, {{"DeviceID", "deviceId"},
                           {"Hub", "assignedHub"},
                           {"Created", "createdDateTimeUtc"},
                           {"RegistrationId", "registrationId"},
                           {"Status", "status"},
                           {"Substatus", "substatus"},
                           {"Updated", "lastUpdatedDateTimeUtc"}});
}

Result<Request> registration_request(Invocation& invocation, const Options& options, std::string method) {
  MUSTER_TRY(const std::string host, invocation.host(ServiceKind::dps, options.dps));
  return Request{
      .method = std::move(method),
      .host = host,
      .target = fmt::format("/registrations/{}?{}", percent_encoded(options.registration), kDpsApiVersion)};
}

Result<int> list(Invocation& invocation, const Options& options) {
  MUSTER_TRY(const std::string host, invocation.host(ServiceKind::dps, options.dps));
  MUSTER_TRY(
      const Json registrations,
      invocation.call_all_pages({.method = "POST",
                                 .host = host,
                                 .target = fmt::format("/registrations/{}/query?{}",
                                                       percent_encoded(options.group), kDpsApiVersion)}));
  print_registrations(invocation, registrations);
  return 0;
}

Result<int> show(Invocation& invocation, const Options& options) {
  MUSTER_TRY(const Request request, registration_request(invocation, options, "GET"));
  MUSTER_TRY(const Json registration, invocation.call(request));
  print_registrations(invocation, registration);
  return 0;
}

Result<int> remove(Invocation& invocation, const Options& options) {
  MUSTER_TRY(Request request, registration_request(invocation, options, "DELETE"));
  request.headers.emplace_back("If-Match", options.etag.empty() ? "*" : options.etag);
  MUSTER_CHECK(invocation.call(request));
  return 0;
}

void add_registration_id(Flags& flags, Options& options) {
  flags.text("--registration-id,--rid", options.registration, "ID", "Id of the registration").required();
  add_service_name(flags, ServiceKind::dps, options.dps);
}

}  // namespace

void add_dps_enrollment_group_registration(Commands& commands) {
  commands.verb<Options>(
      "dps enrollment-group registration list",
      {.line = "List the devices that registered through a group",
       .about = "Shows each device with the hub that it was assigned to. A device that registers again keeps "
                "its record.",
       .examples = "$ muster dps enrollment-group registration list --enrollment-id my-device-group -o table",
       .request = "POST /registrations/{group}/query"},
      [](Flags& flags, Options& options) {
        flags.text("--enrollment-id,--eid,--group-id", options.group, "ID", "Id of the enrollment group")
            .required();
        add_service_name(flags, ServiceKind::dps, options.dps);
      },
      list);
  commands.verb<Options>(
      "dps enrollment-group registration show",
      {.line = "Show one registration",
       .about = "Prints what DPS remembers of a device: its hub, its id there, and how registering "
                "went. The device itself gets the same.",
       .examples = "$ muster dps enrollment-group registration show --rid my-device-001",
       .request = "GET /registrations/{id}"},
      add_registration_id, show);
  commands.verb<Options>(
      "dps enrollment-group registration delete",
      {.line = "Forget a registration",
       .about = "The device registers as a new one the next time. Its identity at the hub stays.",
       .examples = "$ muster dps enrollment-group registration delete --rid my-device-001",
       .request = "DELETE /registrations/{id}   If-Match: * or the etag"},
      [](Flags& flags, Options& options) {
        add_registration_id(flags, options);
        flags.text("--etag,-e", options.etag, "ETAG", "Only if it is still this version");
      },
      remove);
}

}  // namespace muster::cli
