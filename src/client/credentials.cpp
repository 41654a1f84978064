#include "muster/credentials.hpp"

#include <fmt/format.h>

#include <cerrno>
#include <cstring>
#include <fstream>

namespace muster {
namespace {

/// A chain of ten RSA 4096 certificates is 20 KiB.
constexpr std::size_t kFileSizeMax = 1024 * 1024;

Result<std::string> read_file(const std::string& path) {
  errno = 0;
  std::ifstream file{path, std::ios::binary};
  if (!file) return failure(ErrorCode::file_unreadable, fmt::format("{}: {}", path, std::strerror(errno)));
  std::string text(kFileSizeMax + 1, '\0');
  file.read(text.data(), static_cast<std::streamsize>(text.size()));
  if (file.bad() || (file.gcount() == 0 && errno != 0)) {
    return failure(ErrorCode::file_unreadable, fmt::format("{}: {}", path, std::strerror(errno)));
  }
  text.resize(static_cast<std::size_t>(file.gcount()));
  if (text.size() > kFileSizeMax) {
    return failure(ErrorCode::file_unreadable,
                   fmt::format("{}: larger than {} bytes, which no PEM file is", path, kFileSizeMax));
  }
  return text;
}

class PemFileCredentials final : public Credentials {
 public:
  PemFileCredentials(std::string certificate_file, std::string key_file, std::string passphrase)
      : certificate_file_{std::move(certificate_file)},
        key_file_{std::move(key_file)},
        passphrase_{std::move(passphrase)} {}

  Result<CredentialPem> load() override {
    CredentialPem pem;
    MUSTER_TRY(pem.certificate_chain, read_file(certificate_file_));
    MUSTER_TRY(pem.private_key, read_file(key_file_));
    pem.passphrase = passphrase_;
    return pem;
  }

 private:
  std::string certificate_file_, key_file_, passphrase_;
};

}  // namespace

std::shared_ptr<Credentials> pem_file_credentials(std::string certificate_file, std::string key_file,
                                                  std::string passphrase) {
  return std::make_shared<PemFileCredentials>(std::move(certificate_file), std::move(key_file),
                                              std::move(passphrase));
}

}  // namespace muster
