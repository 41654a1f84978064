#pragma once

#include "base/task.hpp"
#include "net/shard.hpp"
#include "net/tls_context.hpp"
#include "protocol/rest/webhook_url.hpp"

#include <chrono>
#include <cstddef>
#include <string>

namespace muster::webhook {

/// What one POST may cost.
struct PostLimits {
  std::chrono::milliseconds connect_timeout{5'000};
  std::chrono::milliseconds answer_timeout{10'000};  ///< From the connection to the answer's last byte.
  std::size_t head_bytes_max = 16 * 1024;
  std::size_t answer_bytes_max = 64 * 1024;
};

struct PostAnswer {
  unsigned status = 0;
  std::string body;
};

/// Sends a JSON body by POST and reads the answer, on a connection of its own.
///
/// Errors    name_unresolved, connect_failed, server_untrusted, tls_failure  as net says
///           timed_out         a limit passed; says which
///           connection_lost   the connection ended before the answer did
///           service_error     the answer is not HTTP/1.1, or too large
/// Threads   call on the shard, which must outlive it.
Task<PostAnswer> post(net::Shard& shard, const net::TlsClientContext& tls, rest::WebhookUrl url,
                      std::string body, PostLimits limits);

}  // namespace muster::webhook
