#include "isolation/child.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/signalfd.h>
#include <sys/wait.h>
#include <system_error>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdint>
#include <utility>

namespace muster::isolation {
namespace {

constexpr std::array kForwarded = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2};
constexpr int kSignalBase = 128;  // As shells report a command that a signal ended.

/// What a child that could not begin tells its parent over the pipe; nothing arrives when exec succeeds.
struct StartFailure {
  enum class Step : std::int32_t { isolate, execute } step;
  std::int32_t error;
};

/// A descriptor that is closed once.
class Descriptor {
 public:
  explicit Descriptor(int fd) : fd_{fd} {}
  ~Descriptor() { close(); }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return fd_; }
  void close() {
    if (fd_ >= 0) ::close(std::exchange(fd_, -1));
  }

 private:
  int fd_;
};

/// Blocks what is forwarded, and SIGCHLD, for as long as it lives; they are then read from a descriptor, one
/// by one.
class BlockedSignals {
 public:
  BlockedSignals() {
    sigemptyset(&blocked_);
    for (const int number : kForwarded) sigaddset(&blocked_, number);
    sigaddset(&blocked_, SIGCHLD);
    ::sigprocmask(SIG_BLOCK, &blocked_, &before_);
  }
  ~BlockedSignals() { restore(); }
  BlockedSignals(const BlockedSignals&) = delete;
  BlockedSignals& operator=(const BlockedSignals&) = delete;

  void restore() const { ::sigprocmask(SIG_SETMASK, &before_, nullptr); }
  int open() const { return ::signalfd(-1, &blocked_, SFD_CLOEXEC); }

 private:
  sigset_t blocked_{};
  sigset_t before_{};
};

std::vector<char*> pointers(std::vector<std::string>& texts) {
  std::vector<char*> found;
  for (std::string& text : texts) found.push_back(text.data());
  found.push_back(nullptr);
  return found;
}

[[noreturn]] void become(const ChildPlan& plan, char** arguments, char** environment, int pipe) {
  StartFailure told{StartFailure::Step::isolate, 0};
  if (plan.method != Method::nss_wrapper) told.error = enter_namespace(plan.method, plan.hosts.c_str());
  if (told.error == 0) {
    ::execvpe(arguments[0], arguments, environment);
    told = {StartFailure::Step::execute, errno};
  }
  // Nobody to tell when this fails; the exit status still says that nothing ran.
  [[maybe_unused]] const ssize_t written = ::write(pipe, &told, sizeof told);
  constexpr int kNothingRan = 127;
  ::_exit(kNothingRan);
}

Error start_error(const StartFailure& told, const std::string& program) {
  const std::string why = std::generic_category().message(told.error);
  if (told.step == StartFailure::Step::isolate) {
    return {ErrorCode::isolation_unavailable, fmt::format("entering the namespace: {}", why)};
  }
  return {ErrorCode::command_not_found, fmt::format("{}: {}", program, why)};
}

int exit_status(int status) {
  return WIFSIGNALED(status) ? kSignalBase + WTERMSIG(status) : WEXITSTATUS(status);
}

/// Ctrl-C reaches the whole foreground group by itself; sent on, the command would meet it twice.
bool came_from_terminal(const signalfd_siginfo& info) { return info.ssi_code == SI_KERNEL; }

Result<int> wait_and_forward(pid_t child, int signals) {
  while (true) {
    int status = 0;
    const pid_t ended = ::waitpid(child, &status, WNOHANG);
    if (ended == child) return exit_status(status);

    signalfd_siginfo info{};
    const ssize_t size = ::read(signals, &info, sizeof info);
    if (size != static_cast<ssize_t>(sizeof info)) {
      if (size < 0 && errno == EINTR) continue;
      return failure(ErrorCode::io_failed,
                     fmt::format("reading signals: {}", std::generic_category().message(errno)));
    }
    if (static_cast<int>(info.ssi_signo) != SIGCHLD && !came_from_terminal(info)) {
      ::kill(child, static_cast<int>(info.ssi_signo));
    }
  }
}

}  // namespace

Result<int> run_child(const ChildPlan& plan) {
  std::vector<std::string> arguments = plan.command;
  std::vector<std::string> variables;
  for (const auto& [name, value] : plan.environment) variables.push_back(fmt::format("{}={}", name, value));
  const auto argument_pointers = pointers(arguments);
  const auto variable_pointers = pointers(variables);

  int ends[2];
  if (::pipe2(ends, O_CLOEXEC) != 0) {
    return failure(ErrorCode::io_failed, fmt::format("pipe: {}", std::generic_category().message(errno)));
  }
  Descriptor told{ends[0]};
  Descriptor tell{ends[1]};
  const BlockedSignals blocked;
  const Descriptor signals{blocked.open()};

  const pid_t child = ::fork();
  if (child < 0) {
    return failure(ErrorCode::io_failed, fmt::format("fork: {}", std::generic_category().message(errno)));
  }
  if (child == 0) {
    blocked.restore();
    become(plan, const_cast<char**>(argument_pointers.data()), const_cast<char**>(variable_pointers.data()),
           tell.get());
  }
  tell.close();

  StartFailure start{};
  ssize_t size = 0;
  do {
    size = ::read(told.get(), &start, sizeof start);
  } while (size < 0 && errno == EINTR);
  const auto status = wait_and_forward(child, signals.get());
  if (size == static_cast<ssize_t>(sizeof start)) return failure(start_error(start, plan.command.front()));
  return status;
}

}  // namespace muster::isolation
