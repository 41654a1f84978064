#pragma once

namespace muster {

/// From now on the process ends with a message, where it is, as soon as there is no memory. Nothing that went
/// on after half a step could be trusted: a coroutine that is detached would swallow std::bad_alloc. For
/// main().
void end_when_out_of_memory() noexcept;

}  // namespace muster
