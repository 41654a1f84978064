#include "cli/commands.hpp"
#include "cli/pki_files.hpp"
#include "pki/verify.hpp"

#include <fmt/format.h>

#include <filesystem>

namespace muster::cli {
namespace {

struct Options {
  std::string subject, out, ca;
  std::string key = "p256";
  int days = 0;
  bool force = false;
};

/// What differs between the three: the tutorial's names, lifetimes and order.
struct Profile {
  std::string_view name;     ///< File and folder name, and the command's last word.
  std::string_view subject;  ///< The tutorial's.
  int days;
  std::string_view issuer;  ///< Folder of the default CA; empty for the root.
};
constexpr Profile kRoot{"root", "/CN=My-Root-CA", 3650, ""};
constexpr Profile kIntermediate{"intermediate", "/CN=My-Intermediate-CA", 1825, "root"};
constexpr Profile kDevice{"device", "/CN=my-device-001", 365, "intermediate"};

constexpr int kDaysMax = 36'500;
constexpr std::size_t kChainMax = 8;

std::string certs_folder(Invocation& invocation, std::string_view name) {
  return fmt::format("{}/certs/{}", invocation.folder(), name);
}

std::string ca_path(Invocation& invocation, const Profile& profile, const Options& options) {
  return options.ca.empty() ? certs_folder(invocation, profile.issuer) : options.ca;
}

Result<pki::Issued> issue(Invocation& invocation, const Profile& profile, const Options& options) {
  Shell& shell = invocation.shell();
  const auto type = pki::parse_key_type(options.key);
  if (!type) return failure(ErrorCode::usage, "--key wants p256, rsa2048, rsa3072 or rsa4096");
  const pki::IssueRequest request{
      .subject = options.subject.empty() ? std::string{profile.subject} : options.subject,
      .key = *type,
      .lifetime = std::chrono::hours{24} * (options.days == 0 ? profile.days : options.days),
      .now = shell.clock.wall()};
  const auto made = [&]() -> Result<pki::Issued> {
    if (profile.issuer.empty()) return pki::issue_root(request, shell.random);
    MUSTER_TRY(const pki::Issued ca, read_ca(shell, ca_path(invocation, profile, options)));
    return profile.name == kDevice.name ? pki::issue_device(request, ca, shell.random)
                                        : pki::issue_intermediate(request, ca, shell.random);
  };
  return made().map_error([](Error error) { return subject_error(std::move(error), "--subject"); });
}

/// Leaf, its CA, and the CA's issuers as far as they are in the CA's file or in the world's root folder: what
/// a device sends whose service knows the root alone.
Result<std::string> full_chain(Invocation& invocation, const Options& options, const pki::Certificate& leaf) {
  Shell& shell = invocation.shell();
  MUSTER_TRY(auto pool, read_certificates(shell, ca_certificate_path(ca_path(invocation, kDevice, options))));
  const std::filesystem::path ca_folder =
      std::filesystem::path{ca_certificate_path(ca_path(invocation, kDevice, options))}.parent_path();
  for (const std::string& root : {(ca_folder.parent_path() / "root" / "root.pem").string(),
                                  certs_folder(invocation, kRoot.name) + "/root.pem"}) {
    const auto more = read_certificates(shell, root);
    if (more) pool.insert(pool.end(), more->begin(), more->end());
  }
  std::string text;
  for (const pki::Certificate& certificate : pki::issuers_of(leaf, pool, kChainMax))
    text += certificate.pem();
  return text;
}

void print_made(Invocation& invocation, const pki::Issued& made, const std::vector<NewFile>& files) {
  if (invocation.format() == Format::table) {
    std::vector<std::pair<std::string, std::string>> lines{
        {"subject", made.certificate.subject()},
        {"issuer", made.certificate.issuer()},
        {"key", made.key.description()},
        {"expires", format_utc(made.certificate.not_after())}};
    for (const NewFile& file : files) lines.emplace_back("file", file.path);
    write_labels(invocation.shell().out, lines);
    return;
  }
  Json object = certificate_json(made.certificate);
  object["key"] = made.key.description();
  object["files"] = Json::array();
  for (const NewFile& file : files) object["files"].push_back(file.path);
  invocation.print(object);
}

Result<int> create(Invocation& invocation, const Profile& profile, const Options& options) {
  const std::string folder = options.out.empty() ? certs_folder(invocation, profile.name) : options.out;
  const std::string stem = fmt::format("{}/{}", folder, profile.name);
  std::vector<NewFile> files{{stem + ".key", ""}, {stem + ".pem", ""}};
  if (profile.name == kDevice.name) files.push_back({folder + "/device-full-chain.pem", ""});
  // Asked before the key is made: an RSA key takes seconds.
  MUSTER_CHECK(refuse_existing(invocation.shell(), files, options.force));
  MUSTER_TRY(const pki::Issued made, issue(invocation, profile, options));
  files[0].text = made.key.pem();
  files[1].text = made.certificate.pem();
  if (profile.name == kDevice.name) {
    MUSTER_TRY(files[2].text, full_chain(invocation, options, made.certificate));
  }
  MUSTER_CHECK(write_new_files(invocation.shell(), files, options.force));
  print_made(invocation, made, files);
  return 0;
}

void declare(Flags& flags, const Profile& profile, Options& options) {
  flags.text("--subject", options.subject, "DN", fmt::format("Who it is for; else {}", profile.subject));
  flags.text("--out", options.out, "DIR",
             fmt::format("Folder for {0}.key and {0}.pem; else certs/{0} in the world", profile.name));
  if (!profile.issuer.empty()) {
    flags.text("--ca", options.ca, "CA",
               fmt::format("The CA that signs it: its .pem, with its .key beside; else certs/{} in the world",
                           profile.issuer));
  }
  flags.number("--days", options.days, {1, kDaysMax}, "DAYS",
               fmt::format("Days that it is valid; else {}", profile.days));
  flags.choice("--key", options.key, {"p256", "rsa2048", "rsa3072", "rsa4096"}, "Kind of its key; else p256");
  flags.toggle("--force", options.force, "Write over files that are there");
}

void add(Commands& commands, const Profile& profile, Help help) {
  commands.verb<Options>(
      fmt::format("pki create-{}", profile.name), std::move(help),
      [&profile](Flags& flags, Options& options) { declare(flags, profile, options); },
      [&profile](Invocation& invocation, const Options& options) {
        return create(invocation, profile, options);
      });
}

}  // namespace

void add_pki_create(Commands& commands) {
  add(commands, kRoot,
      {.line = "Make a root CA",
       .about = "A self-signed CA that may have one level of CAs below it. Its key is written with mode 0600 "
                "and never "
                "written over.",
       .examples = "$ muster pki create-root --out certs/root -o table\n"
                   "subject  CN=My-Root-CA\nissuer   CN=My-Root-CA\nkey      EC P-256\nexpires  "
                   "2036-01-19T10:25:00Z\n"
                   "file     certs/root/root.key\nfile     certs/root/root.pem",
       .request = ""});
  add(commands, kIntermediate,
      {.line = "Make an intermediate CA",
       .about = "A CA signed by the root, which signs devices and no further CAs. It is the one that an "
                "enrollment group "
                "names, so that the root's key can stay away.",
       .examples = "$ muster pki create-intermediate --ca certs/root/root.pem --out certs/intermediate",
       .request = ""});
  add(commands, kDevice,
      {.line = "Make a device's certificate",
       .about = "Its common name is the registration id, and the device id that follows from it. "
                "device-full-chain.pem is "
                "the certificate with its CAs, for clients that send the whole chain.",
       .examples =
           "$ muster pki create-device --subject /CN=pump-07 --ca certs/intermediate/intermediate.pem "
           "--out certs/pump-07",
       .request = ""});
}

}  // namespace muster::cli
