#include "gateway/mqtt/gateway.hpp"

#include "gateway/mqtt/connection.hpp"

#include <algorithm>

namespace muster::mqtt {

Gateway::Gateway(GatewayServices services, std::span<const std::unique_ptr<net::Shard>> shards)
    : services_{std::move(services)}, connections_(shards.size()) {
  for (const auto& shard : shards) acks_.push_back(std::make_unique<AckQueue>(services_.log, *shard));
}

Gateway::~Gateway() = default;

asio::awaitable<void> Gateway::serve(net::Shard& shard, std::unique_ptr<net::Stream> stream) {
  const auto connection =
      std::make_shared<Connection>(services_, *acks_[shard.index()], shard, std::move(stream));
  auto& known = connections_[shard.index()];
  // Swept when it would grow: amortised, and never longer than twice what is alive.
  if (known.size() == known.capacity()) std::erase_if(known, [](const auto& weak) { return weak.expired(); });
  known.push_back(connection);
  co_await connection->run();
}

void Gateway::end_all(net::Shard& shard, const Error& reason) {
  for (const auto& weak : connections_[shard.index()]) {
    if (const auto connection = weak.lock()) connection->fail(reason);
  }
}

}  // namespace muster::mqtt
