#include "cli/commands.hpp"
#include "cli/hub_device_identity.hpp"
#include "cli/service_flags.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace muster::cli {
namespace {

struct QueryOptions {
  std::string hub;
  std::string text;
  int top = 0;
};

constexpr int kPageSize = 1000;

Result<int> query(Invocation& invocation, const QueryOptions& options) {
  MUSTER_TRY(const std::string host, invocation.host(ServiceKind::hub, options.hub));
  const int page = options.top > 0 ? std::min(options.top, kPageSize) : kPageSize;
  Request request{.method = "POST",
                  .host = host,
                  .target = fmt::format("/devices/query?{}", kHubApiVersion),
                  .body = dump(Json{{"query", options.text}}),
                  .headers = {{"x-ms-max-item-count", std::to_string(page)}}};
  const auto enough = options.top > 0 ? static_cast<std::size_t>(options.top) : kAllItems;
  MUSTER_TRY(const Json rows, invocation.call_all_pages(std::move(request), enough));
  invocation.print(rows);
  return 0;
}

}  // namespace

void add_hub_query(Commands& commands) {
  commands.verb<QueryOptions>(
      "hub query",
      {.line = "Ask about devices and modules in IoT Hub's query language",
       .about = "Prints the rows of the answer, to its last page. A table has the columns of the projection, "
                "as far "
                "as they are no objects or lists. docs/reference/query-language.md has the language.",
       .examples =
           "$ muster hub query -q \"SELECT deviceId, tags.site FROM devices WHERE tags.floor = 3\" -o table\n"
           "$ muster hub query -q \"SELECT status, COUNT() AS devices FROM devices GROUP BY status\"",
       .request = "POST /devices/query   {\"query\": \"...\"}"},
      [](Flags& flags, QueryOptions& options) {
        flags.text("--query-command,-q", options.text, "QUERY", "The query").required();
        add_service_name(flags, ServiceKind::hub, options.hub);
        flags.number("--top", options.top, {1, 1'000'000'000}, "COUNT", "At most so many rows; else all");
      },
      query);
}

}  // namespace muster::cli
