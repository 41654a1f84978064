#include "pki/key_decoding.hpp"

// Engines are deprecated since OpenSSL 3.0, and the only way there to the methods that it has built in.
#define OPENSSL_SUPPRESS_DEPRECATED
#include "pki/openssl.hpp"

#include <openssl/ec.h>
#include <openssl/engine.h>

#include <array>
#include <mutex>

namespace muster::pki {
#ifndef OPENSSL_NO_ENGINE
namespace {

constexpr std::array kKeyTypes{EVP_PKEY_EC};

/// As ENGINE_PKEY_METHS_PTR: without a place for a method the key types are asked for, else one's method.
int give_built_in(ENGINE*, EVP_PKEY_METHOD** method, const int** types, int type) {
  if (method == nullptr) {
    *types = kKeyTypes.data();
    return int{kKeyTypes.size()};
  }
  // OpenSSL takes what it is given for its own to read only.
  *method = const_cast<EVP_PKEY_METHOD*>(EVP_PKEY_meth_find(type));
  return *method != nullptr ? 1 : 0;
}

void make_default() {
  const ErrorScope errors;
  // Freed with OpenSSL itself: the table of defaults keeps a reference.
  const Owned<ENGINE, ENGINE_free> engine{ENGINE_new()};
  if (!engine || ENGINE_set_id(engine.get(), "muster") != 1 ||
      ENGINE_set_name(engine.get(), "OpenSSL's own methods for keys on curves") != 1 ||
      ENGINE_set_pkey_meths(engine.get(), give_built_in) != 1) {
    return;
  }
  ENGINE_set_default_pkey_meths(engine.get());
}

}  // namespace

void decode_keys_directly() {
  static std::once_flag once;
  std::call_once(once, make_default);
}
#else
void decode_keys_directly() {}
#endif

EVP_PKEY* in_built_in_form(EVP_PKEY* key) {
  if (EVP_PKEY_is_a(key, "EC") != 1) return key;
  const ErrorScope errors;
  EC_KEY* inner = EVP_PKEY_get1_EC_KEY(key);
  OwnedPkey converted{EVP_PKEY_new()};
  if (inner == nullptr || !converted || EVP_PKEY_assign_EC_KEY(converted.get(), inner) != 1) {
    EC_KEY_free(inner);
    return key;
  }
  EVP_PKEY_free(key);
  return converted.release();
}

}  // namespace muster::pki
