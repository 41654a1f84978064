#include "isolation/child.hpp"

#include <fcntl.h>
#include <fmt/format.h>
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

// All but the last are sent on to the command.
constexpr std::array kCaught = {SIGINT, SIGTERM, SIGHUP, SIGQUIT, SIGUSR1, SIGUSR2, SIGCHLD};
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

/// A signal as it was caught.
struct Caught {
  std::int32_t number;
  std::int32_t code;  ///< siginfo's si_code: who sent it.
};

/// The write end of the pipe below; a handler has no other way to reach it.
volatile int caught_pipe = -1;

void on_signal(int number, siginfo_t* info, void*) {
  const int before = errno;
  const Caught caught{number, info->si_code};
  // A full pipe holds thousands already; one lost among them changes nothing.
  [[maybe_unused]] const ssize_t written = ::write(caught_pipe, &caught, sizeof caught);
  errno = before;
}

/// Catches what is forwarded, and SIGCHLD, for as long as it lives, and gives them one by one. By handlers
/// and not by a mask with signalfd: other threads of the process (the clock's) do not share the mask, and
/// would take the signals.
class CaughtSignals {
 public:
  CaughtSignals() {
    valid_ = ::pipe2(ends_.data(), O_CLOEXEC) == 0;
    if (!valid_) return;
    ::fcntl(ends_[1], F_SETFL, O_NONBLOCK);
    caught_pipe = ends_[1];
    struct sigaction action {};
    action.sa_sigaction = on_signal;
    action.sa_flags = SA_SIGINFO | SA_RESTART | SA_NOCLDSTOP;
    sigemptyset(&action.sa_mask);
    for (std::size_t i = 0; i < kCaught.size(); ++i) {
      ::sigaction(kCaught[i], nullptr, &before_[i]);
      // What was ignored when we began (nohup) stays so, for the command too; but a child's end must be
      // heard.
      if (before_[i].sa_handler == SIG_IGN && kCaught[i] != SIGCHLD) continue;
      ::sigaction(kCaught[i], &action, nullptr);
    }
  }
  ~CaughtSignals() {
    if (!valid_) return;
    for (std::size_t i = 0; i < kCaught.size(); ++i) ::sigaction(kCaught[i], &before_[i], nullptr);
    for (const int end : ends_) ::close(end);
  }
  CaughtSignals(const CaughtSignals&) = delete;
  CaughtSignals& operator=(const CaughtSignals&) = delete;

  bool valid() const { return valid_; }
  /// Waits for the next.
  Caught next() const {
    Caught caught{};
    while (::read(ends_[0], &caught, sizeof caught) != static_cast<ssize_t>(sizeof caught)) {
    }
    return caught;
  }

 private:
  bool valid_ = false;
  std::array<int, 2> ends_{-1, -1};
  std::array<struct sigaction, kCaught.size()> before_{};
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
bool came_from_terminal(const Caught& caught) { return caught.code == SI_KERNEL; }

int wait_and_forward(pid_t child, const CaughtSignals& signals) {
  int status = 0;
  while (::waitpid(child, &status, WNOHANG) != child) {
    const Caught caught = signals.next();
    if (caught.number != SIGCHLD && !came_from_terminal(caught)) ::kill(child, caught.number);
  }
  return exit_status(status);
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
  const CaughtSignals signals;
  if (!signals.valid()) {
    return failure(ErrorCode::io_failed, fmt::format("pipe: {}", std::generic_category().message(errno)));
  }

  const pid_t child = ::fork();
  if (child < 0) {
    return failure(ErrorCode::io_failed, fmt::format("fork: {}", std::generic_category().message(errno)));
  }
  if (child == 0) {
    become(plan, const_cast<char**>(argument_pointers.data()), const_cast<char**>(variable_pointers.data()),
           tell.get());
  }
  tell.close();

  StartFailure start{};
  ssize_t size = 0;
  do {
    size = ::read(told.get(), &start, sizeof start);
  } while (size < 0 && errno == EINTR);
  const int status = wait_and_forward(child, signals);
  if (size == static_cast<ssize_t>(sizeof start)) return failure(start_error(start, plan.command.front()));
  return status;
}

}  // namespace muster::isolation
