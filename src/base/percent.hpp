#pragma once

#include <string>
#include <string_view>

namespace muster {

/// Percent-encoding as Azure's MQTT topics and tokens use it. RFC 3986 section 2.3: letters, digits and - . _
/// ~ stay, every other byte becomes %XX in upper case; a space is %20, never '+'.
std::string percent_encode(std::string_view text);

/// The reverse, for either case of hex. An escape that is not one stays as it stands, since the C SDK sends
/// raw text (protocol/device/04 section 5); '+' is never a space. The result may hold any bytes.
std::string percent_decode(std::string_view text);

}  // namespace muster
