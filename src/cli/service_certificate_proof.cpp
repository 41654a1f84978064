#include "cli/commands.hpp"
#include "cli/service_certificate.hpp"

#include <fmt/format.h>

namespace muster::cli {
namespace {

Result<int> post(Invocation& invocation, const ServiceNoun& noun, const CertificateOptions& options,
                 std::string_view action, std::string body) {
  MUSTER_TRY(const std::string etag, certificate_etag(invocation, noun, options));
  MUSTER_TRY(const std::string target, certificate_target(invocation, noun, options, action));
  MUSTER_TRY(const Json answer, invocation.call({.method = "POST",
                                                 .host = std::string{kManagementHost},
                                                 .target = target,
                                                 .body = std::move(body),
                                                 .headers = {{"If-Match", etag}}}));
  if (action == "/verify") {
    print_certificates(invocation, answer);
  } else {
    invocation.print(answer, {{"Name", "name"}, {"VerificationCode", "properties.verificationCode"}});
  }
  return 0;
}

Result<int> generate_code(Invocation& invocation, const ServiceNoun& noun,
                          const CertificateOptions& options) {
  return post(invocation, noun, options, "/generateVerificationCode", "");
}

Result<int> verify(Invocation& invocation, const ServiceNoun& noun, const CertificateOptions& options) {
  MUSTER_TRY(const std::string certificate, certificate_upload(invocation, options.path));
  return post(invocation, noun, options, "/verify", dump(Json{{"certificate", certificate}}));
}

std::string rest_of(const ServiceNoun& noun, std::string_view action) {
  return fmt::format(
      "POST /subscriptions/{{s}}/resourceGroups/{{rg}}/providers/Microsoft.Devices/{}/{{name}}"
      "/certificates/{{certificate}}{}   If-Match: the etag",
      resource_type(noun.kind), action);
}

void add_generate(Commands& commands, const ServiceNoun& noun) {
  commands.verb<CertificateOptions>(
      fmt::format("{} certificate generate-verification-code", noun.word),
      {.line = "Ask for a code that only the holder of a CA's key can answer",
       .about = "The answer is a certificate whose common name is the code, signed by the CA: `muster pki "
                "verify-proof` "
                "makes it. Each call makes a new code; the one before is no longer good.",
       .examples =
           fmt::format("$ muster {} certificate generate-verification-code --name my-root-ca -o table\n"
                       "Name        VerificationCode\n"
                       "----------  ------------------------------------------------\n"
                       "my-root-ca  81D0C81D4B3FC27D38F36A4C9BDB8C1E6B5BF2F6C2A94C0A",
                       noun.word),
       .request = rest_of(noun, "/generateVerificationCode")},
      [&noun](Flags& flags, CertificateOptions& options) {
        add_certificate_name(flags, noun.kind, options);
        add_certificate_etag(flags, options);
      },
      [&noun](Invocation& invocation, const CertificateOptions& options) {
        return generate_code(invocation, noun, options);
      });
}

void add_verify(Commands& commands, const ServiceNoun& noun) {
  commands.verb<CertificateOptions>(
      fmt::format("{} certificate verify", noun.word),
      {.line = "Answer a verification code, and so verify a CA certificate",
       .about = "The file is the certificate that `muster pki verify-proof` (or openssl) made for the code. "
                "From then on "
                "the CA authorises devices.",
       .examples = fmt::format("$ muster {} certificate verify --name my-root-ca --path proof.pem -o table",
                               noun.word),
       .request = rest_of(noun, "/verify")},
      [&noun](Flags& flags, CertificateOptions& options) {
        add_certificate_name(flags, noun.kind, options);
        add_certificate_path(flags, options, "The certificate that answers the code").required();
        add_certificate_etag(flags, options);
      },
      [&noun](Invocation& invocation, const CertificateOptions& options) {
        return verify(invocation, noun, options);
      });
}

}  // namespace

void add_service_certificate_proof(Commands& commands) {
  for (const ServiceNoun& noun : kServiceNouns) {
    add_generate(commands, noun);
    add_verify(commands, noun);
  }
}

}  // namespace muster::cli
