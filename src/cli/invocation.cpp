#include "cli/invocation.hpp"

#include "cli/rest_error.hpp"

#include <fmt/format.h>

namespace muster::cli {
namespace {

/// More pages than any world has devices for: a service that never stops handing out tokens is not followed
/// for ever.
constexpr std::size_t kPagesMax = 100'000;

std::string first_label(const std::string& name) { return name.substr(0, name.find('.')); }

std::string host_of(ServiceKind kind, const std::string& name) {
  return name + (kind == ServiceKind::hub ? ".azure-devices.net" : ".azure-devices-provisioning.net");
}

std::string names_of(const std::vector<ServiceEntry>& services) {
  std::string text;
  for (const ServiceEntry& service : services) text += (text.empty() ? "" : ", ") + service.name;
  return text;
}

}  // namespace

std::string_view resource_type(ServiceKind kind) noexcept {
  return kind == ServiceKind::hub ? "IotHubs" : "provisioningServices";
}

Format Invocation::format() const {
  if (const auto format = parse_format(flags_.output)) return *format;
  return shell_.out_is_terminal ? Format::table : Format::json;
}

void Invocation::print(const Json& value, std::span<const Column> columns) {
  write_output(shell_.out, value, format(), columns);
}

Result<const WorldFile*> Invocation::world() {
  if (!world_) {
    MUSTER_TRY(world_, read_world_file(shell_.disk, folder()));
  }
  return &*world_;
}

Result<ServiceEntry> Invocation::find_service(ServiceKind kind, const std::string& name) {
  const std::string_view noun = kind == ServiceKind::hub ? "hub" : "DPS instance";
  const std::string_view flag = kind == ServiceKind::hub ? "--hub-name" : "--dps-name";
  MUSTER_TRY(const WorldFile* world, this->world());
  const auto& services = kind == ServiceKind::hub ? world->hubs : world->dps;
  if (!name.empty()) {
    const std::string label = first_label(name);
    for (const ServiceEntry& service : services) {
      if (equals_ignoring_case(service.name, label)) return service;
    }
    // It may have been made a moment ago; the service knows best.
    return ServiceEntry{label, host_of(kind, label)};
  }
  if (services.size() == 1) return services.front();
  if (services.empty()) {
    return failure(ErrorCode::resource_not_found, fmt::format("the world in {} has no {}", folder(), noun));
  }
  return failure(
      Error{ErrorCode::usage, fmt::format("there are several: {}", names_of(services))}.with_remedy(
          fmt::format("Say which {} with {}.", noun, flag)));
}

Result<std::string> Invocation::host(ServiceKind kind, const std::string& name) {
  MUSTER_TRY(ServiceEntry service, find_service(kind, name));
  return service.host.empty() ? host_of(kind, service.name) : service.host;
}

Result<std::string> Invocation::service_name(ServiceKind kind, const std::string& name) {
  MUSTER_TRY(ServiceEntry service, find_service(kind, name));
  return service.name;
}

Result<std::string> Invocation::resource_path(ServiceKind kind, const std::string& name) {
  MUSTER_TRY(const std::string service, service_name(kind, name));
  MUSTER_TRY(const WorldFile* world, this->world());
  const std::string& subscription =
      flags_.subscription.empty() ? world->subscription_id : flags_.subscription;
  const std::string& group = flags_.resource_group.empty() ? world->resource_group : flags_.resource_group;
  return fmt::format("/subscriptions/{}/resourceGroups/{}/providers/Microsoft.Devices/{}/{}",
                     percent_encoded(subscription), percent_encoded(group), resource_type(kind),
                     percent_encoded(service));
}

Result<std::string> Invocation::collection_path(ServiceKind kind) {
  MUSTER_TRY(const WorldFile* world, this->world());
  const std::string& subscription =
      flags_.subscription.empty() ? world->subscription_id : flags_.subscription;
  const std::string group =
      flags_.resource_group.empty() ? "" : "/resourceGroups/" + percent_encoded(flags_.resource_group);
  return fmt::format("/subscriptions/{}{}/providers/Microsoft.Devices/{}", percent_encoded(subscription),
                     group, resource_type(kind));
}

void Invocation::announce(const Request& request) {
  if (flags_.show_request) shell_.err << describe_request(request) << std::flush;
}

Result<Response> Invocation::send(const Request& request) {
  announce(request);
  auto response = send_request(control_socket_path(folder()), request);
  if (!response) {
    if (response.error().code() != ErrorCode::not_running) return response;
    return failure(not_running(folder(), response.error().reason()));
  }
  if (response->status >= 400) return failure(error_of(*response));
  return response;
}

Result<Json> Invocation::call(const Request& request) {
  MUSTER_TRY(const Response response, send(request));
  if (response.body.empty()) return Json(nullptr);
  return parse_json(response.body, fmt::format("the answer to {} {}", request.method, request.target));
}

Result<Json> Invocation::call_all_pages(Request request, std::size_t enough) {
  constexpr std::string_view kToken = "x-ms-continuation";
  Json all = Json::array();
  for (std::size_t page = 0; page < kPagesMax; ++page) {
    MUSTER_TRY(const Response response, send(request));
    MUSTER_TRY(const Json items, parse_json(response.body, fmt::format("the answer to {}", request.target)));
    for (const Json& item : items) {
      if (all.size() == enough) return all;
      all.push_back(item);
    }
    if (all.size() == enough) return all;
    const auto token = response.headers.find(std::string{kToken});
    if (token == response.headers.end() || token->second.empty()) return all;
    std::erase_if(request.headers, [&](const auto& header) { return header.first == kToken; });
    request.headers.emplace_back(kToken, token->second);
  }
  return failure(ErrorCode::service_error, fmt::format("more than {} pages", kPagesMax));
}

}  // namespace muster::cli
