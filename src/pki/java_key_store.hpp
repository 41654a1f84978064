#pragma once

#include "base/bytes.hpp"
#include "base/clock.hpp"

#include <span>

namespace muster::pki {

/// A Java key store (JKS, version 2) that trusts `certificates` (DER, one each) and holds nothing else. Java
/// reads it with no password given, and checks its digest with the password "changeit", the JDK's own
/// default. `created` is the entries' date.
///
/// JKS and not PKCS #12: a PKCS #12 trust store is silently empty for Java unless its password is given on
/// the command line (protocol/device/10 section 2).
Bytes java_trust_store(std::span<const Bytes> certificates, WallTime created);

}  // namespace muster::pki
