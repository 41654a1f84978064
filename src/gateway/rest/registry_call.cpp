#include "gateway/rest/registry_call.hpp"

#include "base/bytes.hpp"

#include <fmt/format.h>

#include <charconv>
#include <memory>

namespace muster::rest {
namespace {

std::function<Result<void>(registry::Store&)> keeping(RegistryWork work, std::shared_ptr<Response> into) {
  return [work = std::move(work), into = std::move(into)](registry::Store& store) -> Result<void> {
    MUSTER_TRY(*into, work(store));
    return {};
  };
}

}  // namespace

Task<Response> answer_by_reading(const Services& services, RegistryWork work) {
  const auto answer = std::make_shared<Response>();
  MUSTER_CO_CHECK(co_await services.registry.read(keeping(std::move(work), answer)));
  co_return std::move(*answer);
}

Task<Response> answer_by_writing(const Services& services, RegistryWork work) {
  const auto answer = std::make_shared<Response>();
  MUSTER_CO_CHECK(co_await services.registry.write(keeping(std::move(work), answer)));
  co_return std::move(*answer);
}

Result<Hub> require_hub(registry::Store& store, const ServiceName& name) {
  MUSTER_TRY(auto hubs, store.services().hubs());
  for (auto& hub : hubs) {
    if (hub.name == name) return std::move(hub);
  }
  return failure(ErrorCode::hub_unknown, fmt::format("there is no hub {}", name.str()));
}

Result<DpsInstance> require_dps(registry::Store& store, const ServiceName& name) {
  MUSTER_TRY(auto instances, store.services().dps_instances());
  for (auto& dps : instances) {
    if (dps.name == name) return std::move(dps);
  }
  return failure(ErrorCode::resource_not_found, fmt::format("there is no DPS instance {}", name.str()));
}

Result<PageRequest> page_request(const Request& request) {
  PageRequest page{.after = {}, .limit = kPageItemsDefault};
  if (const auto text = request.header("x-ms-max-item-count"); text && !text->empty()) {
    std::int64_t count = 0;
    const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), count);
    if (error != std::errc{} || end != text->data() + text->size() || (count < 1 && count != -1)) {
      return failure(ErrorCode::field_invalid,
                     fmt::format("x-ms-max-item-count: \"{}\" is not a number from 1 on", *text));
    }
    // -1 is .NET's "as you like".
    if (count != -1) page.limit = std::min<std::size_t>(static_cast<std::size_t>(count), kPageItemsMax);
  }
  if (const auto token = request.header("x-ms-continuation"); token && !token->empty()) {
    const auto key = from_base64(*token);
    if (!key) return failure(ErrorCode::field_invalid, "x-ms-continuation: not a token of this service");
    page.after = as_text(*key);
  }
  return page;
}

Response page_response(std::string body, std::string item_type, const std::string& next) {
  auto response = Response::json(std::move(body)).with("x-ms-item-type", std::move(item_type));
  if (!next.empty()) response.headers.emplace_back("x-ms-continuation", to_base64(as_bytes(next)));
  return response;
}

}  // namespace muster::rest
