#include "net/address.hpp"

#include <fmt/format.h>
#include <sys/socket.h>

#include <charconv>
#include <optional>

namespace muster::net {
namespace {

namespace ip = boost::asio::ip;

std::optional<ip::address> parse_address(std::string_view text) {
  boost::system::error_code ec;
  const ip::address address = ip::make_address(std::string{text}, ec);
  if (ec) return std::nullopt;
  if (address.is_v6() && address.to_v6().is_v4_mapped())
    return ip::make_address_v4(ip::v4_mapped, address.to_v6());
  return address;
}

std::optional<std::uint16_t> parse_port(std::string_view text) {
  std::uint16_t port = 0;
  const auto [end, ec] = std::from_chars(text.data(), text.data() + text.size(), port);
  if (ec != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return port;
}

/// "a.b.c.d:1" and "[::1]:1" fall into address and port text; a bare IPv6 address has no port.
std::pair<std::string_view, std::optional<std::string_view>> split(std::string_view text) {
  if (text.starts_with('[')) {
    const auto end = text.find(']');
    if (end == std::string_view::npos) return {text, std::nullopt};
    const std::string_view rest = text.substr(end + 1);
    if (rest.empty()) return {text.substr(1, end - 1), std::nullopt};
    if (rest.front() != ':') return {text, std::nullopt};
    return {text.substr(1, end - 1), rest.substr(1)};
  }
  const auto colon = text.find(':');
  if (colon == std::string_view::npos || text.find(':', colon + 1) != std::string_view::npos) {
    return {text, std::nullopt};
  }
  return {text.substr(0, colon), text.substr(colon + 1)};
}

Endpoint endpoint_of(int descriptor, int (*ask)(int, sockaddr*, socklen_t*) noexcept) {
  ip::tcp::endpoint endpoint;
  auto size = static_cast<socklen_t>(endpoint.capacity());
  if (ask(descriptor, endpoint.data(), &size) != 0) return {};
  if (endpoint.data()->sa_family != AF_INET && endpoint.data()->sa_family != AF_INET6) return {};
  endpoint.resize(size);
  return from_asio(endpoint);
}

}  // namespace

std::string format_endpoint(const Endpoint& endpoint) {
  const bool v6 = endpoint.address.find(':') != std::string::npos;
  return v6 ? fmt::format("[{}]:{}", endpoint.address, endpoint.port)
            : fmt::format("{}:{}", endpoint.address, endpoint.port);
}

Result<Endpoint> parse_endpoint(std::string_view text, std::uint16_t default_port) {
  const auto [address_text, port_text] = split(text);
  const auto address = parse_address(address_text);
  if (!address) {
    return failure(ErrorCode::config_invalid,
                   fmt::format("'{}' is not an IP address, or one with a port", text));
  }
  Endpoint endpoint{address->to_string(), default_port};
  if (port_text) {
    const auto port = parse_port(*port_text);
    if (!port)
      return failure(ErrorCode::config_invalid, fmt::format("'{}': the port is not 0 to 65535", text));
    endpoint.port = *port;
  }
  return endpoint;
}

bool is_address(std::string_view text) { return parse_address(text).has_value(); }

bool is_ipv4(std::string_view text) {
  const auto address = parse_address(text);
  return address && address->is_v4();
}

bool is_loopback(std::string_view text) {
  const auto address = parse_address(text);
  return address && address->is_loopback();
}

bool is_any(std::string_view text) {
  const auto address = parse_address(text);
  return address && address->is_unspecified();
}

Result<std::string> address_plus(std::string_view first, std::uint32_t steps) {
  const auto address = parse_address(first);
  if (!address || !address->is_v4()) {
    return failure(ErrorCode::config_invalid, fmt::format("'{}' is not an IPv4 address", first));
  }
  const std::uint64_t sum = std::uint64_t{address->to_v4().to_uint()} + steps;
  const ip::address_v4 result{static_cast<std::uint32_t>(sum)};
  if (sum > 0xffffffffULL || result.is_loopback() != address->is_loopback()) {
    return failure(ErrorCode::config_invalid, fmt::format("no address lies {} above {}", steps, first));
  }
  return result.to_string();
}

Endpoint remote_of(int descriptor) { return endpoint_of(descriptor, ::getpeername); }
Endpoint local_of(int descriptor) { return endpoint_of(descriptor, ::getsockname); }

Endpoint from_asio(const ip::tcp::endpoint& endpoint) {
  ip::address address = endpoint.address();
  if (address.is_v6() && address.to_v6().is_v4_mapped()) {
    address = ip::make_address_v4(ip::v4_mapped, address.to_v6());
  }
  return Endpoint{address.to_string(), endpoint.port()};
}

Result<ip::tcp::endpoint> to_asio(const Endpoint& endpoint) {
  const auto address = parse_address(endpoint.address);
  if (!address) {
    return failure(ErrorCode::config_invalid, fmt::format("'{}' is not an IP address", endpoint.address));
  }
  return ip::tcp::endpoint{*address, endpoint.port};
}

}  // namespace muster::net
