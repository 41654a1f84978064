#include "base/assert.hpp"
#include "base/bytes.hpp"
#include "simulator/device_config.hpp"

// The input is a device's config.json. What is accepted has all that a device needs; whatever is wrong is
// said in UTF-8, with the file's name.

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace muster;
  const std::string text{reinterpret_cast<const char*>(data), size};
  const auto config = simulator::load_device_config({"world/config.json", text, {}, {}});
  if (!config) {
    MUSTER_ASSERT(is_valid_utf8(as_bytes(config.error().reason())), "a reason that is not UTF-8");
    MUSTER_ASSERT(!config.error().reason().empty(), "refused without a reason");
    return 0;
  }
  MUSTER_ASSERT(!config->provisioning_host.empty() && !config->id_scope.empty(), "no service");
  MUSTER_ASSERT(!config->registration_id.empty() && config->registration_id.size() <= 128, "no id");
  MUSTER_ASSERT(!config->cert_path.empty() && !config->key_path.empty(), "no credentials");
  MUSTER_ASSERT(config->interval.count() >= 0, "a negative interval");
  return 0;
}
