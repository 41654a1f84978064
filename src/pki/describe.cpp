#include "pki/issue.hpp"
#include "pki/openssl.hpp"

namespace muster::pki {
namespace {

void line(std::string& text, std::string_view label, std::string_view value) {
  // The longest known label is authorityKeyIdentifier; an OID may be longer and keeps its distance all the
  // same.
  fmt::format_to(std::back_inserter(text), "{:<22}  {}\n", label, value);
}

std::string one_line(std::string_view value) {
  std::string text;
  for (const char c : value) {
    if (c != '\n') {
      text += c;
    } else if (!text.empty() && !text.ends_with(' ')) {
      text += ' ';
    }
  }
  const auto begin = text.find_first_not_of(' ');
  if (begin == std::string::npos) return {};
  return text.substr(begin, text.find_last_not_of(' ') - begin + 1);
}

std::string key_description(const Certificate& certificate) {
  EVP_PKEY* key = X509_get0_pubkey(certificate.native());
  if (key == nullptr) return "unreadable";
  std::array<char, 80> group{};
  std::size_t size = 0;
  const char* type = EVP_PKEY_get0_type_name(key);
  const std::string name = type != nullptr ? type : "unknown";
  if (EVP_PKEY_get_group_name(key, group.data(), group.size(), &size) != 1) {
    return fmt::format("{} {}", name, EVP_PKEY_get_bits(key));
  }
  const char* nist = EC_curve_nid2nist(OBJ_sn2nid(group.data()));
  return fmt::format("{} {}", name, nist != nullptr ? nist : group.data());
}

void describe_extension(std::string& text, X509_EXTENSION* extension) {
  const ASN1_OBJECT* object = X509_EXTENSION_get_object(extension);
  const int nid = OBJ_obj2nid(object);
  std::array<char, 80> oid{};
  OBJ_obj2txt(oid.data(), static_cast<int>(oid.size()), object, nid == NID_undef ? 1 : 0);
  const char* known = nid != NID_undef ? OBJ_nid2sn(nid) : oid.data();
  const OwnedBio out{BIO_new(BIO_s_mem())};
  std::string value = X509V3_EXT_print(out.get(), extension, X509V3_EXT_DEFAULT, 0) == 1
                          ? one_line(text_of(*out))
                          : fmt::format("{} bytes", ASN1_STRING_length(X509_EXTENSION_get_data(extension)));
  if (X509_EXTENSION_get_critical(extension) != 0) value += " (critical)";
  line(text, known, value);
}

}  // namespace

std::string describe(const Certificate& certificate) {
  const ErrorScope errors;
  std::string text;
  line(text, "subject", certificate.subject());
  line(text, "issuer",
       certificate.is_self_issued() ? certificate.issuer() + " (itself)" : certificate.issuer());
  line(text, "serial", certificate.serial_hex());
  line(text, "version", std::to_string(certificate.version()));
  line(text, "valid from", shown(certificate.not_before()));
  line(text, "valid until", shown(certificate.not_after()));
  line(text, "certificate of", certificate.is_ca() ? "a CA" : "an end entity");
  line(text, "key", key_description(certificate));
  const char* signature = OBJ_nid2ln(X509_get_signature_nid(certificate.native()));
  line(text, "signature", signature != nullptr ? signature : "unknown");
  const int count = X509_get_ext_count(certificate.native());
  for (int i = 0; i < count; ++i) describe_extension(text, X509_get_ext(certificate.native(), i));
  line(text, "SHA-1 thumbprint", certificate.sha1_thumbprint());
  line(text, "SHA-256 thumbprint", certificate.sha256_thumbprint());
  return text;
}

}  // namespace muster::pki
