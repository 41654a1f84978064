#pragma once

#include "base/result.hpp"
#include "net/stream.hpp"

#include <boost/asio/ip/tcp.hpp>

#include <cstdint>
#include <string>
#include <string_view>

namespace muster::net {

/// "127.0.0.1:8883", "[::1]:8883".
std::string format_endpoint(const Endpoint& endpoint);
/// "127.0.0.1:8883", "[::1]:8883", "[::1]"; without a port `default_port` is taken. config_invalid with what
/// was read when it is not an address, names included.
Result<Endpoint> parse_endpoint(std::string_view text, std::uint16_t default_port);

/// An IPv4 or IPv6 literal, without brackets.
bool is_address(std::string_view text);
bool is_ipv4(std::string_view text);
/// 127.0.0.0/8, ::1 and their mapped forms. False for names, "localhost" too.
bool is_loopback(std::string_view text);
/// 0.0.0.0 and "::".
bool is_any(std::string_view text);
/// The IPv4 address `steps` above `first`: where the nth hub lives (contract section 3: at the first address
/// plus n-1). config_invalid when `first` is not IPv4 or the sum leaves the range, loopback included.
Result<std::string> address_plus(std::string_view first, std::uint32_t steps);

/// IPv4-mapped IPv6 addresses become plain IPv4, so that one peer has one name.
Endpoint from_asio(const boost::asio::ip::tcp::endpoint& endpoint);
/// Of a connected socket; empty where it is not of TCP, or the peer is gone already.
Endpoint remote_of(int descriptor);
Endpoint local_of(int descriptor);
Result<boost::asio::ip::tcp::endpoint> to_asio(const Endpoint& endpoint);

}  // namespace muster::net
