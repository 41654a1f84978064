#include "base/assert.hpp"
#include "protocol/hub/twin_document.hpp"
#include "protocol/hub/twin_rules.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>

// The input is lines: PATCH bodies of a service, and where one begins with '=' a PUT's, with '<' a device's
// reported properties. Whatever is accepted keeps every rule, its metadata mirror it, and the patch that a
// device is sent leads, by the merge of RFC 7396, from the old desired properties to the new ones.

namespace muster::hub {
namespace {

using Json = nlohmann::json;

Result<TwinChange> parse(std::string_view line) {
  if (line.starts_with('=')) return parse_twin_replacement(line.substr(1));
  if (line.starts_with('<')) return parse_reported_patch(line.substr(1));
  return parse_twin_patch(line);
}

void check_mirror(const Json& value, const Json& metadata) {
  MUSTER_ASSERT(metadata.contains("$lastUpdated"), "a node without its time");
  for (const auto& [name, node] : metadata.items()) {
    MUSTER_ASSERT(name.starts_with('$') || value.contains(name), "metadata of what is not there");
  }
  if (!value.is_object()) return;
  for (const auto& [name, member] : value.items()) check_mirror(member, metadata.at(name));
}

void check_section(const std::string& stored, TwinSection section) {
  const Json value = Json::parse(stored);
  const auto again = check_twin_section(value, "", TwinForm::whole);
  MUSTER_ASSERT(again && *again == value, "what is stored breaks a rule, or holds a null");
  MUSTER_ASSERT(check_twin_size(value, section).has_value(), "what is stored is too large");
}

void check(const Twin& before, const ChangedTwin& changed) {
  const Twin& after = changed.twin;
  check_section(after.tags_json, TwinSection::tags);
  check_section(after.desired_json, TwinSection::desired);
  check_section(after.reported_json, TwinSection::reported);
  check_mirror(Json::parse(after.desired_json), Json::parse(after.desired_metadata_json));
  check_mirror(Json::parse(after.reported_json), Json::parse(after.reported_metadata_json));
  const auto view = parse_device_view(format_device_view(after));
  MUSTER_ASSERT(view && view->desired_json == after.desired_json, "a device sees something else");
  MUSTER_ASSERT(after.desired_version == before.desired_version + (changed.desired_patch.empty() ? 0 : 1),
                "another version");
  if (changed.desired_patch.empty()) return;
  const auto patch = parse_desired_patch(changed.desired_patch);
  MUSTER_ASSERT(patch && patch->version == after.desired_version, "a patch of another version");
  Json merged = Json::parse(before.desired_json);
  merged.merge_patch(Json::parse(patch->json));
  MUSTER_ASSERT(merged == Json::parse(after.desired_json), "the patch leads elsewhere");
}

}  // namespace
}  // namespace muster::hub

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace muster;
  using namespace muster::hub;
  std::string_view input{reinterpret_cast<const char*>(data), size};
  (void)parse_device_view(input);
  (void)parse_desired_patch(input);
  (void)describe_twin_error(input);
  Twin twin = *make_initial_twin(*ServiceName::parse("h"), *DeviceId::parse("d"), "", WallTime{});
  (void)make_initial_twin(twin.hub, twin.device, input, WallTime{});
  while (!input.empty()) {
    const std::string_view line = input.substr(0, input.find('\n'));
    input.remove_prefix(std::min(line.size() + 1, input.size()));
    const auto change = parse(line);
    if (!change) continue;
    const auto changed = apply(twin, *change, WallTime{});
    if (!changed) continue;
    check(twin, *changed);
    twin = changed->twin;
  }
  return 0;
}
