#pragma once

#include "protocol/rest/json_fields.hpp"

/// Private to protocol/rest: the `symmetricKey` member of devices and enrollments.
namespace muster::rest {

/// A pair of keys as they came: base64 of 16 to 64 bytes. Both empty: none were given, the service makes
/// them.
struct SymmetricKeys {
  std::string primary, secondary;
};

/// Reads `symmetricKey` of `owner`; absent, null, `{}` and empty texts are all "none given". field_invalid,
/// naming the key, when one is malformed or stands alone.
Result<SymmetricKeys> read_symmetric_keys(const Fields& owner);

}  // namespace muster::rest
