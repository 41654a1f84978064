#include "registry/tag_index.hpp"

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace muster::registry {
namespace {

/// No key of a twin holds a control character.
constexpr char kPathSeparator = '\x1F';

std::string cut(std::string text, std::size_t size) {
  if (text.size() > size) text.resize(size);
  return text;
}

std::string text_of(bool value) { return value ? "b1" : "b0"; }
std::string text_of(const std::string& value) { return cut("s" + value, kTagValueBytesMax); }
/// 3 and 3.0 are one number, and so are 0 and -0.
std::string text_of(double value) { return fmt::format("n{}", value == 0 ? 0.0 : value); }

void collect(const nlohmann::json& object, const std::string& path, std::set<TagEntry>& into) {
  for (const auto& [key, value] : object.items()) {
    const std::string here = path.empty() ? key : path + kPathSeparator + key;
    const auto add = [&](std::string text) { into.emplace(cut(here, kTagPathBytesMax), std::move(text)); };
    if (value.is_object()) collect(value, here, into);
    if (value.is_string()) add(text_of(value.get_ref<const std::string&>()));
    if (value.is_number()) add(text_of(value.get<double>()));
    if (value.is_boolean()) add(text_of(value.get<bool>()));
  }
}

}  // namespace

std::set<TagEntry> tag_entries(std::string_view tags_json) {
  std::set<TagEntry> entries;
  if (tags_json == "{}") return entries;
  const auto tags = nlohmann::json::parse(tags_json, nullptr, false);
  if (tags.is_object()) collect(tags, "", entries);
  return entries;
}

TagEntry tag_entry(const TagIs& tag) {
  std::string path = fmt::format("{}", fmt::join(tag.path, std::string_view{&kPathSeparator, 1}));
  return {cut(std::move(path), kTagPathBytesMax),
          std::visit([](const auto& value) { return text_of(value); }, tag.value)};
}

}  // namespace muster::registry
