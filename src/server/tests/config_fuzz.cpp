#include "base/assert.hpp"
#include "base/bytes.hpp"
#include "server/config.hpp"
#include "server/config_keys.hpp"

#include <nlohmann/json.hpp>

// The input is a muster.json. Every problem that it has is said in UTF-8; a configuration that is accepted is
// written, by its own keys, as one that is accepted and means the same.

namespace muster::server {
namespace {

using nlohmann::json;

/// Every key that somebody set, as the file would have it.
std::string written(const LoadedConfig& loaded) {
  json document = json::object();
  for (const ConfigKey& key : config_keys()) {
    if (loaded.origin_of(key.name) == Origin::default_value) continue;
    std::string pointer = "/" + key.name;
    for (char& c : pointer) c = c == '.' ? '/' : c;
    document[json::json_pointer{pointer}] = key.get(loaded.config);
  }
  return document.dump();
}

void check(std::string_view text) {
  const auto loaded = load_config({.file_text = std::string{text}, .environment = {}, .flags = {}});
  if (!loaded) {
    MUSTER_ASSERT(!loaded.error().empty(), "refused without a problem");
    MUSTER_ASSERT(is_valid_utf8(as_bytes(config_error(loaded.error()).reason())),
                  "a reason that is not UTF-8");
    return;
  }
  const auto again = load_config({.file_text = written(*loaded), .environment = {}, .flags = {}});
  MUSTER_ASSERT(again.has_value(), "our own configuration is refused");
  for (const ConfigKey& key : config_keys()) {
    MUSTER_ASSERT(key.get(loaded->config) == key.get(again->config), "a key that changes when it is written");
  }
}

}  // namespace
}  // namespace muster::server

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  muster::server::check({reinterpret_cast<const char*>(data), size});
  return 0;
}
