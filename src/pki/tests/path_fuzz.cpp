#include "base/assert.hpp"
#include "pki/openssl.hpp"
#include "pki/verify.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <optional>
#include <vector>

// The input is what a peer presents: certificates in DER, each behind the two bytes of its length, the leaf
// first. They are judged against a root whose key nobody has any more, so that only what it or its
// intermediate once signed may be found good, however the rest is forged. A path that is found good obeys
// every rule that can be looked at again from outside.

namespace muster::pki {
namespace {

// Made by openssl for this test, P-256 and valid until 2126; the keys were thrown away.
constexpr std::string_view kRoot =
    "MIIBbTCCARSgAwIBAgIUHIX/GUq63gyPVJRcZd0jlynq4T4wCgYIKoZIzj0EAwIwFDESMBAGA1UEAwwJZnV6ei1yb290MCAX"
    "DTI2MTEyNTIxNDIxMVoYDzIxMjYxMTAxMjE0MjExWjAUMRIwEAYDVQQDDAlmdXp6LXJvb3QwWTATBgcqhkjOPQIBBggqhkjO"
    "PQMBBwNCAAST1yF3Zv33rdF9nA7rHfWVS0S4UvzpcO/1HUFniYplt+aepwGfTG4YtOGnac/hzs8L3UZIKiteeFUGz8zqt1R/"
    "o0IwQDAPBgNVHRMBAf8EBTADAQH/MA4GA1UdDwEB/wQEAwIBBjAdBgNVHQ4EFgQUQU8uUEnrZPTTgHQ6LUP/zJsDXsswCgYI"
    "KoZIzj0EAwIDRwAwRAIgDMuGCMz3+9awnXgs9rGrrcr9iNR64LNQCcAF5ZXIufcCIAt0cAFKQzVZjzXothvIS8bgD+/mYpQM"
    "DhyITsd/FwlR";
constexpr std::string_view kIntermediate =
    "MIIBiDCCAS2gAwIBAgIBAjAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlmdXp6LXJvb3QwIBcNMjYxMTI1MjE0MjExWhgPMjEy"
    "NjExMDEyMTQyMTFaMBwxGjAYBgNVBAMMEWZ1enotaW50ZXJtZWRpYXRlMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAEBITt"
    "3XaKYnsupydSmcnEd7ItvS+SYtseP/oeIEddVnfQ1hMPPifv/5ex8ZxmCh9R3LAcUlTKFtr0oRqz+OXgG6NmMGQwEgYDVR0T"
    "AQH/BAgwBgEB/wIBADAOBgNVHQ8BAf8EBAMCAQYwHQYDVR0OBBYEFCyuVZkskD6+EBWva6vJwXTIIIa7MB8GA1UdIwQYMBaA"
    "FEFPLlBJ62T004B0Oi1D/8ybA17LMAoGCCqGSM49BAMCA0kAMEYCIQCOuCvPK53SrnmDpBzNSrRo/rfqUxbUPUktJhXlYQ3h"
    "7gIhAKJHzf2T7BUC70trMiA8oNKe7xcHlfgangkw78kbpFPh";
constexpr std::string_view kDevice =
    "MIIBmDCCAT6gAwIBAgIBAzAKBggqhkjOPQQDAjAcMRowGAYDVQQDDBFmdXp6LWludGVybWVkaWF0ZTAgFw0yNjExMjUyMTQy"
    "MTJaGA8yMTI2MTEwMTIxNDIxMlowFjEUMBIGA1UEAwwLZnV6ei1kZXZpY2UwWTATBgcqhkjOPQIBBggqhkjOPQMBBwNCAATi"
    "yLZNydyD0UdBZLlDIQMxYsgnvRSW2UxCzvWyR+RJGEREwtxMofz0kJ22ay0auRZF+56a1ZR8VCuYiMtArUdQo3UwczAMBgNV"
    "HRMBAf8EAjAAMA4GA1UdDwEB/wQEAwIHgDATBgNVHSUEDDAKBggrBgEFBQcDAjAdBgNVHQ4EFgQUlglUnHlTbxf5tjuEr4t1"
    "fpcOphMwHwYDVR0jBBgwFoAULK5VmSyQPr4QFa9rq8nBdMgghrswCgYIKoZIzj0EAwIDSAAwRQIhAId0FPvY6cng4n0EFBnl"
    "tenQqaRERvJTmXbQJ0YWcspSAiBdjR2/Vc4ps5IVnoEsCwW6uDA9jYhWyIG/7fCKNLAfFA==";
constexpr std::string_view kDeviceOfRoot =
    "MIIBkTCCATagAwIBAgIBBDAKBggqhkjOPQQDAjAUMRIwEAYDVQQDDAlmdXp6LXJvb3QwIBcNMjYxMTI1MjE0MjEzWhgPMjEy"
    "NjExMDEyMTQyMTNaMBYxFDASBgNVBAMMC2Z1enotZGV2aWNlMFkwEwYHKoZIzj0CAQYIKoZIzj0DAQcDQgAE4si2Tcncg9FH"
    "QWS5QyEDMWLIJ70UltlMQs71skfkSRhERMLcTKH89JCdtmstGrkWRfuemtWUfFQrmIjLQK1HUKN1MHMwDAYDVR0TAQH/BAIw"
    "ADAOBgNVHQ8BAf8EBAMCB4AwEwYDVR0lBAwwCgYIKwYBBQUHAwIwHQYDVR0OBBYEFJYJVJx5U28X+bY7hK+LdX6XDqYTMB8G"
    "A1UdIwQYMBaAFEFPLlBJ62T004B0Oi1D/8ybA17LMAoGCCqGSM49BAMCA0kAMEYCIQDX1Tca3621jPNVTeU653zwkdp7pCnp"
    "i9PuHOMDqp0RoQIhAJ2YCNWWDvYrbh8V/efxhEkWX6PU/O+PbKwK4ZY/iHz8";

constexpr std::size_t kPresentedMax = 12;
const WallTime kNow = std::chrono::sys_days{std::chrono::year{2030} / 1 / 1};

Certificate certificate_of(std::string_view base64) { return *Certificate::from_der(*from_base64(base64)); }

/// What the issuer signed: the same bytes below any encoding of the signature.
Bytes signed_part(const Certificate& certificate) {
  unsigned char* encoded = nullptr;
  const int size = i2d_re_X509_tbs(certificate.native(), &encoded);
  if (size <= 0) return {};
  const auto* begin = reinterpret_cast<const std::byte*>(encoded);
  Bytes bytes(begin, begin + size);
  OPENSSL_free(encoded);
  return bytes;
}

struct Known {
  Certificate root = certificate_of(kRoot);
  std::array<Bytes, 4> genuine{signed_part(root), signed_part(certificate_of(kIntermediate)),
                               signed_part(certificate_of(kDevice)),
                               signed_part(certificate_of(kDeviceOfRoot))};

