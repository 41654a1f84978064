#pragma once

#include "base/clock.hpp"
#include "base/random.hpp"
#include "client/dialer.hpp"
#include "net/shard.hpp"

#include <memory>

namespace muster::client {

/// What is behind a Runtime.
struct Engine {
  Engine(Clock& its_clock, Random& its_random, std::unique_ptr<Dialer> its_dialer)
      : clock{its_clock}, random{its_random}, dialer{std::move(its_dialer)}, shard{its_clock, 0} {}

  // Owned when nobody lent them; before what uses them.
  std::unique_ptr<Clock> owned_clock;
  std::unique_ptr<Random> owned_random;
  Clock& clock;
  Random& random;
  std::unique_ptr<Dialer> dialer;
  bool threaded = true;  ///< False: whoever made it polls the shard.
  net::Shard shard;      // Last: what still waits on it is destroyed first.
};

}  // namespace muster::client
