#pragma once

#include "cli/command.hpp"
#include "cli/invocation.hpp"
#include "model/service.hpp"

#include <array>
#include <string>
#include <vector>

namespace muster::cli {

/// What differs between `muster dps ...` and `muster hub ...` where both have the same commands.
struct ServiceNoun {
  ServiceKind kind;
  std::string_view word;         ///< "dps".
  std::string_view title;        ///< "DPS instance".
  std::string_view example;      ///< The tutorial's.
  std::string_view api_version;  ///< Of the ARM provider.
};

inline constexpr std::array kServiceNouns{
    ServiceNoun{ServiceKind::dps, "dps", "DPS instance", "my-dps-x509", "2022-02-05"},
    ServiceNoun{ServiceKind::hub, "hub", "hub", "my-iot-hub-x509", "2023-06-30"},
};

/// --dps-name or --hub-name; with `short_name` also -n, which az gives to the service except where a command
/// has a name of its own.
Flag add_service_name(Flags& flags, ServiceKind kind, std::string& value, bool short_name = true);

/// The columns of a table of hubs or DPS instances.
std::vector<Column> service_columns(ServiceKind kind);

/// A file's text as it is on disk. file_unreadable when it cannot be read or is larger.
Result<std::string> read_text_file(Shell& shell, const std::string& path, std::uint64_t bytes_max = 1u << 20);

/// What a flag that takes "JSON or a file" was given: text with a bracket in it is JSON, everything else a
/// path. file_unreadable, or usage when it is no JSON object.
Result<Json> json_argument(Invocation& invocation, const std::string& text, std::string_view flag);

/// `If-Match` as the data-plane APIs are sent it by az: the etag given, else any.
std::string quoted_etag(const std::string& etag);

}  // namespace muster::cli
