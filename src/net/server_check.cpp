#include "net/server_check.hpp"

#include "net/address.hpp"
#include "pki/certificate.hpp"

#include <fmt/format.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

namespace muster::net {
namespace {

constexpr int kNamesShownMax = 8;

struct FreeNames {
  void operator()(GENERAL_NAMES* names) const { GENERAL_NAMES_free(names); }
};

std::string address_text(const ASN1_OCTET_STRING* bytes) {
  const unsigned char* data = ASN1_STRING_get0_data(bytes);
  boost::asio::ip::address_v4::bytes_type v4;
  boost::asio::ip::address_v6::bytes_type v6;
  const auto size = static_cast<std::size_t>(ASN1_STRING_length(bytes));
  if (size == v4.size()) {
    std::copy_n(data, v4.size(), v4.begin());
    return boost::asio::ip::address_v4{v4}.to_string();
  }
  if (size != v6.size()) return "?";
  std::copy_n(data, v6.size(), v6.begin());
  return boost::asio::ip::address_v6{v6}.to_string();
}

/// "localhost, 127.0.0.1": the subject alternative names, or "no name".
std::string names_of(X509* certificate) {
  const std::unique_ptr<GENERAL_NAMES, FreeNames> names{
      static_cast<GENERAL_NAMES*>(X509_get_ext_d2i(certificate, NID_subject_alt_name, nullptr, nullptr))};
  std::string text;
  const int count = names ? sk_GENERAL_NAME_num(names.get()) : 0;
  for (int i = 0; i < std::min(count, kNamesShownMax); ++i) {
    const GENERAL_NAME* name = sk_GENERAL_NAME_value(names.get(), i);
    if (!text.empty()) text += ", ";
    if (name->type == GEN_DNS) {
      text.append(reinterpret_cast<const char*>(ASN1_STRING_get0_data(name->d.dNSName)),
                  static_cast<std::size_t>(ASN1_STRING_length(name->d.dNSName)));
    } else if (name->type == GEN_IPADD) {
      text += address_text(name->d.iPAddress);
    } else {
      text += "a name of another kind";
    }
  }
  if (count > kNamesShownMax) text += ", ...";
  return text.empty() ? std::string{"no name"} : text;
}

}  // namespace

bool expect_server(SSL* ssl, const std::string& name, WallTime now) {
  X509_VERIFY_PARAM* param = SSL_get0_param(ssl);
  X509_VERIFY_PARAM_set_time(param, std::chrono::floor<std::chrono::seconds>(now).time_since_epoch().count());
  if (is_address(name)) return X509_VERIFY_PARAM_set1_ip_asc(param, name.c_str()) == 1;
  X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
  return !name.empty() && X509_VERIFY_PARAM_set1_host(param, name.c_str(), name.size()) == 1 &&
         SSL_set_tlsext_host_name(ssl, name.c_str()) == 1;
}

std::string describe_untrusted(X509_STORE_CTX* store, const std::string& name, WallTime now) {
  const int code = X509_STORE_CTX_get_error(store);
  const char* reason = X509_verify_cert_error_string(code);
  X509* native = X509_STORE_CTX_get_current_cert(store);
  if (native == nullptr) return fmt::format("{}: {}", name, reason);
  const auto certificate = pki::Certificate::from_native(native);
  switch (code) {
    case X509_V_ERR_HOSTNAME_MISMATCH:
    case X509_V_ERR_IP_ADDRESS_MISMATCH:
      return fmt::format("{}: {}: the certificate {} is for {}", name, reason, certificate.subject(),
                         names_of(native));
    case X509_V_ERR_CERT_HAS_EXPIRED:
      return fmt::format("{}: {}: {} ended {}, clock says {}", name, reason, certificate.subject(),
                         format_utc(certificate.not_after()), format_utc(now));
    case X509_V_ERR_CERT_NOT_YET_VALID:
      return fmt::format("{}: {}: {} starts {}, clock says {}", name, reason, certificate.subject(),
                         format_utc(certificate.not_before()), format_utc(now));
    default:
      return fmt::format("{}: {}: {} issued by {}", name, reason, certificate.subject(),
                         certificate.issuer());
  }
}

}  // namespace muster::net
