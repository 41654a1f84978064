#include "trust/judgement.hpp"

#include "base/assert.hpp"

namespace muster::trust {

void Judgement::pass(std::string name, std::string detail) {
  passed_any_ = true;
  checks_.push_back({std::move(name), Outcome::passed, std::move(detail)});
}

void Judgement::fail(std::string name, Error error) {
  checks_.push_back({std::move(name), Outcome::failed, error.reason()});
  if (!failure_) failure_ = std::move(error);
}

void Judgement::skip(std::string name, std::string why) {
  checks_.push_back({std::move(name), Outcome::skipped, std::move(why)});
}

void Judgement::append(const Judgement& apart) {
  MUSTER_ASSERT(path_.empty() && !anchor_ && !group_, "one judgement has one path");
  checks_.insert(checks_.end(), apart.checks_.begin(), apart.checks_.end());
  if (!failure_) failure_ = apart.failure_;
  path_ = apart.path_;
  anchor_ = apart.anchor_;
  group_ = apart.group_;
  passed_any_ = passed_any_ || apart.passed_any_;
}

bool Judgement::accepted() const noexcept { return passed_any_ && !failure_; }

void Judgement::set_path(std::span<const pki::Certificate> path) {
  path_.clear();
  for (const pki::Certificate& certificate : path) {
    path_.push_back({.subject = certificate.subject(),
                     .issuer = certificate.issuer(),
                     .sha1_thumbprint = certificate.sha1_thumbprint(),
                     .sha256_thumbprint = certificate.sha256_thumbprint(),
                     .not_before = certificate.not_before(),
                     .not_after = certificate.not_after()});
  }
}

WallTime Judgement::earliest_not_after() const noexcept {
  WallTime earliest = WallTime::max();
  for (const PathStep& step : path_) earliest = std::min(earliest, step.not_after);
  return earliest;
}

WallTime Judgement::latest_not_before() const noexcept {
  WallTime latest = WallTime::min();
  for (const PathStep& step : path_) latest = std::max(latest, step.not_before);
  return latest;
}

}  // namespace muster::trust
