#pragma once

#include "base/clock.hpp"
#include "base/result.hpp"

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

/// The journal as `GET /muster/v1/refusals` shows it.
namespace muster::rest {

/// One collapsed row of the journal.
struct JournalRow {
  std::uint64_t number = 0;
  std::string_view kind;  ///< "refused", "closed", ...
  WallTime first, last;
  std::uint64_t count = 1;
  std::string_view tracking_id, service, subject, remote, step;
  std::optional<ErrorCode> code;
  std::string_view reason, remedy, answered;
};

/// `{"value":[...]}`, in the order given.
std::string format_journal(std::span<const JournalRow> rows);

}  // namespace muster::rest
