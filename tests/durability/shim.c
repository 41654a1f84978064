/* Loaded into the service by LD_PRELOAD: counts its calls that change the disk, and at a chosen one kills the process, cuts the
   power of the file system, or lets the call fail. Built by shim.py, which shares one page with it (struct page below) and
   so arms and reads it while the service runs. No ptrace, so it needs no rights and costs next to nothing.

   Watched: fdatasync, fsync, rename, unlink, pwrite and open with O_CREAT, of regular files and directories below the
   world's folder. A call belongs to one of three places: the event log, the registry, or what is left. */
#define _GNU_SOURCE
#include <dlfcn.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>

enum kind { KIND_SYNC = 1, KIND_DIRECTORY = 2, KIND_RENAME = 4, KIND_UNLINK = 8, KIND_WRITE = 16, KIND_CREATE = 32 };
enum place { PLACE_LOG = 1, PLACE_REGISTRY = 2, PLACE_OTHER = 4 };
enum action { ACTION_NONE, ACTION_KILL, ACTION_CUT, ACTION_FAIL, ACTION_LIE };

/* Mirrored in shim.py. */
struct page {
  _Atomic uint32_t action;
  uint32_t kinds;        /* Which calls count, as a set. */
  uint32_t places;       /* The same. */
  uint32_t after;        /* Kill and cut: only when the call has been made. */
  uint32_t error;        /* errno of a call that fails. */
  uint32_t records;      /* Whether each watched call in these places is written to the record. */
  _Atomic uint64_t left; /* The action is for the call that takes this from 1 to 0. */
  _Atomic uint64_t hits; /* Calls that counted. */
  _Atomic uint64_t fired;
  _Atomic int64_t wall_offset_ns; /* Added to the wall clock; see clock_gettime below. */
};

static struct page *page;
static int record = -1;
static char world[PATH_MAX];

static void *next(const char *name) { return dlsym(RTLD_NEXT, name); }

