#include "cli/service_certificate.hpp"

#include "base/bytes.hpp"
#include "cli/commands.hpp"

#include <fmt/format.h>

namespace muster::cli {
namespace {

Request management(std::string method, std::string target) {
  return {.method = std::move(method), .host = std::string{kManagementHost}, .target = std::move(target)};
}

Result<int> put(Invocation& invocation, const ServiceNoun& noun, const CertificateOptions& options,
                const std::string& etag) {
  MUSTER_TRY(const std::string certificate, certificate_upload(invocation, options.path));
  MUSTER_TRY(const std::string target, certificate_target(invocation, noun, options));
  Json properties{{"certificate", certificate}};
  if (options.verified.is_set()) properties["isVerified"] = options.verified.value();
  Request request = management("PUT", target);
  request.body = dump(Json{{"properties", properties}});
  if (!etag.empty()) request.headers.emplace_back("If-Match", etag);
  MUSTER_TRY(const Json answer, invocation.call(request));
  print_certificates(invocation, answer);
  return 0;
}

/// PUT replaces, so a name that is taken is refused here, as az does it.
Result<int> create(Invocation& invocation, const ServiceNoun& noun, const CertificateOptions& options) {
  MUSTER_TRY(const std::string target, certificate_target(invocation, noun, options));
  const auto existing = invocation.call(management("GET", target));
  if (existing) {
    return failure(
        Error{ErrorCode::resource_exists, fmt::format("certificate {} is there already", options.name)}
            .with_remedy(fmt::format("Use another --name, or `muster {} certificate update`.", noun.word)));
  }
  if (existing.error().code() != ErrorCode::resource_not_found) return failure(existing.error());
  return put(invocation, noun, options, "");
}

Result<int> update(Invocation& invocation, const ServiceNoun& noun, const CertificateOptions& options) {
  MUSTER_TRY(const std::string etag, certificate_etag(invocation, noun, options));
  return put(invocation, noun, options, etag);
}

Result<int> list(Invocation& invocation, const ServiceNoun& noun, const CertificateOptions& options) {
  MUSTER_TRY(const std::string path, invocation.resource_path(noun.kind, options.service));
  MUSTER_TRY(const Json answer,
             invocation.call(
                 management("GET", fmt::format("{}/certificates?api-version={}", path, noun.api_version))));
  print_certificates(invocation, answer);
  return 0;
}

Result<int> show(Invocation& invocation, const ServiceNoun& noun, const CertificateOptions& options) {
  MUSTER_TRY(const std::string target, certificate_target(invocation, noun, options));
  MUSTER_TRY(const Json answer, invocation.call(management("GET", target)));
  print_certificates(invocation, answer);
  return 0;
}

Result<int> remove(Invocation& invocation, const ServiceNoun& noun, const CertificateOptions& options) {
  MUSTER_TRY(const std::string etag, certificate_etag(invocation, noun, options));
  MUSTER_TRY(const std::string target, certificate_target(invocation, noun, options));
  Request request = management("DELETE", target);
  request.headers.emplace_back("If-Match", etag);
  MUSTER_CHECK(invocation.call(request));
  return 0;
}

std::string rest_of(const ServiceNoun& noun, std::string_view method, std::string_view name) {
  return fmt::format(
      "{} /subscriptions/{{s}}/resourceGroups/{{rg}}/providers/Microsoft.Devices/{}/{{name}}"
      "/certificates{}",
      method, resource_type(noun.kind), name);
}

Help create_help(const ServiceNoun& noun) {
  return {
      .line = fmt::format("Upload a CA certificate to a {}", noun.title),
      .about =
          "An uploaded certificate authorises nobody until it is verified. Either prove that you hold its "
          "key "
          "(generate-verification-code, pki verify-proof, verify), or vouch for it with --verified.",
      .examples = fmt::format(
          "$ muster {} certificate create --name my-root-ca --path certs/root/root.pem --verified -o table\n"
          "Name        Verified  Subject        Expiry                         Thumbprint\n"
          "----------  --------  -------------  -----------------------------  ----------\n"
          "my-root-ca  True      CN=My-Root-CA  Tue, 22 Nov 2036 13:40:00 GMT  5C1E...",
          noun.word),
      .request = rest_of(noun, "PUT", "/{certificate}")};
}

void add_create(Commands& commands, const ServiceNoun& noun) {
  const auto declare = [&noun](Flags& flags, CertificateOptions& options) {
    add_certificate_name(flags, noun.kind, options);
    add_certificate_path(flags, options, "The certificate: a .pem or .cer file").required();
    flags.on_off("--verified,-v", options.verified, "Vouch for it, without proof of possession");
  };
  commands.verb<CertificateOptions>(fmt::format("{} certificate create", noun.word), create_help(noun),
                                    declare,
                                    [&noun](Invocation& invocation, const CertificateOptions& options) {
                                      return create(invocation, noun, options);
                                    });
  commands.verb<CertificateOptions>(
      fmt::format("{} certificate update", noun.word),
      {.line = "Replace an uploaded CA certificate",
       .about = "The new certificate has to be verified again unless --verified vouches for it. Devices that "
                "chain to "
                "the old one are no longer accepted.",
       .examples =
           fmt::format("$ muster {} certificate update --name my-root-ca --path new-root.pem", noun.word),
       .request = rest_of(noun, "PUT", "/{certificate}") + "   If-Match: the etag"},
      [declare](Flags& flags, CertificateOptions& options) {
        declare(flags, options);
        add_certificate_etag(flags, options);
      },
      [&noun](Invocation& invocation, const CertificateOptions& options) {
        return update(invocation, noun, options);
      });
}

void add_reading(Commands& commands, const ServiceNoun& noun) {
  commands.verb<CertificateOptions>(
      fmt::format("{} certificate list", noun.word),
      {.line = fmt::format("List the CA certificates of a {}", noun.title),
       .about = "Shows which are verified and when they expire. Only a verified one authorises devices.",
       .examples = fmt::format("$ muster {} certificate list -o table", noun.word),
       .request = rest_of(noun, "GET", "")},
      [&noun](Flags& flags, CertificateOptions& options) {
        add_service_name(flags, noun.kind, options.service);
      },
      [&noun](Invocation& invocation, const CertificateOptions& options) {
        return list(invocation, noun, options);
      });
  commands.verb<CertificateOptions>(
      fmt::format("{} certificate show", noun.word),
      {.line = "Show one CA certificate",
       .about = "Prints it with its etag, which later changes may name. The certificate itself is in the "
                "JSON as base64.",
       .examples = fmt::format("$ muster {} certificate show --name my-root-ca", noun.word),
       .request = rest_of(noun, "GET", "/{certificate}")},
      [&noun](Flags& flags, CertificateOptions& options) { add_certificate_name(flags, noun.kind, options); },
      [&noun](Invocation& invocation, const CertificateOptions& options) {
        return show(invocation, noun, options);
      });
}

void add_delete(Commands& commands, const ServiceNoun& noun) {
  commands.verb<CertificateOptions>(
      fmt::format("{} certificate delete", noun.word),
      {.line = "Delete an uploaded CA certificate",
       .about =
           "Devices that chain to it are no longer accepted. A certificate that an enrollment group names is "
           "refused until the group is changed.",
       .examples = fmt::format("$ muster {} certificate delete --name my-root-ca", noun.word),
       .request = rest_of(noun, "DELETE", "/{certificate}") + "   If-Match: the etag"},
      [&noun](Flags& flags, CertificateOptions& options) {
        add_certificate_name(flags, noun.kind, options);
        add_certificate_etag(flags, options);
      },
      [&noun](Invocation& invocation, const CertificateOptions& options) {
        return remove(invocation, noun, options);
      });
}

}  // namespace

void add_certificate_name(Flags& flags, ServiceKind kind, CertificateOptions& options) {
  flags.text("--name,-n,--certificate-name", options.name, "NAME", "Name of the certificate").required();
  add_service_name(flags, kind, options.service, false);
}

Flag add_certificate_path(Flags& flags, CertificateOptions& options, const std::string& help) {
  return flags.text("--path,-p", options.path, "FILE", help);
}

void add_certificate_etag(Flags& flags, CertificateOptions& options) {
  flags.text("--etag,-e", options.etag, "ETAG",
             "Only if it is still this version; else whatever is there now");
}

Result<std::string> certificate_target(Invocation& invocation, const ServiceNoun& noun,
                                       const CertificateOptions& options, std::string_view action) {
  MUSTER_TRY(const std::string path, invocation.resource_path(noun.kind, options.service));
  return fmt::format("{}/certificates/{}{}?api-version={}", path, percent_encoded(options.name), action,
                     noun.api_version);
}

Result<std::string> certificate_etag(Invocation& invocation, const ServiceNoun& noun,
                                     const CertificateOptions& options) {
  if (!options.etag.empty()) return options.etag;
  MUSTER_TRY(const std::string target, certificate_target(invocation, noun, options));
  MUSTER_TRY(const Json answer, invocation.call(management("GET", target)));
  return text_at(answer, "etag");
}

Result<std::string> certificate_upload(Invocation& invocation, const std::string& path) {
  MUSTER_TRY(const std::string text, read_text_file(invocation.shell(), path));
  return to_base64(as_bytes(text));
}

void print_certificates(Invocation& invocation, const Json& value) {
  invocation.print(value, {{"Name", "name"},
                           {"Verified", "properties.isVerified"},
                           {"Subject", "properties.subject"},
                           {"Expiry", "properties.expiry"},
                           {"Thumbprint", "properties.thumbprint"}});
}

void add_service_certificate(Commands& commands) {
  for (const ServiceNoun& noun : kServiceNouns) {
    add_create(commands, noun);
    add_reading(commands, noun);
    add_delete(commands, noun);
  }
}

}  // namespace muster::cli
