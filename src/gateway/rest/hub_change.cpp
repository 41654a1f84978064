#include "gateway/rest/hub_change.hpp"

#include <memory>

namespace muster::rest {

Task<Response> answer_by_changing(const Call& call, ChangeWork work) {
  const auto aftermath = std::make_shared<Aftermath>();
  const auto write = [work = std::move(work), aftermath](registry::Store& store) {
    *aftermath = {};  // The writer may carry its work out again.
    return work(store, *aftermath);
  };
  MUSTER_CO_TRY(auto response, co_await answer_by_writing(call.services, write));
  aftermath->settle(call.services.sessions, *call.face.service);
  co_return response;
}

}  // namespace muster::rest
