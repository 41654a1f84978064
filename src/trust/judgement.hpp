#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"
#include "model/enrollment.hpp"
#include "pki/certificate.hpp"

#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>
#include <vector>

namespace muster::trust {

enum class Outcome : std::uint8_t { passed, failed, skipped };

/// One thing that was looked at. `name` is one of a fixed few ("signature", "CA verified", "registration
/// id"); `detail` holds this case's values.
struct Check {
  std::string name;
  Outcome outcome = Outcome::passed;
  std::string detail;
};

/// A certificate of the path, as reports show it.
struct PathStep {
  std::string subject;
  std::string issuer;
  std::string sha1_thumbprint;
  std::string sha256_thumbprint;
  WallTime not_before;
  WallTime not_after;
};

/// What a path was judged against.
struct Anchor {
  std::int64_t ca_id = 0;  ///< The uploaded CA certificate; 0 when it stands in an enrollment group.
  std::string name;        ///< The CA certificate's name, or the enrollment group's id.
  std::string subject;
  std::string sha256_thumbprint;
};

/// One evaluation of one client certificate chain: every check in the order made, and what was decided. DPS
/// and the hub append their own checks (enrollment enabled, registration id, device enabled, ...) to a copy.
/// A refusal is never less than its first failure's Error. A value; const access from any thread.
class Judgement {
 public:
  void pass(std::string name, std::string detail);
  /// The first failure is the judgement's; later ones are kept as checks.
  void fail(std::string name, Error error);
  void skip(std::string name, std::string why);

  /// Goes on with what was judged apart: its checks come after those made so far, and its path, anchor and
  /// group, of which this one must have none yet, become this one's.
  void append(const Judgement& apart);

  /// At least one check passed and none failed: a judgement that nobody has made is a refusal.
  bool accepted() const noexcept;
  /// The first failure; nullopt when accepted, and when nothing has been checked.
  const std::optional<Error>& failure() const noexcept { return failure_; }
  const std::vector<Check>& checks() const noexcept { return checks_; }

  /// From the leaf to the anchor, or as far as a path was found.
  const std::vector<PathStep>& path() const noexcept { return path_; }
  void set_path(std::span<const pki::Certificate> path);
  const std::optional<Anchor>& anchor() const noexcept { return anchor_; }
  void set_anchor(Anchor anchor) { anchor_ = std::move(anchor); }
  /// The enrollment group that the path matched, enabled or not: that is for provisioning to look at. Null
  /// when none.
  const std::shared_ptr<const EnrollmentGroup>& group() const noexcept { return group_; }
  void set_group(std::shared_ptr<const EnrollmentGroup> group) { group_ = std::move(group); }

  /// When the first certificate of the path ends, and the last one begins: the judgement can change there.
  /// Without a path WallTime::max() and min().
  WallTime earliest_not_after() const noexcept;
  WallTime latest_not_before() const noexcept;

 private:
  std::vector<Check> checks_;
  std::optional<Error> failure_;
  std::vector<PathStep> path_;
  std::optional<Anchor> anchor_;
  std::shared_ptr<const EnrollmentGroup> group_;
  bool passed_any_ = false;
};

}  // namespace muster::trust
