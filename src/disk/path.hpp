#pragma once

#include <string>
#include <string_view>

namespace muster::disk {

/// The directory that holds `path`: "a/b" -> "a", "b" -> ".", "/b" -> "/".
inline std::string parent_of(std::string_view path) {
  while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  const std::size_t slash = path.rfind('/');
  if (slash == std::string_view::npos) return ".";
  return slash == 0 ? "/" : std::string{path.substr(0, slash)};
}

/// The last component: "a/b" -> "b".
inline std::string name_of(std::string_view path) {
  while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  const std::size_t slash = path.rfind('/');
  return std::string{slash == std::string_view::npos ? path : path.substr(slash + 1)};
}

/// Without slashes at the end, so that two spellings of a directory are one key.
inline std::string trimmed(std::string_view path) {
  while (path.size() > 1 && path.back() == '/') path.remove_suffix(1);
  return std::string{path};
}

}  // namespace muster::disk
