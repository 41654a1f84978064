#include "isolation/namespaces.hpp"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <dlfcn.h>

namespace muster::isolation {
namespace {

int write_file(const char* path, const char* content) noexcept {
  const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0) return errno;
  const ssize_t written = ::write(fd, content, std::strlen(content));
  const int error = written < 0 ? errno : 0;
  ::close(fd);
  return error;
}

/// Maps the caller's own ids to themselves, so that files look and belong as before. user_namespaces(7):
/// without a right over the parent namespace only one's own ids may be mapped, and the group only after
/// setgroups is given up.
int map_own_ids(uid_t uid, gid_t gid) noexcept {
  char line[64];
  if (const int error = write_file("/proc/self/setgroups", "deny"); error != 0 && error != ENOENT)
    return error;
  std::snprintf(line, sizeof line, "%u %u 1", uid, uid);
  if (const int error = write_file("/proc/self/uid_map", line); error != 0) return error;
  std::snprintf(line, sizeof line, "%u %u 1", gid, gid);
  return write_file("/proc/self/gid_map", line);
}

/// Whether enter_namespace would succeed, found out where it does no harm.
bool works(Method method, const char* hosts) {
  const pid_t child = ::fork();
  if (child < 0) return false;
  if (child == 0) ::_exit(enter_namespace(method, hosts) == 0 ? 0 : 1);
  int status = 0;
  while (::waitpid(child, &status, 0) < 0) {
    if (errno != EINTR) return false;
  }
  return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

}  // namespace

int enter_namespace(Method method, const char* hosts) noexcept {
  const uid_t uid = ::geteuid();
  const gid_t gid = ::getegid();
  const int flags = method == Method::user_namespace ? CLONE_NEWUSER | CLONE_NEWNS : CLONE_NEWNS;
  if (::unshare(flags) != 0) return errno;
  if (method == Method::user_namespace) {
    if (const int error = map_own_ids(uid, gid); error != 0) return error;
  }
  // Without this the mount below would be seen by everyone where / is shared, as systemd has it.
  if (::mount("none", "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) return errno;
  if (::mount(hosts, "/etc/hosts", nullptr, MS_BIND, nullptr) != 0) return errno;
  return 0;
}

std::optional<Method> available_method(const std::filesystem::path& hosts) {
  if (works(Method::mount_namespace, hosts.c_str())) return Method::mount_namespace;
  if (works(Method::user_namespace, hosts.c_str())) return Method::user_namespace;
  if (nss_wrapper_library()) return Method::nss_wrapper;
  return std::nullopt;
}

std::optional<std::string> nss_wrapper_library() {
  // Debian's package has both names; the loader's own search finds the folder.
  for (const char* name : {"libnss_wrapper.so", "libnss_wrapper.so.0"}) {
    void* library = ::dlopen(name, RTLD_LAZY | RTLD_LOCAL);
    if (library == nullptr) continue;
    ::dlclose(library);
    return name;
  }
  return std::nullopt;
}

}  // namespace muster::isolation
