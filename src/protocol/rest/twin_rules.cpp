#include "protocol/rest/twin_rules.hpp"

#include "protocol/hub/twin_rules.hpp"
#include "protocol/rest/json_fields.hpp"

#include <nlohmann/json.hpp>

namespace muster::rest {

Result<std::string> read_twin_section(const Fields& owner, std::string_view name, hub::TwinSection section) {
  const auto* value = owner.find(name);
  if (!value) return std::string{"{}"};
  MUSTER_TRY(const auto kept, hub::check_twin_section(*value, owner.path_of(name), hub::TwinForm::whole));
  MUSTER_CHECK(hub::check_twin_size(kept, section));
  return kept.dump();
}

}  // namespace muster::rest
