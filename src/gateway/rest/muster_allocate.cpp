#include "gateway/rest/handlers.hpp"
#include "gateway/rest/registry_call.hpp"
#include "protocol/rest/dry_run_json.hpp"
#include "protocol/rest/webhook_url.hpp"

#include <fmt/format.h>

#include <memory>

/// Where devices would go: the same choice as at registering, and nothing is stored.
namespace muster::rest {
namespace {

/// What the registry says of the enrollment and of the devices, read in one go.
struct Seen {
  std::optional<DpsInstance> dps;
  std::optional<EnrollmentGroup> group;
  std::optional<IndividualEnrollment> individual;
  std::vector<RegistrationId> ids;
  std::vector<std::optional<Registration>> registrations;  ///< One an id.

  const EnrollmentSettings& settings() const { return group ? group->settings : individual->settings; }
};

Result<void> find_enrollment(registry::Store& store, const ServiceName& dps, const std::string& name,
                             Seen& seen) {
  if (const auto id = EnrollmentGroupId::parse(name)) {
    MUSTER_TRY(seen.group, store.groups().find(dps, *id));
  }
  if (seen.group) return {};
  if (const auto id = RegistrationId::parse(name)) {
    MUSTER_TRY(seen.individual, store.enrollments().find(dps, *id));
  }
  if (seen.individual) return {};
  return failure(ErrorCode::resource_not_found,
                 fmt::format("{} has neither a group nor an enrollment {}", dps.str(), name.substr(0, 160)));
}

Result<void> look(registry::Store& store, const ServiceName& name, const DryRunAsked& asked, Seen& seen) {
  MUSTER_TRY(seen.dps, require_dps(store, name));
  MUSTER_CHECK(find_enrollment(store, name, asked.enrollment, seen));
  seen.ids = asked.ids;
  if (seen.individual && !seen.group) seen.ids = {seen.individual->id};
  for (const RegistrationId& id : seen.ids) {
    MUSTER_TRY(auto registration, store.registrations().find(name, id));
    seen.registrations.push_back(std::move(registration));
  }
  return {};
}

std::optional<ServiceName> hub_of(const std::optional<Registration>& registration) {
  if (!registration || registration->assigned_hub.empty()) return std::nullopt;
  auto hub = ServiceName::parse(
      std::string_view{registration->assigned_hub}.substr(0, registration->assigned_hub.find('.')));
  if (!hub) return std::nullopt;
  return *std::move(hub);
}

provisioning::PlacementQuestion question_of(const Seen& seen, std::size_t index, const DryRunAsked& asked) {
  const auto& registration = seen.registrations[index];
  provisioning::AllocationContext context{.group = seen.group,
                                          .individual = seen.individual,
                                          .current_hub = registration ? registration->assigned_hub : "",
                                          .current_device = registration ? registration->device_id : "",
                                          .attestation = seen.settings().attestation.type,
                                          .payload_json = asked.payload_json,
                                          .remote_address = asked.address};
  return {.id = seen.ids[index],
          .dps = *seen.dps,
          .settings = seen.settings(),
          .current = hub_of(registration),
          .context = std::move(context)};
}

/// True, and said so, when only the webhook could tell and is not to be asked.
bool leave_to_webhook(const provisioning::PlacementQuestion& question, const DryRunAsked& asked,
                      DryRunDevice& device) {
  const bool custom = provisioning::policy_of(question.dps, question.settings) == AllocationPolicy::custom;
  if (!custom || asked.ask_webhook) return false;
  const bool moves = question.settings.reprovision.update_hub_assignment || !question.current;
  if (!moves) return false;
  const auto url = parse_webhook_url(question.settings.webhook_url);
  device.why =
      fmt::format("custom: {} would be asked", url ? url->shown() : "a webhook without a usable URL");
  return true;
}

Task<DryRunDevice> try_device(provisioning::Allocation& allocation, const Seen& seen, std::size_t index,
                              const DryRunAsked& asked) {
  auto question = question_of(seen, index, asked);
  DryRunDevice device{.id = std::string{question.id.str()}, .current_hub = question.context.current_hub};
  if (leave_to_webhook(question, asked, device)) co_return device;
  const auto choice = co_await provisioning::place_device(allocation, std::move(question));
  if (choice) {
    device.hub = hub_host_name(choice->hub);
    device.why = choice->why;
  } else {
    device.error = choice.error();
  }
  co_return device;
}

}  // namespace

Task<Response> allocate_dry_run(const Call& call) {
  if (call.services.allocation == nullptr)
    co_return failure(ErrorCode::not_implemented, "this process allocates nothing");
  const auto dps = ServiceName::parse(call.ids[0]);
  if (!dps) {
    co_return failure(ErrorCode::field_invalid, fmt::format("dps: \"{}\" {}", call.ids[0], dps.error()));
  }
  MUSTER_CO_TRY(const DryRunAsked asked, parse_dry_run(call.request.body));
  const auto seen = std::make_shared<Seen>();
  const auto read = [seen, asked, name = *dps](registry::Store& store) {
    return look(store, name, asked, *seen);
  };
  MUSTER_CO_CHECK(co_await call.services.registry.read(read));
  DryRunAnswer answer{.kind = seen->group ? "enrollmentGroup" : "individualEnrollment",
                      .policy = provisioning::policy_of(*seen->dps, seen->settings()),
                      .policy_of_enrollment = seen->settings().allocation.has_value(),
                      .hubs = provisioning::allowed_hubs(*seen->dps, seen->settings())};
  for (std::size_t i = 0; i < seen->ids.size(); ++i) {
    MUSTER_CO_TRY(DryRunDevice device, co_await try_device(*call.services.allocation, *seen, i, asked));
    answer.devices.push_back(std::move(device));
  }
  co_return Response::json(format_dry_run(answer));
}

}  // namespace muster::rest
