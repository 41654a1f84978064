#pragma once

#include "base/result.hpp"
#include "isolation/environment.hpp"
#include "isolation/namespaces.hpp"

#include <string>
#include <vector>

namespace muster::isolation {

/// What a child process is to be.
struct ChildPlan {
  std::vector<std::string> command;  ///< Not empty.
  Environment environment;
  Method method;
  std::string hosts;  ///< For the namespaces: what /etc/hosts is to be.
};

/// Runs it, forwards signals to it, and returns its exit status (128 + N after signal N). command_not_found
/// when it cannot be executed, isolation_unavailable when the namespace cannot be entered.
Result<int> run_child(const ChildPlan& plan);

}  // namespace muster::isolation
