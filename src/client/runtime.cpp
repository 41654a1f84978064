#include "muster/runtime.hpp"

#include "client/engine.hpp"

namespace muster {
namespace {

std::unique_ptr<client::Engine> own_engine() {
  auto clock = make_system_clock();
  auto random = make_system_random();
  auto engine = std::make_unique<client::Engine>(*clock, *random, client::make_tls_dialer());
  engine->owned_clock = std::move(clock);
  engine->owned_random = std::move(random);
  return engine;
}

}  // namespace

Runtime::Runtime() : Runtime{own_engine()} {}

Runtime::Runtime(Clock& clock, Random& random)
    : Runtime{std::make_unique<client::Engine>(clock, random, client::make_tls_dialer())} {}

Runtime::Runtime(std::unique_ptr<client::Engine> engine) : engine_{std::move(engine)} {
  if (engine_->threaded) engine_->shard.start();
}

Runtime::~Runtime() {
  client::Engine& engine = *engine_;
  boost::asio::post(engine.shard.io(), [&engine] { engine.end(); });
  if (engine.threaded) {
    engine.shard.stop();  // Runs what that has woken.
  } else {
    while (engine.shard.poll() > 0) {
    }
  }
}

boost::asio::any_io_executor Runtime::executor() const { return engine_->shard.io().get_executor(); }

}  // namespace muster
