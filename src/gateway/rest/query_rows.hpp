#pragma once

#include "gateway/rest/services.hpp"
#include "protocol/query/plan.hpp"
#include "protocol/rest/device_json.hpp"

namespace muster::rest {

/// The rows of `devices` or `devices.modules` that a query may match, in order of their keys, a few at a
/// time.
class QueryRows {
 public:
  struct Row {
    std::string key;
    query::Json value;
  };

  QueryRows(const Services& services, const ServiceName& hub, const query::Query& query);

  /// At most `limit` rows after the key; `next` is empty when those were the last. On the registry's threads.
  Result<registry::Page<Row>> read(registry::Store& store, const std::string& after, std::size_t limit) const;

 private:
  Result<registry::Page<Row>> read_devices(registry::Store& store, const std::string& after,
                                           std::size_t limit) const;
  Result<registry::Page<Row>> read_modules(registry::Store& store, const std::string& after,
                                           std::size_t limit) const;

  const Services& services_;
  ServiceName hub_;
  query::Source source_;
  registry::DeviceFilter filter_;
  RowParts parts_;
};

}  // namespace muster::rest
