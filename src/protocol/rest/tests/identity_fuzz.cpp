#include "base/assert.hpp"
#include "base/bytes.hpp"
#include "protocol/rest/device_json.hpp"
#include "protocol/rest/identity_bulk_json.hpp"

#include <nlohmann/json.hpp>

// The input is a body of the hub's service API. Each reader takes it; a refusal says why in UTF-8. What is
// accepted is printed as JSON in UTF-8, and that is accepted again with the same meaning: a client may send
// back what it was shown.

namespace muster::rest {
namespace {

using Json = nlohmann::json;

const ServiceName& hub() {
  static const ServiceName name = *ServiceName::parse("my-hub");
  return name;
}
const DeviceId& device_id() {
  static const DeviceId id = *DeviceId::parse("d");
  return id;
}
const ModuleId& module_id() {
  static const ModuleId id = *ModuleId::parse("m");
  return id;
}

void check_refusal(const Error& error) {
  MUSTER_ASSERT(is_valid_utf8(as_bytes(error.reason())), "a reason that is not UTF-8");
}

void check_reply(const std::string& text) {
  MUSTER_ASSERT(is_valid_utf8(as_bytes(text)), "a reply that is not UTF-8");
  MUSTER_ASSERT(Json::accept(text), "a reply that is not JSON");
}

void check_kept(const DeviceAuth& kept, const DeviceAuth& again) {
  MUSTER_ASSERT(kept.type == again.type, "another way to authenticate");
  MUSTER_ASSERT(kept.primary_key == again.primary_key && kept.secondary_key == again.secondary_key,
                "another key");
  MUSTER_ASSERT(kept.primary_thumbprint == again.primary_thumbprint &&
                    kept.secondary_thumbprint == again.secondary_thumbprint,
                "another thumbprint");
}

void check_device(std::string_view body) {
  const auto device = parse_device(body, hub(), device_id());
  if (!device) return check_refusal(device.error());
  const std::string shown = format_device(*device, {});
  check_reply(shown);
  const auto again = parse_device(shown, hub(), device_id());
  MUSTER_ASSERT(again.has_value(), "a device that was shown is refused");
  MUSTER_ASSERT(device->enabled == again->enabled && device->status_reason == again->status_reason,
                "another status");
  MUSTER_ASSERT(device->iot_edge == again->iot_edge && device->device_scope == again->device_scope &&
                    device->parent_scopes == again->parent_scopes,
                "another place in the hierarchy");
  check_kept(device->auth, again->auth);
}

void check_module(std::string_view body) {
  const auto module = parse_module(body, hub(), device_id(), module_id());
  if (!module) return check_refusal(module.error());
  const std::string shown = format_module(*module, {});
  check_reply(shown);
  const auto again = parse_module(shown, hub(), device_id(), module_id());
  MUSTER_ASSERT(again.has_value(), "a module that was shown is refused");
  MUSTER_ASSERT(module->managed_by == again->managed_by, "another manager");
  check_kept(module->auth, again->auth);
}

void check_items(std::string_view body) {
  const auto items = parse_identity_items(body, hub());
  if (!items) return check_refusal(items.error());
  MUSTER_ASSERT(!items->empty() && items->size() <= kBulkDevicesMax, "out of its limits");
  std::vector<ItemFault> faults;
  for (const IdentityItem& item : *items) {
    if (item.fault) {
      check_refusal(*item.fault);
    } else {
      MUSTER_ASSERT(item.device.has_value() != item.module.has_value(), "a device or a module");
    }
    if (!item.initial_twin_json.empty()) check_reply(item.initial_twin_json);
    faults.push_back({item.device_name, item.module_name, "X", import_mode_name(item.mode), item.etag.tag});
  }
  check_reply(format_identity_result(faults));
}

void check_rotation(std::string_view body) {
  const auto rotation = parse_key_rotation(body);
  if (!rotation) return check_refusal(rotation.error());
  MUSTER_ASSERT(rotation->owners.size() <= kBulkDevicesMax, "out of its limits");
  std::vector<RotatedKey> rotated;
  for (const KeyOwner& owner : rotation->owners) rotated.push_back({owner, "a", "b"});
  check_reply(format_key_rotation(rotation->key, rotated, {}));
}

}  // namespace
}  // namespace muster::rest

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace muster::rest;
  const std::string_view body{reinterpret_cast<const char*>(data), size};
  check_device(body);
  check_module(body);
  check_items(body);
  check_rotation(body);
  if (const auto query = parse_query_body(body); !query) check_refusal(query.error());
  return 0;
}
