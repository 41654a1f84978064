#include "protocol/rest/host.hpp"

namespace muster::rest {
namespace {

std::optional<ServiceName> name_before(std::string_view host, std::string_view suffix) {
  if (host.size() <= suffix.size()) return std::nullopt;
  const auto split = host.size() - suffix.size();
  if (!equals_ignoring_case(host.substr(split), suffix)) return std::nullopt;
  auto name = ServiceName::parse(host.substr(0, split));
  if (!name) return std::nullopt;
  return *std::move(name);
}

}  // namespace

std::optional<ServiceName> hub_of_host(std::string_view host) {
  return name_before(host, ".azure-devices.net");
}

std::optional<ServiceName> dps_of_host(std::string_view host) {
  if (equals_ignoring_case(host, kGlobalProvisioningHost)) return std::nullopt;
  return name_before(host, ".azure-devices-provisioning.net");
}

std::string_view without_port(std::string_view host) noexcept {
  if (host.starts_with('[')) return host.substr(0, host.find(']') + 1);
  return host.substr(0, host.find(':'));
}

}  // namespace muster::rest
