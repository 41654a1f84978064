#include "cli/dps_enrollment.hpp"

#include "cli/commands.hpp"

#include <fmt/format.h>

namespace muster::cli {
namespace {

Result<int> list(Invocation& invocation, const EnrollmentNoun& noun, const EnrollmentOptions& options) {
  MUSTER_TRY(const std::string host, invocation.host(ServiceKind::dps, options.dps));
  MUSTER_TRY(const Json enrollments,
             invocation.call_all_pages({.method = "POST",
                                        .host = host,
                                        .target = fmt::format("/{}/query?{}", noun.path, kDpsApiVersion),
                                        .body = R"({"query":"SELECT *"})"}));
  print_enrollments(invocation, noun, enrollments);
  return 0;
}

Result<int> show(Invocation& invocation, const EnrollmentNoun& noun, const EnrollmentOptions& options) {
  MUSTER_TRY(const Request request, enrollment_request(invocation, noun, options, "GET"));
  MUSTER_TRY(Json enrollment, invocation.call(request));
  if (options.show_keys && text_at(enrollment, "attestation.type") == "symmetricKey") {
    MUSTER_TRY(enrollment["attestation"], enrollment_attestation(invocation, noun, options));
  }
  print_enrollments(invocation, noun, enrollment);
  return 0;
}

Result<int> remove(Invocation& invocation, const EnrollmentNoun& noun, const EnrollmentOptions& options) {
  MUSTER_TRY(Request request, enrollment_request(invocation, noun, options, "DELETE"));
  request.headers.emplace_back("If-Match", options.etag.empty() ? "*" : options.etag);
  MUSTER_CHECK(invocation.call(request));
  return 0;
}

Help list_help(const EnrollmentNoun& noun) {
  if (noun.is_group) {
    return {
        .line = "List the enrollment groups",
        .about =
            "Shows each group with how its devices prove themselves and whether it is enabled. A "
            "device registers "
            "through the group that its certificate chains to, or whose key its own was made of.",
        .examples =
            "$ muster dps enrollment-group list -o table\n"
            "EnrollmentGroupId  Attestation  CaName              Status   Allocation  Created\n"
            "-----------------  -----------  ------------------  -------  ----------  --------------------\n"
            "my-device-group    x509         my-intermediate-ca  enabled  hashed      2026-01-21T10:30:00Z",
        .request = "POST /enrollmentGroups/query   {\"query\": \"SELECT *\"}"};
  }
  return {.line = "List the individual enrollments",
          .about =
              "Shows each with how its device proves itself, and the hub that it has come to. A device "
              "that has one registers through it, whatever groups there are.",
          .examples =
              "$ muster dps enrollment list -o table\n"
              "RegistrationId  DeviceId  Attestation   Status   Hub                                Created\n"
              "--------------  --------  ------------  -------  ---------------------------------  "
              "--------------------\n"
              "my-device-001   pump-07   symmetricKey  enabled  my-iot-hub-x509.azure-devices.net  "
              "2026-01-21T10:30:00Z",
          .request = "POST /enrollments/query   {\"query\": \"SELECT *\"}"};
}

Help show_help(const EnrollmentNoun& noun) {
  return {.line = fmt::format("Show one {}", noun.title),
          .about =
              "Prints it as the service has it, with its etag. Symmetric keys are part of it with "
              "--show-keys alone.",
          .examples = fmt::format("$ muster dps {0} show --enrollment-id {1}\n"
                                  "$ muster dps {0} show --enrollment-id {1} --show-keys -o json",
                                  noun.word, noun.example),
          .request = fmt::format("GET /{0}/{{id}}\nPOST /{0}/{{id}}/attestationmechanism   with --show-keys",
                                 noun.path)};
}

Help delete_help(const EnrollmentNoun& noun) {
  return {
      .line = fmt::format("Delete an {}", noun.title),
      .about = noun.is_group
                   ? "Devices can no longer register through it. Their registrations, and the identities "
                     "that it has made at hubs, stay."
                   : "The device can no longer register through it; a group that fits takes it still. Its "
                     "registration, and its identity at the hub, stay.",
      .examples = fmt::format("$ muster dps {} delete --enrollment-id {}", noun.word, noun.example),
      .request = fmt::format("DELETE /{}/{{id}}   If-Match: * or the etag", noun.path)};
}

void add_noun(Commands& commands, const EnrollmentNoun& noun) {
  const auto of_noun = [&noun](auto run) {
    return [&noun, run](Invocation& invocation, const EnrollmentOptions& options) {
      return run(invocation, noun, options);
    };
  };
  commands.verb<EnrollmentOptions>(
      fmt::format("dps {} list", noun.word), list_help(noun),
      [](Flags& flags, EnrollmentOptions& options) {
        add_service_name(flags, ServiceKind::dps, options.dps);
      },
      of_noun(list));
  commands.verb<EnrollmentOptions>(
      fmt::format("dps {} show", noun.word), show_help(noun),
      [&noun](Flags& flags, EnrollmentOptions& options) {
        add_enrollment_id(flags, noun, options);
        flags.toggle("--show-keys,--keys", options.show_keys, "With the symmetric keys");
      },
      of_noun(show));
  commands.verb<EnrollmentOptions>(
      fmt::format("dps {} delete", noun.word), delete_help(noun),
      [&noun](Flags& flags, EnrollmentOptions& options) {
        add_enrollment_id(flags, noun, options);
        flags.text("--etag,-e", options.etag, "ETAG", "Only if it is still this version");
      },
      of_noun(remove));
}

}  // namespace

void add_enrollment_id(Flags& flags, const EnrollmentNoun& noun, EnrollmentOptions& options) {
  flags
      .text(
          noun.is_group ? "--enrollment-id,--eid,--group-id" : "--enrollment-id,--eid", options.id, "ID",
          noun.is_group ? "Id of the enrollment group" : "Id of the enrollment: the device's registration id")
      .required();
  add_service_name(flags, ServiceKind::dps, options.dps);
}

Result<Request> enrollment_request(Invocation& invocation, const EnrollmentNoun& noun,
                                   const EnrollmentOptions& options, std::string method,
                                   std::string_view action) {
  MUSTER_TRY(const std::string host, invocation.host(ServiceKind::dps, options.dps));
  return Request{
      .method = std::move(method),
      .host = host,
      .target = fmt::format("/{}/{}{}?{}", noun.path, percent_encoded(options.id), action, kDpsApiVersion)};
}

Result<Json> enrollment_attestation(Invocation& invocation, const EnrollmentNoun& noun,
                                    const EnrollmentOptions& options) {
  MUSTER_TRY(const Request request,
             enrollment_request(invocation, noun, options, "POST", "/attestationmechanism"));
  return invocation.call(request);
}

void print_enrollments(Invocation& invocation, const EnrollmentNoun& noun, const Json& value) {
  if (noun.is_group) {
    invocation.print(value, {{"EnrollmentGroupId", "enrollmentGroupId"},
                             {"Attestation", "attestation.type"},
                             {"CaName", "attestation.x509.caReferences.primary"},
                             {"Status", "provisioningStatus"},
                             {"Allocation", "allocationPolicy"},
                             {"Created", "createdDateTimeUtc"}});
    return;
  }
  invocation.print(value, {{"RegistrationId", "registrationId"},
                           {"DeviceId", "deviceId"},
                           {"Attestation", "attestation.type"},
                           {"Status", "provisioningStatus"},
                           {"Hub", "registrationState.assignedHub"},
                           {"Created", "createdDateTimeUtc"}});
}

void add_dps_enrollment(Commands& commands) {
  for (const EnrollmentNoun& noun : kEnrollmentNouns) add_noun(commands, noun);
}

}  // namespace muster::cli
