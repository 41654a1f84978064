#pragma once

#include "base/clock.hpp"
#include "base/random.hpp"
#include "base/result.hpp"
#include "disk/file.hpp"
#include "server/config.hpp"
#include "server/world_paths.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace muster::server {

/// What `muster up` prints once the service is ready.
struct Ready {
  bool made_world = false;
  std::vector<std::string> mqtt_endpoints;  ///< "127.0.0.1:8883".
  std::vector<std::string> https_endpoints;
  std::string admin_endpoint;
  std::vector<std::string>
      talk;  ///< What an operator should know: a CA that was replaced, a port that fell back.
};

/// The whole service on one world: composition root. Makes or opens the world, listens, serves until stop.
/// Everything that has effects is made here and handed down by reference.
class Service {
 public:
  struct Injected {
    Clock& clock;
    Random& random;
    disk::Disk& disk;
  };

  /// Makes the world if there is none (the tutorial's, or a bare one) and starts to serve. `sources` are what
  /// the environment and the flags say; the file is the world's own. On failure nothing runs, and what was
  /// there before is as it was.
  static Result<std::unique_ptr<Service>> start(Injected injected, WorldPaths paths, ConfigSources sources,
                                                bool bare);
  /// Orderly stop: sessions closed, everything acknowledged on disk, world.json removed. Blocks.
  ~Service();

  const Ready& ready() const noexcept;
  /// Called from any thread when someone asked the service to stop over the control socket.
  void on_stop_requested(std::function<void()> notify);

  struct Parts;

 private:
  explicit Service(std::unique_ptr<Parts> parts);
  std::unique_ptr<Parts> parts_;
};

}  // namespace muster::server
