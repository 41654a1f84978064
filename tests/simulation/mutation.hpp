#pragma once

#include <cstdint>

namespace muster::simulation {

/// A fault built into the service on purpose. Each has to be found, or the simulator proves nothing.
enum class Mutation : std::uint8_t {
  none,
  disk_ignores_syncs,        ///< fdatasync and fsync say "done" and do nothing.
  acknowledges_before_sync,  ///< PUBACK as soon as the event is queued.
  registry_answers_early,    ///< A write is answered though its commit came to nothing.
};

}  // namespace muster::simulation
