#pragma once

#include "base/clock.hpp"
#include "base/random.hpp"
#include "disk/file.hpp"

#include <functional>
#include <istream>
#include <map>
#include <ostream>
#include <string>

namespace muster::cli {

using Environment = std::map<std::string, std::string>;

/// What a command line runs in: everything that a command may touch of the world outside. main() makes the
/// real one, tests make theirs. Data goes to `out`, talk to `err`.
struct Shell {
  Clock& clock;
  Random& random;
  disk::Disk& disk;
  std::ostream& out;
  std::ostream& err;
  const Environment& environment;
  std::istream& in;
  bool out_is_terminal = false;
  bool err_is_terminal = false;
};

}  // namespace muster::cli
