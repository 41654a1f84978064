#include "eventlog/event_log.hpp"

namespace muster::eventlog {

std::uint32_t partition_of(std::string_view device_id, std::uint32_t partition_count) noexcept {
  // FNV-1a, 64 bits: offset basis and prime of draft-eastlake-fnv.
  std::uint64_t hash = 0xcbf29ce484222325;
  for (const char c : device_id) {
    hash ^= static_cast<unsigned char>(c);
    hash *= 0x100000001b3;
  }
  return static_cast<std::uint32_t>(hash % partition_count);
}

}  // namespace muster::eventlog
