#include "devices.hpp"

#include "fail.hpp"

#include <fmt/format.h>
#include <openssl/ec.h>
#include <openssl/pem.h>
#include <openssl/rand.h>
#include <openssl/x509v3.h>

#include <filesystem>

namespace muster::bench {
namespace {

namespace fs = std::filesystem;

constexpr long kValidSeconds = 30L * 24 * 3600;
constexpr long kBackdatedSeconds = -3600;

struct Issuer {
  Certificate certificate;
  Key key;
};

/// One certificate to make. `issuer` null: self-signed.
struct Draft {
  std::string common_name;
  const Issuer* issuer = nullptr;
  std::vector<std::pair<int, std::string>> extensions;
};

Key new_key() {
  Key key{EVP_EC_gen("P-256")};
  if (key == nullptr) fail("no P-256 key can be made");
  return key;
}

void set_random_serial(X509* certificate) {
  std::uint64_t serial = 0;
  RAND_bytes(reinterpret_cast<unsigned char*>(&serial), sizeof serial);
  ASN1_INTEGER_set_uint64(X509_get_serialNumber(certificate), (serial >> 1) | 1);
}

void add_extension(X509* certificate, X509* issuer, int nid, const std::string& value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer, certificate, nullptr, nullptr, 0);
  X509_EXTENSION* extension = X509V3_EXT_conf_nid(nullptr, &context, nid, value.c_str());
  if (extension == nullptr || X509_add_ext(certificate, extension, -1) != 1) {
    fail("extension {} with \"{}\" cannot be added", OBJ_nid2sn(nid), value);
  }
  X509_EXTENSION_free(extension);
}

Certificate sign(const Draft& draft, EVP_PKEY* key) {
  Certificate made{X509_new()};
  X509* issuer = draft.issuer != nullptr ? draft.issuer->certificate.get() : made.get();
  X509_set_version(made.get(), 2);
  set_random_serial(made.get());
  X509_gmtime_adj(X509_getm_notBefore(made.get()), kBackdatedSeconds);
  X509_gmtime_adj(X509_getm_notAfter(made.get()), kValidSeconds);
  X509_NAME_add_entry_by_NID(X509_get_subject_name(made.get()), NID_commonName, MBSTRING_UTF8,
                             reinterpret_cast<const unsigned char*>(draft.common_name.c_str()), -1, -1, 0);
  X509_set_issuer_name(made.get(), X509_get_subject_name(issuer));
  X509_set_pubkey(made.get(), key);
  for (const auto& [nid, value] : draft.extensions) add_extension(made.get(), issuer, nid, value);
  if (X509_sign(made.get(), draft.issuer != nullptr ? draft.issuer->key.get() : key, EVP_sha256()) == 0) {
    fail("the certificate of {} cannot be signed", draft.common_name);
  }
  return made;
}

Bio open_file(const fs::path& path, const char* mode) {
  Bio file{BIO_new_file(path.c_str(), mode)};
  if (file == nullptr) fail("{} cannot be opened", path.string());
  return file;
}

void write_certificate(const fs::path& path, const std::vector<X509*>& chain) {
  const Bio out = open_file(path, "w");
  for (X509* one : chain) PEM_write_bio_X509(out.get(), one);
}
void write_key(const fs::path& path, EVP_PKEY* key) {
  PEM_write_bio_PrivateKey(open_file(path, "w").get(), key, nullptr, nullptr, 0, nullptr, nullptr);
  fs::permissions(path, fs::perms::owner_read | fs::perms::owner_write);
}

Certificate read_certificate(const fs::path& path) {
  Certificate certificate{PEM_read_bio_X509(open_file(path, "r").get(), nullptr, nullptr, nullptr)};
  if (certificate == nullptr) fail("{} holds no certificate", path.string());
  return certificate;
}
Key read_key(const fs::path& path) {
  Key key{PEM_read_bio_PrivateKey(open_file(path, "r").get(), nullptr, nullptr, nullptr)};
  if (key == nullptr) fail("{} holds no key", path.string());
  return key;
}

std::vector<std::pair<int, std::string>> authority_extensions() {
  return {{NID_basic_constraints, "critical,CA:TRUE"},
          {NID_key_usage, "critical,keyCertSign,cRLSign"},
          {NID_subject_key_identifier, "hash"}};
}
std::vector<std::pair<int, std::string>> leaf_extensions(const char* purpose) {
  return {{NID_basic_constraints, "critical,CA:FALSE"},
          {NID_key_usage, "critical,digitalSignature"},
          {NID_ext_key_usage, purpose},
          {NID_subject_key_identifier, "hash"},
          {NID_authority_key_identifier, "keyid"}};
}

void make_authorities(const fs::path& folder, const std::vector<std::string>& server_names) {
  Issuer root{nullptr, new_key()};
  root.certificate = sign({"muster bench root", nullptr, authority_extensions()}, root.key.get());
  Issuer intermediate{nullptr, new_key()};
  auto extensions = authority_extensions();
  extensions.emplace_back(NID_authority_key_identifier, "keyid");
  intermediate.certificate =
      sign({"muster bench intermediate", &root, std::move(extensions)}, intermediate.key.get());

  const Key server_key = new_key();
  extensions = leaf_extensions("serverAuth");
  std::string names;
  for (const auto& name : server_names) names += fmt::format("{}{}", names.empty() ? "" : ",", name);
  if (!names.empty()) extensions.emplace_back(NID_subject_alt_name, names);
  const Certificate server =
      sign({"muster bench server", &intermediate, std::move(extensions)}, server_key.get());

  write_certificate(folder / "root.pem", {root.certificate.get()});
  write_certificate(folder / "intermediate.pem", {intermediate.certificate.get()});
  write_key(folder / "intermediate.key", intermediate.key.get());
  write_certificate(folder / "server.pem", {server.get(), intermediate.certificate.get()});
  write_key(folder / "server.key", server_key.get());
}

/// "device-000042"; sets are told apart by their names, and so are the devices of two sets.
std::string device_id(const DeviceChoice& choice, std::size_t n) {
  return fmt::format("{}-{:06}", choice.set, n);
}
fs::path devices_file(const DeviceChoice& choice) { return fs::path{choice.folder} / (choice.set + ".pem"); }

}  // namespace

