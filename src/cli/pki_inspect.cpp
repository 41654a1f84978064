#include "cli/commands.hpp"
#include "cli/pki_files.hpp"
#include "cli/service_flags.hpp"

#include <fmt/format.h>

namespace muster::cli {
namespace {

struct Options {
  std::string file;
};

/// A file that holds a private key and no certificate: its kind is told, never the key.
Result<int> inspect_key(Invocation& invocation, const std::string& path, const std::string& text) {
  auto key = pki::PrivateKey::from_pem(text);
  if (!key) return failure(std::move(key).error().within(path));
  if (invocation.format() == Format::table) {
    invocation.shell().out << fmt::format("private key  {}\n", key->description());
  } else {
    invocation.print(Json::array({Json{{"privateKey", key->description()}}}));
  }
  return 0;
}

Result<int> inspect(Invocation& invocation, const Options& options) {
  Shell& shell = invocation.shell();
  MUSTER_TRY(const std::string text, read_text_file(shell, options.file));
  const bool has_certificate = text.find("CERTIFICATE-----") != std::string::npos;
  if (!has_certificate && text.find("PRIVATE KEY-----") != std::string::npos) {
    return inspect_key(invocation, options.file, text);
  }
  MUSTER_TRY(const auto certificates, read_certificates(shell, options.file));
  if (invocation.format() == Format::table) {
    bool first = true;
    for (const pki::Certificate& certificate : certificates) {
      shell.out << (first ? "" : "\n") << pki::describe(certificate);
      first = false;
    }
    return 0;
  }
  Json list = Json::array();
  for (const pki::Certificate& certificate : certificates) list.push_back(certificate_json(certificate));
  invocation.print(list);
  return 0;
}

}  // namespace

void add_pki_inspect(Commands& commands) {
  commands.verb<Options>(
      "pki inspect",
      {.line = "Show what is in a certificate or key file",
       .about = "Takes PEM with any number of certificates, DER, or a private key, of which only the kind "
                "is shown. Says who, by whom, until when, and what it may be used for.",
       .examples = "$ muster pki inspect certs/device/device.pem -o table",
       .request = ""},
      [](Flags& flags, Options& options) { flags.text("FILE", options.file, "FILE", "The file").required(); },
      inspect);
}

}  // namespace muster::cli
