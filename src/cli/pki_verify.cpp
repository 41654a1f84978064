#include "cli/commands.hpp"
#include "cli/pki_files.hpp"
#include "pki/verify.hpp"

#include <fmt/format.h>

namespace muster::cli {
namespace {

struct Options {
  std::string file, ca, purpose = "client";
  std::vector<std::string> untrusted;
};

/// What stands between leaf and anchor: what was named, else the world's intermediate; and the rest of the
/// leaf's file.
Result<std::vector<pki::Certificate>> untrusted_of(Invocation& invocation, const Options& options) {
  Shell& shell = invocation.shell();
  std::vector<pki::Certificate> pool;
  std::vector<std::string> paths = options.untrusted;
  if (paths.empty()) {
    const std::string path = invocation.folder() + "/certs/intermediate/intermediate.pem";
    MUSTER_TRY(const bool exists, shell.disk.exists(path));
    if (exists) paths.push_back(path);
  }
  for (const std::string& path : paths) {
    MUSTER_TRY(const auto certificates, read_certificates(shell, path));
    pool.insert(pool.end(), certificates.begin(), certificates.end());
  }
  return pool;
}

Json rows_of(const pki::PathVerdict& verdict) {
  Json rows = Json::array();
  for (std::size_t depth = 0; depth < verdict.path.size(); ++depth) {
    const pki::Certificate& certificate = verdict.path[depth];
    std::string judged = "good";
    for (const pki::PathFault& fault : verdict.faults) {
      if (fault.depth == depth) judged = fmt::format("{}: {}", error_id(fault.code), fault.reason);
    }
    Json row{{"depth", depth}};
    row.update(certificate_json(certificate));
    row["verdict"] = judged;
    rows.push_back(row);
  }
  return rows;
}

Result<int> verify(Invocation& invocation, const Options& options) {
  Shell& shell = invocation.shell();
  const std::string anchor_path = options.ca.empty() ? invocation.folder() + "/certs/root" : options.ca;
  MUSTER_TRY(const auto given, read_certificates(shell, options.file));
  MUSTER_TRY(const auto anchors, read_certificates(shell, ca_certificate_path(anchor_path)));
  MUSTER_TRY(auto untrusted, untrusted_of(invocation, options));
  untrusted.insert(untrusted.end(), given.begin() + 1, given.end());
  const auto purpose = options.purpose == "server" ? pki::Purpose::server : pki::Purpose::client;
  const pki::PathVerdict verdict =
      pki::verify_path(given.front(), untrusted, anchors.front(), shell.clock.wall(), purpose);
  const Json rows = rows_of(verdict);
  const bool good = verdict.faults.empty();
  if (invocation.format() == Format::table || invocation.format() == Format::tsv) {
    invocation.print(
        rows, {{"Depth", "depth"}, {"Subject", "subject"}, {"NotAfter", "notAfter"}, {"Verdict", "verdict"}});
  } else {
    invocation.print(Json{{"verified", good}, {"anchor", anchors.front().subject()}, {"path", rows}});
  }
  if (good) return 0;
  const pki::PathFault& fault = verdict.faults.front();
  return failure(ErrorCode{fault.code}, fault.reason);
}

}  // namespace

void add_pki_verify(Commands& commands) {
  commands.verb<Options>(
      "pki verify",
      {.line = "Judge a certificate as the service would",
       .about = "Builds the chain from the certificate to one trusted CA and judges signatures, dates, CA "
                "flags, path "
                "length and purpose. Ends with 5 when it is refused, and says at which certificate and why.",
       .examples = "$ muster pki verify certs/device/device.pem --ca certs/root/root.pem "
                   "--untrusted certs/intermediate/intermediate.pem -o table",
       .request = ""},
      [](Flags& flags, Options& options) {
        flags.text("FILE", options.file, "FILE", "The certificate; others in the file count as untrusted")
            .required();
        flags.text("--ca,--trusted", options.ca, "CA",
                   "The one CA that is trusted; else certs/root in the world");
        flags.repeated("--untrusted", options.untrusted, "FILE",
                       "Certificates in between; else certs/intermediate in the world; may be given again");
        flags.choice("--purpose", options.purpose, {"client", "server"},
                     "What it is to be used for; else client");
      },
      verify);
}

}  // namespace muster::cli