void make_certificates(const DeviceChoice& choice, const std::vector<std::string>& server_names) {
  fs::create_directories(choice.folder);
  const fs::path folder{choice.folder};
  if (!fs::exists(folder / "root.pem")) make_authorities(folder, server_names);
  const Issuer issuer{read_certificate(folder / "intermediate.pem"), read_key(folder / "intermediate.key")};
  const Bio out = open_file(devices_file(choice), "w");
  for (std::size_t n = 0; n < choice.count; ++n) {
    const Key key = new_key();
    const Certificate certificate =
        sign({device_id(choice, n), &issuer, leaf_extensions("clientAuth")}, key.get());
    PEM_write_bio_X509(out.get(), certificate.get());
    PEM_write_bio_PrivateKey(out.get(), key.get(), nullptr, nullptr, 0, nullptr, nullptr);
  }
}

DeviceSet read_devices(const DeviceChoice& choice) {
  DeviceSet set;
  set.intermediate = read_certificate(fs::path{choice.folder} / "intermediate.pem");
  set.devices.reserve(choice.count);
  const Bio in = open_file(devices_file(choice), "r");
  for (std::size_t n = 0; n < choice.count; ++n) {
    Certificate certificate{PEM_read_bio_X509(in.get(), nullptr, nullptr, nullptr)};
    if (certificate == nullptr) fail("{} holds {} devices", devices_file(choice).string(), n);
    Key key{PEM_read_bio_PrivateKey(in.get(), nullptr, nullptr, nullptr)};
    set.devices.push_back({device_id(choice, n), std::move(certificate), std::move(key), nullptr});
  }
  return set;
}

}  // namespace muster::bench
