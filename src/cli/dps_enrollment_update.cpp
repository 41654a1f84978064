#include "cli/commands.hpp"
#include "cli/dps_enrollment.hpp"

#include <fmt/format.h>

namespace muster::cli {
namespace {

/// A pair of keys is replaced as a pair: to rotate one, the other is read first (az does the same).
Result<EnrollmentOptions> with_both_keys(Invocation& invocation, const EnrollmentNoun& noun,
                                         EnrollmentOptions options, const Json& enrollment) {
  const bool one_given = options.primary_key.empty() != options.secondary_key.empty();
  if (!one_given || text_at(enrollment, "attestation.type") != "symmetricKey") return options;
  MUSTER_TRY(const Json stored, enrollment_attestation(invocation, noun, options));
  if (options.primary_key.empty()) options.primary_key = text_at(stored, "symmetricKey.primaryKey");
  if (options.secondary_key.empty()) options.secondary_key = text_at(stored, "symmetricKey.secondaryKey");
  return options;
}

Result<int> update(Invocation& invocation, const EnrollmentNoun& noun, const EnrollmentOptions& given) {
  MUSTER_TRY(const Request read, enrollment_request(invocation, noun, given, "GET"));
  MUSTER_TRY(Json enrollment, invocation.call(read));
  MUSTER_TRY(const EnrollmentOptions options, with_both_keys(invocation, noun, given, enrollment));
  MUSTER_CHECK(apply_enrollment_settings(invocation, noun, options, enrollment));
  MUSTER_TRY(Request write, enrollment_request(invocation, noun, options, "PUT"));
  write.body = dump(enrollment);
  write.headers.emplace_back("If-Match", options.etag.empty() ? "*" : options.etag);
  MUSTER_TRY(const Json answer, invocation.call(write));
  print_enrollments(invocation, noun, answer);
  return 0;
}

Help help_of(const EnrollmentNoun& noun) {
  return {
      .line = fmt::format("Change an {}", noun.title),
      .about = fmt::format("Reads the {}, changes what the flags name, and writes it back. Devices that are "
                           "registered notice at their next registration. Of a pair of keys, "
                           "certificates or CA names each may be replaced alone.",
                           noun.title),
      .examples = fmt::format("$ muster dps {0} update --enrollment-id {1} --provisioning-status disabled\n"
                              "$ muster dps {0} update --enrollment-id {1} --reprovision-policy never",
                              noun.word, noun.example),
      .request = fmt::format("GET /{0}/{{id}}\nPUT /{0}/{{id}}   If-Match: * or the etag", noun.path)};
}

void add_noun(Commands& commands, const EnrollmentNoun& noun) {
  commands.verb<EnrollmentOptions>(
      fmt::format("dps {} update", noun.word), help_of(noun),
      [&noun](Flags& flags, EnrollmentOptions& options) {
        add_enrollment_id(flags, noun, options);
        flags.text("--etag,-e", options.etag, "ETAG", "Only if it is still this version");
        add_enrollment_settings(flags, noun, options);
      },
      [&noun](Invocation& invocation, const EnrollmentOptions& options) {
        return update(invocation, noun, options);
      });
}

}  // namespace

void add_dps_enrollment_update(Commands& commands) {
  for (const EnrollmentNoun& noun : kEnrollmentNouns) add_noun(commands, noun);
}

}  // namespace muster::cli
