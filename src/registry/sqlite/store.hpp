#pragma once

#include "registry/repositories.hpp"
#include "registry/sqlite/connection.hpp"

#include <memory>
#include <string>

namespace muster::registry::sqlite {

/// One connection as a Store. A writer makes or migrates the database (registry_newer when it is of a later
/// muster); a reader expects that to have been done, and cannot write. `vfs` as for Connection::open.
Result<std::unique_ptr<Store>> open_store(const std::string& path, Role role, const char* vfs = nullptr);

}  // namespace muster::registry::sqlite
