// Promise R6, memory: the Nth allocation of a scripted session fails, for each N in a process of its own. The
// process must end there, and say so; and what it had acknowledged is on the disk that it left.

#include "base/out_of_memory.hpp"

#include "base/assert.hpp"
#include "base/log.hpp"
#include "consumers.hpp"
#include "device.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <new>

namespace {

constexpr std::uint64_t kNever = ~std::uint64_t{0};
/// Allocations until one fails. Plain: one thread.
std::uint64_t g_left = kNever;

void* allocate(std::size_t size) {
  if (g_left != kNever && g_left-- == 0) {
    g_left = kNever;
    if (const std::new_handler handler = std::get_new_handler()) handler();
    throw std::bad_alloc{};
  }
  void* memory = std::malloc(size > 0 ? size : 1);
  if (memory == nullptr) throw std::bad_alloc{};
  return memory;
}

}  // namespace

void* operator new(std::size_t size) { return allocate(size); }
void* operator new[](std::size_t size) { return allocate(size); }
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete[](void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void operator delete[](void* memory, std::size_t) noexcept { std::free(memory); }

namespace muster::simulation {
namespace {

namespace fs = std::filesystem;

constexpr WallTime kBegin{std::chrono::seconds{1'768'991'400}};
constexpr std::size_t kMessagesMax = 64;
constexpr int kTurns = 600;

/// What the service has answered, in memory that outlives its process.
struct Answers {
  std::array<bool, kMessagesMax> acknowledged;
  std::uint64_t reported;
  bool assigned;
  std::uint64_t allocations;  ///< Of a whole session.
};

/// Service, one device and what lies between them, in a folder.
class Session {
 public:
  explicit Session(const std::string& folder) {
    log_.directory = folder + "/events";
    log_.segment_bytes = 16'384;
    log_.flush_interval = std::chrono::microseconds{0};
    log_.reserve_bytes = 0;
    folder_ = folder;
  }

  Result<std::unique_ptr<Service>> start() {
    return Service::start(
        {.disk = *disk_, .clock = clock_, .random = *random_, .log = log_, .root = folder_});
  }

  /// Registers, connects, publishes and reports for some turns, then stops in order.
  void run(Answers& answers) {
    auto started = start();
    MUSTER_ASSERT(started.has_value(), "the session starts");
    Service& service = **started;
    service.refresh();
    Device device{0, {clock_, *random_, ledger_, verdict_, [&](const std::string& name) {
                        return dial(service, name);
                      }}};
    for (int turn = 0; turn < kTurns && ledger_.acknowledged_count() < kMessagesMax / 2; ++turn) {
      if (turn % 4 == 0) device.act();
      clock_.advance(std::chrono::milliseconds{5});
      if (wire_) wire_->deliver_to_service();
      service.poll_all();
      while (service.registry().run_once(true, 4) || service.log().run_once()) service.poll_all();
      note(answers);
      if (wire_) wire_->deliver_to_device();
      device.hear();
    }
    service.stop();
    note(answers);
    wire_ = nullptr;
  }

 private:
  std::shared_ptr<Wire> dial(Service& service, const std::string& name) {
    const auto peer = service.accept({.remote = {"192.0.2.7", 1'000},
                                      .local = {"127.0.0.1", 8883},
                                      .server_name = name,
                                      .chain = nullptr,
                                      .tls_version = "TLSv1.3"},
                                     0);
    wire_ = std::make_shared<Wire>(peer, *random_, false);
    return wire_;
  }

  void note(Answers& answers) {
    if (!wire_) return;
    wire_->tap.take(wire_->collect(), [&](const mqtt::Packet& packet) {
      if (const auto* puback = std::get_if<mqtt::Puback>(&packet)) {
        const auto serial = wire_->awaiting[puback->packet_id];
        wire_->awaiting.erase(puback->packet_id);
        if (!serial || *serial >= kMessagesMax) return;
        answers.acknowledged[*serial] = true;
        ledger_.acknowledge(0, *serial);
      } else if (const auto* publish = std::get_if<mqtt::Publish>(&packet)) {
        constexpr std::string_view kReported = "$iothub/twin/res/204/?$rid=";
        if (publish->topic.starts_with(kReported)) {
          std::from_chars(publish->topic.data() + kReported.size(),
                          publish->topic.data() + publish->topic.size(), answers.reported);
        }
        if (as_text(publish->payload).find("\"assigned\"") != std::string_view::npos) answers.assigned = true;
      }
    });
  }

  std::string folder_;
  std::unique_ptr<disk::Disk> disk_ = disk::make_real_disk();
  TestClock clock_{kBegin};
  std::unique_ptr<Random> random_ = make_seeded_random(1);
  eventlog::SegmentedLogConfig log_;
  Verdict verdict_{clock_, false};
  Ledger ledger_{verdict_};
  std::shared_ptr<Wire> wire_;
};

/// What of the answers does not hold in the folder; "" when all does.
std::string broken_in(const std::string& folder, const Answers& answers) {
  Session session{folder};
  auto service = session.start();
  if (!service) return "it does not open again: " + service.error().reason();
  std::array<int, kMessagesMax> seen{};
  for (std::size_t place = 0; place < std::size(kHubs) * kPartitions; ++place) {
    const std::string hub{kHubs[place / kPartitions].str()};
    const auto reader = (*service)->log().open_reader(hub, static_cast<std::uint32_t>(place % kPartitions),
                                                      eventlog::FromStart{});
    if (!reader) return reader.error().reason();
    for (bool at_end = false; !at_end;) {
      const auto batch = (*reader)->read(1u << 20);
      if (!batch) return batch.error().reason();
      at_end = batch->at_end;
      for (const StoredEvent& event : batch->events) {
        const std::string_view body = as_text(event.event.body);
        std::size_t serial = kMessagesMax;
        std::from_chars(body.data() + 2, body.data() + body.size(), serial);
        if (serial >= kMessagesMax || body != body_of(0, serial)) return "an event is there that nobody sent";
        ++seen[serial];
      }
    }
  }
  for (std::size_t serial = 0; serial < kMessagesMax; ++serial) {
    if (seen[serial] > 1) return fmt::format("message {} is there twice", serial);
    if (answers.acknowledged[serial] && seen[serial] == 0) {
      return fmt::format("message {} was acknowledged and is lost", serial);
    }
  }
  const TestClock clock{kBegin};
  Verdict verdict{clock, false};
  Ledger ledger{verdict};
  ledger.reported(0, answers.reported);
  if (answers.reported > 0 || answers.assigned) ledger.assigned(0, (*service)->stored());
  ledger.check_stored((*service)->stored());
  return verdict.what();
}

/// Runs the session in a process of its own, whose `nth` allocation fails. How it ended, as waitpid says.
int run_child(std::uint64_t nth, const std::string& folder, Answers& answers) {
  std::fflush(stdout);
  const pid_t child = ::fork();
  MUSTER_ASSERT(child >= 0, "a process can be made");
  if (child == 0) {
    const int errors = ::open((folder + "/stderr").c_str(), O_WRONLY | O_CREAT, 0600);
    ::dup2(errors, STDERR_FILENO);
    ::prctl(PR_SET_DUMPABLE, 0);  // A core of each would take longer than all the rest.
    end_when_out_of_memory();
    g_left = nth;
    Session{folder}.run(answers);
    answers.allocations = nth - g_left;
    ::_exit(0);
  }
  int status = 0;
  ::waitpid(child, &status, 0);
  return status;
}

std::string text_of(const std::string& path) {
  std::ifstream file{path};
  return {std::istreambuf_iterator<char>{file}, {}};
}

/// What went wrong when the `nth` allocation failed; "" when nothing did. `done`: the session has no more.
std::string look_at(std::uint64_t nth, const fs::path& base, Answers& answers, bool& done) {
  const std::string folder = base / "run";
  fs::remove_all(folder);
  fs::copy(base / "template", folder, fs::copy_options::recursive);
  answers = {};
  const int status = run_child(nth, folder, answers);
  done = WIFEXITED(status) && WEXITSTATUS(status) == 0;
  if (!done && !(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT)) {
    return fmt::format("it ended with status {:#x}", status);
  }
  if (!done && text_of(folder + "/stderr").find("out of memory") == std::string::npos) {
    return "it ended without a word: " + text_of(folder + "/stderr").substr(0, 400);
  }
  return broken_in(folder, answers);
}

int run(std::uint64_t every) {
  std::string pattern = fs::temp_directory_path() / "muster-memory-XXXXXX";
  if (::mkdtemp(pattern.data()) == nullptr) return 1;
  const fs::path base{pattern};
  fs::create_directory(base / "template");
  {
    Session session{base / "template"};
    auto service = session.start();
    MUSTER_ASSERT(service && (*service)->make_world(), "a world can be made");
  }
  void* shared = ::mmap(nullptr, sizeof(Answers), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  MUSTER_ASSERT(shared != MAP_FAILED, "memory can be shared");
  Answers& answers = *new (shared) Answers{};
  std::string broken;
  std::uint64_t rounds = 0;
  std::uint64_t nth = 0;
  for (bool done = false; !done && broken.empty(); nth += every, ++rounds) {
    broken = look_at(nth, base, answers, done);
  }
  fs::remove_all(base);
  if (!broken.empty()) {
    fmt::print("allocation {} failed: {}\n", nth - every, broken);
    return 1;
  }
  const auto acknowledged = std::ranges::count(answers.acknowledged, true);
  fmt::print("{} of {} allocations failed in turn; {} messages, {} reports in a whole session\n", rounds,
             answers.allocations, acknowledged, answers.reported);
  return acknowledged > 10 && answers.reported > 0 && answers.assigned ? 0 : 1;
}

}  // namespace
}  // namespace muster::simulation

int main(int count, char** words) {
  muster::log::start(muster::log::Level::off);
  std::uint64_t every = 1;
  if (count == 3 && std::string_view{words[1]} == "--every") every = std::strtoull(words[2], nullptr, 10);
  return muster::simulation::run(every > 0 ? every : 1);
}
