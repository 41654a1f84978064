#pragma once

#include "cli/command.hpp"
#include "cli/service_flags.hpp"

#include <string>

namespace muster::cli {

/// The flags that all certificate commands share.
struct CertificateOptions {
  std::string service, name, path, etag;
  Switch verified;
};

void add_certificate_name(Flags& flags, ServiceKind kind, CertificateOptions& options);
Flag add_certificate_path(Flags& flags, CertificateOptions& options, const std::string& help);
void add_certificate_etag(Flags& flags, CertificateOptions& options);

/// ".../certificates/{name}{action}?api-version=...", for the host "management".
Result<std::string> certificate_target(Invocation& invocation, const ServiceNoun& noun,
                                       const CertificateOptions& options, std::string_view action = {});

/// The etag given, else the one that the certificate has at this moment.
Result<std::string> certificate_etag(Invocation& invocation, const ServiceNoun& noun,
                                     const CertificateOptions& options);

/// Base64 of the file's bytes, whatever they are: what az sends, and what the service takes apart.
Result<std::string> certificate_upload(Invocation& invocation, const std::string& path);

void print_certificates(Invocation& invocation, const Json& value);

}  // namespace muster::cli
