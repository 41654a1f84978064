#pragma once

using EVP_PKEY = struct evp_pkey_st;

namespace muster::pki {

/// Has OpenSSL 3.0 decode the public keys of certificates, those on curves, by the methods that are built in,
/// not by its decoders: 20 us a certificate in place of 120, and a verification without a conversion of the
/// key (docs/adr/0015). For the whole process, once; without effect where OpenSSL was built without engines.
/// Threads: any.
void decode_keys_directly();

/// The private key as the built-in methods have it; a key of a decoder's cannot sign certificates once they
/// are the default. Takes `key` and gives it back as it is where there is nothing to convert.
EVP_PKEY* in_built_in_form(EVP_PKEY* key);

}  // namespace muster::pki
