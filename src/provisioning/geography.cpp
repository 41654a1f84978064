#include "provisioning/geography.hpp"

#include "muster/ids.hpp"
#include "protocol/dps/registration.hpp"

#include <boost/asio/ip/address.hpp>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>

namespace muster::provisioning {
namespace {

std::vector<std::uint8_t> bytes_of(std::string_view text) {
  boost::system::error_code error;
  const auto address = boost::asio::ip::make_address(std::string{text}, error);
  if (error) return {};
  if (address.is_v4()) {
    const auto bytes = address.to_v4().to_bytes();
    return {bytes.begin(), bytes.end()};
  }
  const auto bytes = address.to_v6().to_bytes();
  return {bytes.begin(), bytes.end()};
}

bool holds(const PlaceRange& range, const std::vector<std::uint8_t>& address) {
  if (address.size() != range.network.size()) return false;
  for (unsigned bit = 0; bit < range.prefix_bits; bit += 8) {
    const unsigned left = range.prefix_bits - bit;
    const auto mask = static_cast<std::uint8_t>(left >= 8 ? 0xFF : 0xFF << (8 - left));
    if ((address[bit / 8] & mask) != (range.network[bit / 8] & mask)) return false;
  }
  return true;
}

}  // namespace

Result<PlaceRange, std::string> parse_place_range(std::string_view range, std::string place) {
  const auto slash = range.find('/');
  PlaceRange parsed{bytes_of(range.substr(0, slash)), 0, short_place(place)};
  const auto bits_max = static_cast<unsigned>(parsed.network.size() * 8);
  if (bits_max == 0) return failure(fmt::format("{} is no IPv4 or IPv6 address range", range));
  parsed.prefix_bits = bits_max;
  if (slash == std::string_view::npos) return parsed;
  const std::string_view bits = range.substr(slash + 1);
  const auto [end, code] = std::from_chars(bits.data(), bits.data() + bits.size(), parsed.prefix_bits);
  if (code != std::errc{} || end != bits.data() + bits.size() || parsed.prefix_bits > bits_max)
    return failure(fmt::format("{} has no prefix from 0 to {}", range, bits_max));
  return parsed;
}

std::string short_place(std::string_view text) {
  std::string place = ascii_lower(text);
  std::erase(place, ' ');
  return place;
}

std::optional<std::uint32_t> Geography::latency(const std::string& place, const std::string& location) const {
  if (const auto row = latency_ms.find(place); row != latency_ms.end()) {
    const auto cell = row->second.find(short_place(location));
    if (cell != row->second.end()) return cell->second;
  }
  if (place == short_place(location)) return 0;
  return std::nullopt;
}

bool Geography::knows(const std::string& place) const {
  return latency_ms.contains(place) ||
         std::ranges::any_of(latency_ms, [&place](const auto& row) { return row.second.contains(place); });
}

Place place_of(const Geography& geography, std::string_view payload_json, std::string_view address) {
  const std::string said = short_place(dps::payload_text(payload_json, geography.place_member));
  if (!said.empty() && geography.knows(said)) return {said, "as the device says"};
  const auto bytes = bytes_of(address);
  const PlaceRange* best = nullptr;
  for (const PlaceRange& range : geography.ranges) {
    if (!holds(range, bytes)) continue;
    if (best == nullptr || range.prefix_bits > best->prefix_bits) best = &range;
  }
  if (best != nullptr) return {best->place, fmt::format("by its address {}", address)};
  if (!geography.place_default.empty()) return {geography.place_default, "by default"};
  return {};
}

}  // namespace muster::provisioning
