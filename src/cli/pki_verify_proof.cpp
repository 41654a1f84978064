#include "cli/commands.hpp"
#include "cli/pki_files.hpp"

#include <fmt/format.h>

#include <filesystem>

namespace muster::cli {
namespace {

struct Options {
  std::string ca, code, out;
  bool force = false;
};

Result<int> prove(Invocation& invocation, const Options& options) {
  Shell& shell = invocation.shell();
  const std::string ca_path = options.ca.empty() ? invocation.folder() + "/certs/root" : options.ca;
  MUSTER_TRY(const pki::Issued ca, read_ca(shell, ca_path));
  const std::string path =
      options.out.empty()
          ? (std::filesystem::path{ca_certificate_path(ca_path)}.parent_path() / "verification.pem").string()
          : options.out;
  const pki::IssueRequest request{.subject = options.code, .now = shell.clock.wall()};
  MUSTER_TRY(const pki::Issued proof, pki::issue_proof(request, ca, shell.random).map_error([](Error error) {
    return subject_error(std::move(error), "--code");
  }));
  // The proof's own key is thrown away: nobody will ask for it.
  MUSTER_CHECK(write_new_files(shell, {{path, proof.certificate.pem()}}, options.force));
  if (invocation.format() == Format::table) {
    const std::vector<std::pair<std::string, std::string>> lines{
        {"subject", proof.certificate.subject()}, {"issuer", proof.certificate.issuer()}, {"file", path}};
    write_labels(shell.out, lines);
    return 0;
  }
  Json object = certificate_json(proof.certificate);
  object["files"] = Json::array({path});
  invocation.print(object);
  return 0;
}

}  // namespace

void add_pki_verify_proof(Commands& commands) {
  commands.verb<Options>(
      "pki verify-proof",
      {.line = "Answer a verification code with a CA's key",
       .about = "Makes the certificate that `dps certificate verify` wants: its common name is the code, and "
                "the CA signs "
                "it. It is valid for one day.",
       .examples =
           "$ muster pki verify-proof --ca certs/root/root.pem --code 81D0C81D4B3F --out proof.pem -o table\n"
           "subject  CN=81D0C81D4B3F\nissuer   CN=My-Root-CA\nfile     proof.pem",
       .request = ""},
      [](Flags& flags, Options& options) {
        flags.text("--code", options.code, "CODE", "The code that generate-verification-code gave")
            .required();
        flags.text("--ca", options.ca, "CA",
                   "The CA to be verified: its .pem, with its .key beside; else certs/root in the world");
        flags.text("--out", options.out, "FILE", "Where to write it; else verification.pem beside the CA");
        flags.toggle("--force", options.force, "Write over a file that is there");
      },
      prove);
}

}  // namespace muster::cli
