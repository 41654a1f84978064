#pragma once

#include "base/task.hpp"
#include "gateway/rest/api.hpp"
#include "gateway/rest/http_message.hpp"
#include "gateway/rest/rights.hpp"
#include "gateway/rest/services.hpp"
#include "gateway/rest/target.hpp"
#include "net/shard.hpp"

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace muster::rest {

class EventReaders;

/// One request on its way to its handler, with all that the handler stands on. Outlives the handler's
/// coroutine.
struct Call {
  const Services& services;
  EventReaders& readers;
  net::Shard& shard;
  const Request& request;
  const Target& target;
  std::string tracking_id;
  Face face;
  std::vector<std::string> ids;  ///< What stood at the pattern's {names}, in order, decoded.
  bool by_token = false;         ///< Who calls has shown a token, and is not at the control socket.
};

/// A coroutine that answers one kind of call. Its failure becomes the API's error body.
using Handler = Task<Response> (*)(const Call& call);

/// How a route's errors look: as its API's do, or as a hub's about modules (service/04 section 4.9, form B).
enum class ErrorForm : std::uint8_t { usual, module };

/// A row of an API's table. `pattern` segments match in any case of letters; {x} matches any one segment. A
/// null handler: the path is Azure's, and this version does not have it yet (501).
struct Route {
  Api api;
  std::string_view method;
  std::string_view pattern;
  Right right;
  Handler handler;
  ErrorForm errors = ErrorForm::usual;
};

/// The API whose paths begin with this segment; nullopt for none.
std::optional<Api> api_of_path(std::span<const std::string> segments);

/// The row for a request, and what stood at the {names}.
struct Match {
  const Route* route = nullptr;
  std::vector<std::string> ids;
};

/// resource_not_found when no pattern has this path, method_not_allowed when only other methods do: `allow`
/// then lists those. Rows are tried in order; the first that fits wins, also when it has no handler.
Result<Match> match(std::span<const Route> routes, Api api, std::string_view method,
                    std::span<const std::string> segments, std::string& allow);

/// Every row of every API.
std::span<const Route> all_routes() noexcept;

}  // namespace muster::rest
