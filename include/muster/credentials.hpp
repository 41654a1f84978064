#pragma once

#include "muster/result.hpp"

#include <memory>
#include <string>

namespace muster {

/// What a device proves itself with, as PEM text.
struct CredentialPem {
  std::string certificate_chain;  ///< The leaf first, then what should be sent above it.
  std::string private_key;        ///< PKCS #8, PKCS #1 or SEC 1; encrypted or not.
  std::string passphrase;         ///< Of the key; empty when it is not encrypted.
};

/// Where a device's certificate and key come from. Asked again before every connection, so that a renewed
/// certificate is used from the next connection on, without a restart.
///
/// Threads   called on the Runtime's thread; must not block for long.
class Credentials {
 public:
  virtual ~Credentials() = default;

  /// Returns   what to show at the next handshake. A failure ends the attempt to connect.
  virtual Result<CredentialPem> load() = 0;
};

/// Credentials that live in two PEM files, read anew each time.
///
/// Shape     `certificate_file`: leaf, and intermediates after it if the service needs them to complete the
///           chain. `key_file`: one private key. Each at most 1 MiB.
/// Returns   never null; the files are first opened by load().
/// Errors    of load(): file_unreadable with the path and the system's reason
std::shared_ptr<Credentials> pem_file_credentials(std::string certificate_file, std::string key_file,
                                                  std::string passphrase = {});

}  // namespace muster
