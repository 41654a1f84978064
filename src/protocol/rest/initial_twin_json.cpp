#include "protocol/rest/initial_twin_json.hpp"

#include "protocol/rest/twin_rules.hpp"

#include <nlohmann/json.hpp>

namespace muster::rest {

Result<std::string> read_initial_twin(const Fields& fields) {
  MUSTER_TRY(auto twin, fields.object("initialTwin"));
  if (!twin) return std::string{};
  auto kept = nlohmann::ordered_json{{"tags", nlohmann::ordered_json::object()},
                                     {"properties", {{"desired", nlohmann::ordered_json::object()}}}};
  MUSTER_TRY(auto tags, twin->object("tags"));
  if (tags) {
    MUSTER_TRY(const std::string text, read_twin_section(*twin, "tags", hub::TwinSection::tags));
    kept["tags"] = stored_json(text);
  }
  MUSTER_TRY(auto properties, twin->object("properties"));
  if (properties && properties->has("desired")) {
    MUSTER_TRY(const std::string text, read_twin_section(*properties, "desired", hub::TwinSection::desired));
    kept["properties"]["desired"] = stored_json(text);
  }
  return write_json(kept);
}

}  // namespace muster::rest
