#include "cli/commands.hpp"
#include "cli/dps_enrollment.hpp"

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

void add_registration_id(Flags& flags, const EnrollmentNoun& noun, Options& options) {
  // az asks for the enrollment's id where the two are the same.
  flags
      .text(noun.is_group ? "--registration-id,--rid" : "--enrollment-id,--eid,--registration-id,--rid",
            options.registration, "ID", "Id of the registration")
      .required();
  add_service_name(flags, ServiceKind::dps, options.dps);
}

void add_list(Commands& commands) {
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
}

void add_noun(Commands& commands, const EnrollmentNoun& noun) {
  const std::string_view flag = noun.is_group ? "--rid" : "--eid";
  commands.verb<Options>(
      fmt::format("dps {} registration show", noun.word),
      {.line = "Show one registration",
       .about = "Prints what DPS remembers of a device: its hub, its id there, and how registering "
                "went. The device itself gets the same.",
       .examples = fmt::format("$ muster dps {} registration show {} my-device-001", noun.word, flag),
       .request = "GET /registrations/{id}"},
      [&noun](Flags& flags, Options& options) { add_registration_id(flags, noun, options); }, show);
  commands.verb<Options>(
      fmt::format("dps {} registration delete", noun.word),
      {.line = "Forget a registration",
       .about = "The device registers as a new one the next time. Its identity at the hub stays.",
       .examples = fmt::format("$ muster dps {} registration delete {} my-device-001", noun.word, flag),
       .request = "DELETE /registrations/{id}   If-Match: * or the etag"},
      [&noun](Flags& flags, Options& options) {
        add_registration_id(flags, noun, options);
        flags.text("--etag,-e", options.etag, "ETAG", "Only if it is still this version");
      },
      remove);
}

}  // namespace

void add_dps_enrollment_registration(Commands& commands) {
  add_list(commands);
  for (const EnrollmentNoun& noun : kEnrollmentNouns) add_noun(commands, noun);
}

}  // namespace muster::cli