__attribute__((constructor)) static void set_up(void) {
  const char *shared = getenv("DURABILITY_SHIM_PAGE"), *folder = getenv("DURABILITY_SHIM_WORLD"), *log = getenv("DURABILITY_SHIM_RECORD");
  if (!shared || !folder || !log) return;
  int descriptor = (int)syscall(SYS_openat, AT_FDCWD, shared, O_RDWR | O_CLOEXEC, 0);
  if (descriptor < 0) abort();
  page = mmap(NULL, sizeof *page, PROT_READ | PROT_WRITE, MAP_SHARED, descriptor, 0);
  if (page == MAP_FAILED) abort();
  close(descriptor);
  record = (int)syscall(SYS_openat, AT_FDCWD, log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
  snprintf(world, sizeof world, "%s/", folder);
}

static enum place place_of(const char *path) {
  if (!page || strncmp(path, world, strlen(world)) != 0) return 0;
  const char *inside = path + strlen(world);
  if (strncmp(inside, "events", 6) == 0) return PLACE_LOG;
  if (strncmp(inside, "registry", 8) == 0) return PLACE_REGISTRY;
  return PLACE_OTHER;
}

static void path_of(int descriptor, char *path) {
  char link[64];
  snprintf(link, sizeof link, "/proc/self/fd/%d", descriptor);
  ssize_t size = readlink(link, path, PATH_MAX - 1);
  path[size < 0 ? 0 : size] = 0;
}

static void cut(void) {
  int descriptor = (int)syscall(SYS_openat, AT_FDCWD, world, O_RDONLY | O_DIRECTORY, 0);
  uint32_t flags = 2; /* NOLOGFLUSH: not even what the journal has gathered. */
  if (descriptor < 0 || ioctl(descriptor, _IOR('X', 125, uint32_t), &flags) != 0) _exit(99);
}

/* Whether this call is the chosen one. Every call that counts takes one from `left`; below zero nothing more happens. */
static int chosen(enum kind kind, enum place place) {
  if (!place || !(page->kinds & kind) || !(page->places & place)) return 0;
  atomic_fetch_add(&page->hits, 1);
  if (page->action == ACTION_NONE) return 0;
  return atomic_fetch_sub(&page->left, 1) == 1;
}

static void strike(void) {
  atomic_store(&page->fired, 1);
  if (page->action == ACTION_CUT) cut();
  syscall(SYS_kill, getpid(), SIGKILL);
  for (;;) pause();
}

/* Shutting a file system down takes a while, in which Linux may answer a sync with success that was never done: it was under way
   and found its transaction gone. A machine without power answers nothing, so no call returns any more. */
static void no_return_without_power(void) {
  while (page->action == ACTION_CUT && atomic_load(&page->fired)) pause();
}

static void note(const char *what, const char *path, enum place place, long result) {
  if (!page || !page->records || !(place & page->places)) return;
  char line[PATH_MAX + 64];
  int size = snprintf(line, sizeof line, "%s %ld %s\n", what, result, path + strlen(world));
  int kept = errno;
  (void)!syscall(SYS_write, record, line, (size_t)size);
  errno = kept;
}

#define WATCH(kind_, what, path, call)                                          \
  do {                                                                          \
    const enum place place_ = place_of(path);                                   \
    const int chosen_ = chosen(kind_, place_);                                  \
    if (chosen_ && page->action == ACTION_FAIL) {                               \
      atomic_store(&page->fired, 1);                                            \
      errno = (int)page->error;                                                 \
      note(what, path, place_, -1);                                             \
      return -1;                                                                \
    }                                                                           \
    if (page && page->action == ACTION_LIE && (page->places & place_) && (page->kinds & kind_)) return 0; \
    if (chosen_ && !page->after) strike();                                      \
    const long result_ = (call);                                                \
    if (chosen_ && page->after) strike();                                       \
    if (place_) no_return_without_power();                                      \
    note(what, path, place_, result_);                                          \
    return result_;                                                             \
  } while (0)

int fdatasync(int descriptor) {
  char path[PATH_MAX];
  path_of(descriptor, path);
  WATCH(KIND_SYNC, "fdatasync", path, syscall(SYS_fdatasync, descriptor));
}

int fsync(int descriptor) {
  char path[PATH_MAX];
  path_of(descriptor, path);
  struct stat status;
  const int folder = fstat(descriptor, &status) == 0 && S_ISDIR(status.st_mode);
  if (folder) strncat(path, "/", sizeof path - strlen(path) - 1);
  const enum kind kind = folder ? KIND_DIRECTORY : KIND_SYNC;
  WATCH(kind, folder ? "fsync-directory" : "fsync", path, syscall(SYS_fsync, descriptor));
}

int rename(const char *from, const char *to) {
  WATCH(KIND_RENAME, "rename", to, syscall(SYS_renameat2, AT_FDCWD, from, AT_FDCWD, to, 0));
}

int unlink(const char *path) { WATCH(KIND_UNLINK, "unlink", path, syscall(SYS_unlinkat, AT_FDCWD, path, 0)); }

ssize_t pwrite64(int descriptor, const void *bytes, size_t size, off64_t offset) {
  char path[PATH_MAX];
  path_of(descriptor, path);
  WATCH(KIND_WRITE, "pwrite", path, syscall(SYS_pwrite64, descriptor, bytes, size, offset));
}

ssize_t pwrite(int descriptor, const void *bytes, size_t size, off_t offset) {
  return pwrite64(descriptor, bytes, size, offset);
}

static int open_watched(const char *path, int flags, mode_t mode) {
  if (!(flags & O_CREAT)) return (int)syscall(SYS_openat, AT_FDCWD, path, flags, mode);
  WATCH(KIND_CREATE, "create", path, syscall(SYS_openat, AT_FDCWD, path, flags, mode));
}

#define OPEN(name)                                \
  int name(const char *path, int flags, ...) {    \
    va_list more;                                 \
    va_start(more, flags);                        \
    const mode_t mode = flags & O_CREAT ? va_arg(more, mode_t) : 0; \
    va_end(more);                                 \
    return open_watched(path, flags, mode);       \
  }
OPEN(open)
OPEN(open64)

/* The wall clock alone jumps: what the kernel measures by (timeouts, the steady clock) goes on, as when somebody sets it. */
int clock_gettime(clockid_t clock, struct timespec *now) {
  static int (*real)(clockid_t, struct timespec *);
  if (!real) real = (int (*)(clockid_t, struct timespec *))next("clock_gettime");
  const int result = real(clock, now);
  if (result == 0 && page && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) {
    const int64_t ns = now->tv_sec * 1000000000ll + now->tv_nsec + page->wall_offset_ns;
    now->tv_sec = ns / 1000000000ll;
    now->tv_nsec = ns % 1000000000ll;
  }
  return result;
}

time_t time(time_t *out) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (out) *out = now.tv_sec;
  return now.tv_sec;
}

int gettimeofday(struct timeval *restrict now, void *restrict zone) {
  (void)zone;
  struct timespec precise;
  clock_gettime(CLOCK_REALTIME, &precise);
  now->tv_sec = precise.tv_sec;
  now->tv_usec = precise.tv_nsec / 1000;
  return 0;
}
