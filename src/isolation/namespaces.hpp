#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>

namespace muster::isolation {

/// How the names are replaced for a process tree.
enum class Method : std::uint8_t {
  mount_namespace,  ///< A mount namespace: needs CAP_SYS_ADMIN, as root has.
  user_namespace,   ///< The same inside a user namespace: any user, where the kernel allows it.
  nss_wrapper,      ///< A preloaded library that answers getaddrinfo: not seen by programs that resolve for
                    ///< themselves.
};

/// Puts the calling process into a namespace where /etc/hosts is `hosts`, by `method` (not nss_wrapper).
/// Returns 0, or the errno of the call that failed. The process must have one thread. Async-signal-safe but
/// for its own writes to /proc.
int enter_namespace(Method method, const char* hosts) noexcept;

/// The first method that works here, tried in a child that ends at once; nullopt when none does.
std::optional<Method> available_method(const std::filesystem::path& hosts);

/// The name by which the loader finds libnss_wrapper; nullopt when it is not installed.
std::optional<std::string> nss_wrapper_library();

}  // namespace muster::isolation
