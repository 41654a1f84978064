#pragma once

#include <cstdint>
#include <string>

namespace muster {

/// A device's twin as its hub gave it. The JSON texts are objects without `$version` and `$metadata`.
struct DeviceTwin {
  std::string desired_json = "{}";
  std::int64_t desired_version = 0;
  std::string reported_json = "{}";
  std::int64_t reported_version = 0;
};

/// News of the desired properties.
struct DesiredUpdate {
  /// True: `json` is all of them, to be taken in place of what was known: at first, and after a connection
  /// was lost or a change was missed. False: a merge patch, in which null deletes.
  bool whole = false;
  std::string json;  ///< An object, without `$version`.
  std::int64_t version = 0;
};

}  // namespace muster
