#include "protocol/query/fields.hpp"

#include "base/nearest.hpp"
#include "muster/ids.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <span>

namespace muster::query {
namespace {

/// A system field: what stands under it, and whether the names there are the user's own.
struct Field {
  std::string_view name;
  bool free = false;
  std::span<const Field> members{};
};

constexpr std::array kCapabilities{Field{"iotEdge"}};
constexpr std::array kAuthentication{Field{"type"}};
constexpr std::array kThumbprints{Field{"primaryThumbprint"}, Field{"secondaryThumbprint"}};
constexpr std::array kProperties{Field{"desired", true}, Field{"reported", true}};

/// The members of a twin (service/04 section 4.4), `authentication` of service/13, and `configurations`,
/// which no row has as long as there is no automatic device management.
constexpr std::array kFields{
    Field{"deviceId"},
    Field{"moduleId"},
    Field{"etag"},
    Field{"deviceEtag"},
    Field{"status"},
    Field{"statusReason"},
    Field{"statusUpdateTime"},
    Field{"connectionState"},
    Field{"lastActivityTime"},
    Field{"cloudToDeviceMessageCount"},
    Field{"authenticationType"},
    Field{"authentication", false, kAuthentication},
    Field{"x509Thumbprint", false, kThumbprints},
    Field{"modelId"},
    Field{"version"},
    Field{"tags", true},
    Field{"properties", false, kProperties},
    Field{"capabilities", false, kCapabilities},
    Field{"deviceScope"},
    Field{"parentScopes"},
    Field{"configurations", true},
};

const Field* find(std::span<const Field> fields, std::string_view name) {
  const auto found =
      std::ranges::find_if(fields, [&](const Field& f) { return equals_ignoring_case(f.name, name); });
  return found == fields.end() ? nullptr : &*found;
}

std::string unknown(std::span<const Field> fields, const Path& path, std::size_t at) {
  std::vector<std::string> names;
  for (const Field& field : fields) names.emplace_back(field.name);
  const Path known{path.begin(), path.begin() + static_cast<std::ptrdiff_t>(at)};
  const std::string owner = known.empty() ? "a row" : format_path(known);
  std::string text = fmt::format("{} has no field {}", owner, path[at].name);
  if (const auto meant = nearest_word(path[at].name, names))
    return text + fmt::format("; {} was meant?", *meant);
  if (at == 0) return text + "; what users set is under tags and properties";
  return text + fmt::format("; it has {}", fmt::join(names, ", "));
}

}  // namespace

Result<void, std::string> canonicalize(Path& path) {
  std::span<const Field> fields = kFields;
  for (std::size_t i = 0; i < path.size(); ++i) {
    if (path[i].index) return {};  // Into a list, or into what is none: then there is nothing.
    const Field* field = find(fields, path[i].name);
    if (field == nullptr) return failure(unknown(fields, path, i));
    path[i].name = field->name;
    if (field->free || field->members.empty()) return {};
    fields = field->members;
  }
  return {};
}

bool is_system_field(std::string_view name) { return find(kFields, name) != nullptr; }

}  // namespace muster::query
