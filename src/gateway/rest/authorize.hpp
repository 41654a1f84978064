#pragma once

#include "base/task.hpp"
#include "gateway/rest/http_message.hpp"
#include "gateway/rest/rights.hpp"
#include "gateway/rest/services.hpp"
#include "model/service.hpp"

#include <string>
#include <vector>

namespace muster::rest {

/// What a caller has to show a right for.
struct Access {
  Right right = Right::control;
  ServiceRef service;
  std::vector<std::string> names;  ///< Hosts that the token may be for.
  std::string path;                ///< Of the request, decoded: "/devices/pump-07".
};

/// Judges the request's Authorization header: a shared access signature of one of the service's policies,
/// made with its primary or secondary key, not expired, for a resource that covers the path, and of a policy
/// that has the right. Source: service/01 sections 1.2 and 1.4. unauthorized with what is wrong; the
/// service's own failures otherwise. A token may have expired `services.sas_clock_skew` ago: clocks differ.
Task<void> authorize(const Services& services, const Request& request, Access access);

}  // namespace muster::rest
