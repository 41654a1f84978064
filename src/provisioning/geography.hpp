#pragma once

#include "base/result.hpp"

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

/// Where devices are, and how far it is from there: allocation by latency without a network of Azure's size.
namespace muster::provisioning {

/// An address range and the place that devices in it are at.
struct PlaceRange {
  std::vector<std::uint8_t> network;  ///< 4 bytes of IPv4 or 16 of IPv6.
  unsigned prefix_bits = 0;
  std::string place;
};
/// "10.1.0.0/16", "2001:db8::/32"; one address is its own range. The error is the rule that was broken.
Result<PlaceRange, std::string> parse_place_range(std::string_view range, std::string place);

/// What an operator has said of places. Places and locations are compared as short_place() writes them.
struct Geography {
  std::map<std::string, std::map<std::string, std::uint32_t>> latency_ms;  ///< Place, location, milliseconds.
  std::vector<PlaceRange> ranges;      ///< The longest prefix that holds an address decides.
  std::string place_default;           ///< Of devices whose place nothing tells; empty: none.
  std::string place_member = "place";  ///< Of the register payload; empty: devices are not asked.

  /// From a place to a hub's location: as the table says, else 0 where the two are one, else unknown.
  std::optional<std::uint32_t> latency(const std::string& place, const std::string& location) const;
  /// The table or a location of its rows knows this place.
  bool knows(const std::string& place) const;
};

/// "West Europe" -> "westeurope".
std::string short_place(std::string_view text);

/// A device's place, and how it is known: "by its address 10.1.2.3".
struct Place {
  std::string name;  ///< Empty: nothing tells.
  std::string how;
};
/// What a device says in its payload if the table knows such a place; else what its address tells; else the
/// default.
Place place_of(const Geography& geography, std::string_view payload_json, std::string_view address);

}  // namespace muster::provisioning
