#include "cli/commands.hpp"
#include "cli/dps_enrollment.hpp"
#include "protocol/hub/sas_token.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace muster::cli {
namespace {

struct Options {
  EnrollmentOptions group;
  std::string registration, key;
};

const EnrollmentNoun& group_noun() {
  return *std::ranges::find(kEnrollmentNouns, true, &EnrollmentNoun::is_group);
}

/// The key given, else the group's primary one.
Result<std::string> group_key(Invocation& invocation, const Options& options) {
  if (!options.key.empty()) return options.key;
  if (options.group.id.empty()) {
    return failure(
        Error{ErrorCode::usage, "neither --symmetric-key nor --enrollment-id is given"}.with_remedy(
            "Give the group's key, or the id of a group whose key is read."));
  }
  MUSTER_TRY(const Json attestation, enrollment_attestation(invocation, group_noun(), options.group));
  std::string key = text_at(attestation, "symmetricKey.primaryKey");
  if (!key.empty()) return key;
  return failure(
      Error{ErrorCode::usage, fmt::format("enrollment group {} has attestation {}, which has no keys",
                                          options.group.id, text_at(attestation, "type"))}
          .with_remedy("Name a group with attestation symmetricKey."));
}

Result<int> compute(Invocation& invocation, const Options& options) {
  MUSTER_TRY(const std::string key, group_key(invocation, options));
  const auto derived = hub::derive_device_key(key, options.registration);
  if (!derived) {
    // The key itself is a secret, and stays out of what may be logged.
    return failure(Error{ErrorCode::usage, "the group's key is not base64"}.with_remedy(
        "Copy it whole: `muster dps enrollment-group show --show-keys -o json` prints it."));
  }
  const Format format = invocation.format();
  if (format == Format::json || format == Format::jsonc) {
    invocation.print(Json(*derived));
  } else {
    invocation.shell().out << *derived << '\n';
  }
  return 0;
}

}  // namespace

void add_dps_enrollment_group_compute_device_key(Commands& commands) {
  commands.verb<Options>(
      "dps enrollment-group compute-device-key",
      {.line = "Make a device's key of its group's",
       .about =
           "Signs the registration id, as it is spelled, by the group's key (HMAC-SHA256). The device gets "
           "the result and "
           "never the group's key. With --symmetric-key nothing is asked of a service.",
       .examples =
           "$ muster dps enrollment-group compute-device-key --enrollment-id pumps --registration-id "
           "pump-07\n"
           "$ muster dps enrollment-group compute-device-key --registration-id "
           "sn-007-888-abc-mac-a1-b2-c3-d4-e5-f6 "
           "--symmetric-key "
           "8isrFI1sGsIlvvFSSFRiMfCNzv21fjbE/+ah/lSh3lF8e2YG1Te7w1KpZhJFFXJrqYKi9yegxkqIChbqOS9Egw== -o tsv\n"
           "Jsm0lyGpjaVYVP2g3FnmnmG9dI/9qU24wNoykUmermc=",
       .request = "POST /enrollmentGroups/{id}/attestationmechanism   without --symmetric-key"},
      [](Flags& flags, Options& options) {
        flags.text("--registration-id,--rid", options.registration, "ID", "The device's registration id")
            .required();
        flags.text("--symmetric-key,--key", options.key, "KEY", "The group's key, base64; else it is read");
        flags.text("--enrollment-id,--eid,--group-id", options.group.id, "ID", "The group whose key is read");
        add_service_name(flags, ServiceKind::dps, options.group.dps);
      },
      compute);
}

}  // namespace muster::cli
