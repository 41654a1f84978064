#pragma once

#include "cli/control_client.hpp"
#include "cli/json.hpp"
#include "cli/output.hpp"
#include "cli/shell.hpp"
#include "cli/world.hpp"
#include "model/service.hpp"

#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace muster::cli {

/// The flags that every command takes.
struct GlobalFlags {
  std::string data;
  std::string output;
  std::string resource_group;
  std::string subscription;
  bool show_request = false;
};

inline constexpr std::size_t kAllItems = static_cast<std::size_t>(-1);

/// One run of one command: the shell, the flags that all commands share, and the world's service on demand.
class Invocation {
 public:
  Invocation(Shell& shell, const GlobalFlags& flags) : shell_{shell}, flags_{flags} {}

  Shell& shell() noexcept { return shell_; }
  const GlobalFlags& flags() const noexcept { return flags_; }
  std::string folder() const { return world_folder(flags_.data, shell_.environment); }

  /// -o, else table on a terminal and json on a pipe.
  Format format() const;
  /// The same for commands that speak to people unless JSON is asked for: only an explicit -o counts.
  bool wants_data() const { return !flags_.output.empty() && flags_.output != "table"; }
  void print(const Json& value, std::span<const Column> columns = {});
  void print(const Json& value, std::initializer_list<Column> columns) {
    print(value, std::span{columns.begin(), columns.size()});
  }

  /// world.json, read once.
  Result<const WorldFile*> world();
  /// The full host name of the hub or DPS instance called `name` (a host name is taken by its first label),
  /// or of the only one when `name` is empty.
  Result<std::string> host(ServiceKind kind, const std::string& name);
  /// Likewise the name alone.
  Result<std::string> service_name(ServiceKind kind, const std::string& name);
  /// "/subscriptions/{s}/resourceGroups/{rg}/providers/Microsoft.Devices/{kind}/{name}", for the host
  /// "management".
  Result<std::string> resource_path(ServiceKind kind, const std::string& name);
  /// "/subscriptions/{s}[/resourceGroups/{rg}]/providers/Microsoft.Devices/{kind}": -g narrows.
  Result<std::string> collection_path(ServiceKind kind);

  /// Sends and returns the answer; a status of 400 or more is a failure.
  Result<Response> send(const Request& request);
  /// Sends and returns the JSON body; null when it is empty.
  Result<Json> call(const Request& request);
  /// A query to its last page, or to the one that makes it `enough`: the pages' arrays in one, cut there.
  Result<Json> call_all_pages(Request request, std::size_t enough = kAllItems);
  /// Writes the request to standard error when --show-request was given.
  void announce(const Request& request);

 private:
  Result<ServiceEntry> find_service(ServiceKind kind, const std::string& name);

  Shell& shell_;
  const GlobalFlags& flags_;
  std::optional<WorldFile> world_;
};

/// "IotHubs" or "provisioningServices".
std::string_view resource_type(ServiceKind kind) noexcept;

inline constexpr std::string_view kManagementHost = "management";
inline constexpr std::string_view kMusterHost = "muster";

}  // namespace muster::cli
