#include "base/assert.hpp"
#include "base/bytes.hpp"
#include "world/running_world.hpp"

// The input is a world.json. What is accepted is written as one that is read as the same world.

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace muster;
  const std::string_view text{reinterpret_cast<const char*>(data), size};
  (void)world::parse_start_ticks(text);
  (void)world::endpoint_address(text);
  (void)world::endpoint_port(text);
  const auto running = world::parse_running_world(text);
  if (!running) {
    MUSTER_ASSERT(is_valid_utf8(as_bytes(running.error().reason())), "a reason that is not UTF-8");
    return 0;
  }
  const auto again = world::parse_running_world(world::to_json(*running));
  MUSTER_ASSERT(again && *again == *running, "another world");
  (void)world::hosts_file(*running, "127.0.0.1 localhost\n");
  return 0;
}
