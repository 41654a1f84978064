#include "pki/draft.hpp"

#include "base/assert.hpp"

namespace muster::pki {
namespace {

/// 16 random bytes, positive and of full length: more than the 64 bits that certificate profiles ask for,
/// fewer than the 20 bytes that RFC 5280 section 4.1.2.2 allows.
void set_serial(X509& x509, Random& random) {
  std::array<std::byte, 16> bytes;
  random.fill(bytes);
  bytes[0] = (bytes[0] & std::byte{0x7F}) | std::byte{0x40};
  const Owned<BIGNUM, BN_free> number{BN_bin2bn(reinterpret_cast<const unsigned char*>(bytes.data()),
                                                static_cast<int>(bytes.size()), nullptr)};
  MUSTER_ASSERT(number && BN_to_ASN1_INTEGER(number.get(), X509_get_serialNumber(&x509)) != nullptr,
                "memory");
}

}  // namespace

Result<Draft> Draft::begin(const IssueRequest& request, const PrivateKey& key, Random& random) {
  MUSTER_TRY(const OwnedName subject, parse_subject(request.subject));
  const WallTime not_before = request.now - request.backdate;
  const WallTime not_after = request.now + request.lifetime;
  // RFC 5280 section 4.1.2.5: the last time that a certificate can name.
  constexpr auto kLast = std::chrono::sys_days{std::chrono::year{9999} / 12 / 31};
  if (request.lifetime.count() <= 0 || request.lifetime > kLast - not_before) {
    return failure(ErrorCode::field_invalid,
                   fmt::format("a lifetime of {} hours is not one that a certificate can have",
                               request.lifetime.count()));
  }
  Draft draft{OwnedX509{X509_new()}};
  X509* x509 = draft.native();
  MUSTER_ASSERT(x509 != nullptr && X509_set_version(x509, X509_VERSION_3) == 1, "memory");
  set_serial(*x509, random);
  const bool set = X509_set_subject_name(x509, subject.get()) == 1 &&
                   X509_set_pubkey(x509, key.native()) == 1 &&
                   ASN1_TIME_set(X509_getm_notBefore(x509), to_seconds(not_before)) != nullptr &&
                   ASN1_TIME_set(X509_getm_notAfter(x509), to_seconds(not_after)) != nullptr;
  MUSTER_ASSERT(set, "names and dates that were checked can be set");
  return draft;
}

void Draft::set_issuer(const Certificate* issuer) {
  issuer_ = issuer != nullptr ? issuer->native() : native();
  MUSTER_ASSERT(X509_set_issuer_name(native(), X509_get_subject_name(issuer_)) == 1, "memory");
}

void Draft::add(int nid, const char* value) {
  X509V3_CTX context;
  X509V3_set_ctx(&context, issuer_, native(), nullptr, nullptr, 0);
  X509V3_set_ctx_nodb(&context);
  const OwnedExtension extension{X509V3_EXT_conf_nid(nullptr, &context, nid, value)};
  MUSTER_ASSERT(extension && X509_add_ext(native(), extension.get(), -1) == 1, "a profile's extension");
}

void Draft::add(int nid, void* structure, bool critical) {
  const OwnedExtension extension{X509V3_EXT_i2d(nid, critical ? 1 : 0, structure)};
  MUSTER_ASSERT(extension && X509_add_ext(native(), extension.get(), -1) == 1, "a profile's extension");
}

Result<Certificate> Draft::sign(const PrivateKey& issuer_key) {
  const ErrorScope errors;
  if (X509_sign(native(), issuer_key.native(), EVP_sha256()) <= 0) {
    return failure(ErrorCode::io_failed, "signing the certificate: " + errors.first());
  }
  // Parsed anew: the extensions made OpenSSL draw conclusions ("not self-signed") before there was a
  // signature.
  Bytes der(static_cast<std::size_t>(i2d_X509(native(), nullptr)));
  auto* out = reinterpret_cast<unsigned char*>(der.data());
  i2d_X509(native(), &out);
  return Certificate::from_der(der);
}

GENERAL_NAME* text_name(int kind, std::string_view text) {
  ASN1_IA5STRING* value = ASN1_IA5STRING_new();
  GENERAL_NAME* name = GENERAL_NAME_new();
  const bool made = value != nullptr && name != nullptr &&
                    ASN1_STRING_set(value, text.data(), static_cast<int>(text.size())) == 1;
  MUSTER_ASSERT(made, "memory");
  GENERAL_NAME_set0_value(name, kind, value);
  return name;
}

GENERAL_NAME* ip_name(ByteView bytes) {
  ASN1_OCTET_STRING* value = ASN1_OCTET_STRING_new();
  GENERAL_NAME* name = GENERAL_NAME_new();
  const auto* data = reinterpret_cast<const unsigned char*>(bytes.data());
  const bool made = value != nullptr && name != nullptr &&
                    ASN1_OCTET_STRING_set(value, data, static_cast<int>(bytes.size())) == 1;
  MUSTER_ASSERT(made, "memory");
  GENERAL_NAME_set0_value(name, GEN_IPADD, value);
  return name;
}

Result<Owned<GENERAL_NAMES, GENERAL_NAMES_free>> alternative_names(
    const std::vector<std::string>& dns_names, const std::vector<std::string>& ip_addresses) {
  Owned<GENERAL_NAMES, GENERAL_NAMES_free> names{sk_GENERAL_NAME_new_null()};
  for (const std::string& dns : dns_names) {
    if (!is_dns_name(dns, true)) {
      return failure(ErrorCode::field_invalid, fmt::format("\"{}\" is not a DNS name", dns.substr(0, 200)));
    }
    sk_GENERAL_NAME_push(names.get(), text_name(GEN_DNS, dns));
  }
  for (const std::string& ip : ip_addresses) {
    MUSTER_TRY(const Bytes address, parse_ip_address(ip));
    sk_GENERAL_NAME_push(names.get(), ip_name(address));
  }
  return names;
}

Result<void> check_issuer(const Issued& issuer) {
  if (issuer.key.matches(issuer.certificate)) return {};
  return failure(ErrorCode::key_mismatch, fmt::format("the key is not the one of the CA certificate {}",
                                                      shown(issuer.certificate.subject())));
}

}  // namespace muster::pki