  bool has(const Certificate& certificate) const {
    const Bytes part = signed_part(certificate);
    return std::find(genuine.begin(), genuine.end(), part) != genuine.end();
  }
};

const Known& known() {
  static const Known made;
  return made;
}

/// What is fuzzed away from must be good itself, or nothing is learned.
void check_genuine() {
  const std::array intermediate{certificate_of(kIntermediate)};
  const auto verdict =
      verify_path(certificate_of(kDevice), intermediate, known().root, kNow, Purpose::client);
  MUSTER_ASSERT(verdict.faults.empty() && verdict.path.size() == 3, "the genuine chain is refused");
}

std::vector<Certificate> presented(ByteView input) {
  std::vector<Certificate> certificates;
  while (input.size() > 2 && certificates.size() < kPresentedMax) {
    const std::size_t size =
        std::to_integer<std::size_t>(input[0]) << 8 | std::to_integer<std::size_t>(input[1]);
    input = input.subspan(2);
    const ByteView der = input.first(std::min(size, input.size()));
    input = input.subspan(der.size());
    auto certificate = Certificate::from_der(der);
    if (!certificate) continue;
    MUSTER_ASSERT(certificate->der() == Bytes(der.begin(), der.end()), "another encoding than was read");
    certificates.push_back(*std::move(certificate));
  }
  return certificates;
}

void check_good(const std::vector<Certificate>& path, const Certificate& leaf) {
  MUSTER_ASSERT(!path.empty() && path.size() <= kPathCertificatesMax, "a path out of its limits");
  MUSTER_ASSERT(path.front() == leaf && path.back() == known().root, "a path of others");
  for (std::size_t i = 0; i < path.size(); ++i) {
    MUSTER_ASSERT(known().has(path[i]), "a certificate that the root never vouched for");
    MUSTER_ASSERT(path[i].not_before() <= kNow && kNow < path[i].not_after(), "out of its time");
    MUSTER_ASSERT(!path[i].has_unreadable_extension(), "an extension that nobody understands");
    if (i == 0) continue;
    MUSTER_ASSERT(path[i].is_ca(), "an issuer that is no CA");
    MUSTER_ASSERT(path[i - 1].could_be_issued_by(path[i]) && path[i - 1].is_signed_by(path[i]), "no issuer");
  }
}

}  // namespace
}  // namespace muster::pki

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace muster;
  using namespace muster::pki;
  static const bool genuine = (check_genuine(), true);
  (void)genuine;
  const auto chain = presented(std::as_bytes(std::span{data, size}));
  if (chain.empty()) return 0;
  const std::span<const Certificate> untrusted{chain.data() + 1, chain.size() - 1};
  for (const Purpose purpose : {Purpose::client, Purpose::server}) {
    const PathVerdict verdict = verify_path(chain.front(), untrusted, known().root, kNow, purpose);
    for (const PathFault& fault : verdict.faults) {
      MUSTER_ASSERT(is_valid_utf8(as_bytes(fault.reason)), "a reason that is not UTF-8");
    }
    if (verdict.faults.empty()) check_good(verdict.path, chain.front());
  }
  const auto issuers = issuers_of(chain.front(), untrusted, kPathCertificatesMax);
  MUSTER_ASSERT(!issuers.empty() && issuers.size() <= kPathCertificatesMax, "issuers out of their limits");
  MUSTER_ASSERT(ERR_peek_error() == 0, "an error left for the next TLS read");
  return 0;
}
