#include "cli/log_source.hpp"

#include "disk/path.hpp"
#include "eventlog/format/segment_format.hpp"

#include <fmt/format.h>

#include <charconv>

namespace muster::cli {
namespace {

/// "42": a segment's number; 0 for any other text.
std::uint64_t number_of(const std::string& text) {
  std::uint64_t number = 0;
  const auto [end, code] = std::from_chars(text.data(), text.data() + text.size(), number);
  return code == std::errc{} && end == text.data() + text.size() ? number : 0;
}

Result<LogSource> locate(Invocation& invocation, const std::string& where) {
  disk::Disk& disk = invocation.shell().disk;
  const std::string own = invocation.folder() + "/events";
  LogSource source;
  if (where.empty()) {
    source.directory = own;
  } else if (const std::uint64_t number = number_of(where); number != 0) {
    source.directory = own;
    source.segment = fmt::format("{}/{}", own, eventlog::segment_name(number));
  } else if (where.ends_with(".segment")) {
    source.directory = disk::parent_of(where);
    source.segment = where;
  } else {
    const std::string inside = disk::trimmed(where) + "/events";
    MUSTER_TRY(const bool is_world, disk.exists(inside));
    source.directory = is_world ? inside : disk::trimmed(where);
  }
  const std::string& wanted = source.segment.empty() ? source.directory : source.segment;
  MUSTER_TRY(const bool there, disk.exists(wanted));
  if (there) return source;
  return failure(
      Error{ErrorCode::world_missing,
            fmt::format("{}: there is no such {}", wanted, source.segment.empty() ? "event log" : "segment")}
          .with_remedy("Name the world's folder with --data, or give the path of its events folder or of a "
                       ".segment file; `muster log inspect` lists segments."));
}

/// What the service whose log it is says of it; nullopt when none runs there.
Result<std::optional<eventlog::DurableEnd>> durable_end(const std::string& world) {
  const auto answer = send_request(control_socket_path(world),
                                   {.host = std::string{kMusterHost}, .target = "/muster/v1/status"});
  if (!answer) {
    if (answer.error().code() == ErrorCode::not_running) return std::nullopt;
    return failure(answer.error());
  }
  MUSTER_TRY(const Json status, parse_json(answer->body, "the answer of " + control_socket_path(world)));
  const Json segment = at_path(status, "eventLog.durableEnd.segment");
  const Json position = at_path(status, "eventLog.durableEnd.position");
  if (!segment.is_number_unsigned() || !position.is_number_unsigned()) {
    return failure(Error{ErrorCode::service_error,
                         fmt::format("the service at {} does not say what of its log is durable", world)}
                       .with_remedy("Use the muster that runs there, or stop it first: `muster down`."));
  }
  return eventlog::DurableEnd{segment.get<std::uint64_t>(), position.get<std::uint64_t>()};
}

}  // namespace

Result<LogSource> find_log(Invocation& invocation, const std::string& where) {
  MUSTER_TRY(LogSource source, locate(invocation, where));
  source.disk = &invocation.shell().disk;
  MUSTER_TRY(const auto end, durable_end(disk::parent_of(source.directory)));
  if (!end) return source;
  source.service_runs = true;
  source.view = std::make_unique<eventlog::DurableView>(invocation.shell().disk, *end);
  source.disk = source.view.get();
  return source;
}

}  // namespace muster::cli
