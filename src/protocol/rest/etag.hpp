#pragma once

#include "model/certificate.hpp"
#include "model/device.hpp"
#include "model/enrollment.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

/// Entity tags as each Azure API writes them, and the If-Match header as its clients do. Pure.
namespace muster::rest {

/// What an If-Match header asks for. A list of tags is not part of any of the APIs and matches nothing.
struct IfMatch {
  enum class Kind : std::uint8_t { absent, any, tag } kind = Kind::absent;
  std::string tag;  ///< Without quotes and W/.
};
/// `*`, `"*"`, `tag`, `"tag"`, `W/"tag"` are all understood (service/04 section 4.2, service/02 section 2.1).
IfMatch parse_if_match(std::optional<std::string_view> header);
/// True for `any`, and for a tag equal to `etag` once both have lost their quotes. False for `absent`.
bool matches(const IfMatch& wanted, std::string_view etag);
/// For the ETag response header: in quotes exactly once.
std::string quoted_etag(std::string_view etag);

/// DPS shows the quotes inside its bodies (service/02 section 2.1): `"000647d2...-3"` with the quotes. Made
/// of the creation time and the version, so that an entity of the same name made anew never has an old one's
/// tag.
std::string dps_etag(WallTime created, std::int64_t version);
/// A registration's is what the device sees too: protocol/dps makes it.
std::string registration_etag(const Registration& registration);
/// A device identity's: base64 of decimal digits, without quotes: `ODAxMjMyNDI2` (service/04 section 4.2).
std::string device_etag(const DeviceIdentity& identity);
std::string module_etag(const ModuleIdentity& identity);
/// A twin's: base64 of its counter as 8 big-endian bytes: `AAAAAAAAAAE=`.
std::string twin_etag(const Twin& twin);
/// ARM resources: the same coding; certificates mix in their id, which is never given twice.
std::string arm_etag(std::int64_t version);
std::string certificate_etag(const CaCertificate& certificate);

}  // namespace muster::rest
