#pragma once

#include "base/result.hpp"

#include <nlohmann/json_fwd.hpp>

#include <optional>
#include <string>
#include <string_view>

/// Private to protocol/rest: how its .cpp files read JSON. Nobody else includes this.
namespace muster::rest {

/// Nesting that a body may have. Bodies of ours need nine; the writer of the JSON library recurses, so there
/// must be a limit.
inline constexpr int kJsonDepthMax = 32;

/// The body as a JSON value. request_malformed, with the position, when it is not JSON, not UTF-8 or nested
/// too deeply.
Result<nlohmann::json> parse_json(std::string_view body);
/// The same, where only an object will do.
Result<nlohmann::json> parse_json_object(std::string_view body);
/// Text that we stored ourselves. Aborts when it is not JSON: then the registry is not what we wrote.
nlohmann::ordered_json stored_json(std::string_view text);
/// One line; characters that are not UTF-8 become U+FFFD.
std::string write_json(const nlohmann::ordered_json& value);

/// One JSON object whose members are read by name. A member that is null counts as absent: SDKs write absent
/// members as null. Every failure is field_invalid (or what is given) and begins with the member's full path.
class Fields {
 public:
  Fields(const nlohmann::json& object, std::string path) : object_{&object}, path_{std::move(path)} {}

  /// nullptr when absent or null.
  const nlohmann::json* find(std::string_view name) const;
  bool has(std::string_view name) const { return find(name) != nullptr; }
  Result<std::optional<std::string>> text(std::string_view name) const;
  Result<std::string> required_text(std::string_view name) const;
  Result<std::optional<bool>> boolean(std::string_view name) const;
  Result<std::optional<Fields>> object(std::string_view name) const;

  /// "attestation.x509: says why".
  Error invalid(std::string_view name, std::string_view why) const;
  Error refused(ErrorCode code, std::string_view name, std::string_view why) const;
  std::string path_of(std::string_view name) const;

 private:
  const nlohmann::json* object_;
  std::string path_;
};

}  // namespace muster::rest
