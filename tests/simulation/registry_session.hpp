#pragma once

#include "registry/repositories.hpp"

#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace muster::simulation {

/// What was answered with success, and how to see that it is there.
struct Promise {
  std::string what;
  std::function<Result<bool>(registry::Store&)> kept;
};

/// A scripted life of the registry, which touches every kind of write that requests wait for: services,
/// certificates, enrollments, assignments, twins, removals, and a batch of calls as the writer commits them.
class RegistrySession {
 public:
  using Open = std::function<Result<std::unique_ptr<registry::Store>>()>;
  explicit RegistrySession(Open open) : open_{std::move(open)} {}

  /// Opens, writes, closes, opens again, writes more. A step that fails is noted and the next is tried, as a
  /// service does with its requests.
  void run();

  const std::vector<Promise>& promises() const noexcept { return promises_; }
  const std::vector<Error>& failures() const noexcept { return failures_; }
  /// The promises that `store` does not keep, or an error on the way.
  std::string broken(registry::Store& store) const;

 private:
  void first_half(registry::Store& store);
  void second_half(registry::Store& store);
  void write(registry::Store& store, Promise promise, const std::function<Result<void>()>& work);
  void assign(registry::Store& store, const std::string& id);
  void batch(registry::Store& store);

  Open open_;
  std::vector<Promise> promises_;
  std::vector<Error> failures_;
  std::size_t doubts_ = 0;  ///< Reads that failed.
};

}  // namespace muster::simulation
