#include "protocol/rest/symmetric_keys_json.hpp"

#include "base/bytes.hpp"

namespace muster::rest {
namespace {

/// What a key may have (device/01 section 3, service/04 section 4.2).
constexpr std::size_t kKeyBytesMin = 16, kKeyBytesMax = 64;

Result<std::string> read_key(const Fields& fields, std::string_view name) {
  MUSTER_TRY(auto text, fields.text(name));
  if (!text || text->empty()) return std::string{};
  const auto bytes = from_base64(*text);
  if (!bytes || bytes->size() < kKeyBytesMin || bytes->size() > kKeyBytesMax) {
    return failure(fields.invalid(name, "base64 of 16 to 64 bytes is wanted"));
  }
  return *std::move(text);
}

}  // namespace

Result<SymmetricKeys> read_symmetric_keys(const Fields& owner) {
  MUSTER_TRY(auto keys, owner.object("symmetricKey"));
  SymmetricKeys read;
  if (!keys) return read;
  MUSTER_TRY(read.primary, read_key(*keys, "primaryKey"));
  MUSTER_TRY(read.secondary, read_key(*keys, "secondaryKey"));
  if (read.primary.empty() != read.secondary.empty()) {
    return failure(keys->invalid(read.primary.empty() ? "primaryKey" : "secondaryKey",
                                 "is missing, both keys or neither are wanted"));
  }
  return read;
}

}  // namespace muster::rest
