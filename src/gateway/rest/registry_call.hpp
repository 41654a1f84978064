#pragma once

#include "gateway/rest/router.hpp"
#include "registry/registry.hpp"

#include <functional>
#include <string_view>

/// How handlers reach the registry, and what they all ask of it.
namespace muster::rest {

/// Work on the registry that ends in an answer. Runs on the registry's threads, and may still run when the
/// connection that asked is gone: it owns what it uses, `Services` apart.
using RegistryWork = std::function<Result<Response>(registry::Store&)>;

/// One read transaction.
Task<Response> answer_by_reading(const Services& services, RegistryWork work);
/// One write: the answer comes back once it is durable.
Task<Response> answer_by_writing(const Services& services, RegistryWork work);

/// The hub or DPS instance of that name, as stored; hub_unknown or resource_not_found, naming it.
Result<Hub> require_hub(registry::Store& store, const ServiceName& name);
Result<DpsInstance> require_dps(registry::Store& store, const ServiceName& name);

/// Which page a query asks for: x-ms-max-item-count and x-ms-continuation (service/02 section 2.2, 05
/// section 5.1).
struct PageRequest {
  std::string after;
  std::size_t limit = 0;
};
inline constexpr std::size_t kPageItemsDefault = 100;
inline constexpr std::size_t kPageItemsMax = 1000;
/// field_invalid naming the header.
Result<PageRequest> page_request(const Request& request);
/// Puts x-ms-item-type on a query's answer, and x-ms-continuation where there is another page: an empty one
/// would make Node loop.
Response page_response(std::string body, std::string item_type, const std::string& next);

}  // namespace muster::rest
