#pragma once

#include "muster/ids.hpp"
#include "registry/sqlite/connection.hpp"

#include <string_view>

/// The index of tags, kept in the transaction that writes the twin.
namespace muster::registry::sqlite {

/// Makes the entries of a device those of `after`, where they were those of `before`.
Result<void> change_tags(Connection& connection, std::int64_t hub_id, const DeviceId& device,
                         std::pair<std::string_view, std::string_view> before_after);
/// Makes the entries of every twin: the step of the schema that brings the index.
Result<void> index_all_tags(Connection& connection);

}  // namespace muster::registry::sqlite
