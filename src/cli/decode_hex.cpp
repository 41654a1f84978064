#include "cli/decode_hex.hpp"

#include "cli/decode_text.hpp"

#include <fmt/format.h>

#include <charconv>

namespace muster::cli {
namespace {

constexpr std::string_view kDigits = "0123456789abcdefABCDEF";
constexpr std::string_view kBetween = " \t\r,;:{}[]()\"'-";

bool is_hex(std::string_view text) {
  return !text.empty() && text.find_first_not_of(kDigits) == std::string_view::npos;
}

/// What of a line is bytes, and where that begins in it.
struct Part {
  std::string_view text;
  std::size_t at = 0;
};

/// Cuts a dump's address and text column off. `bytes_before` is what the lines before came to: an address
/// without a colon is known by being that number.
Part bytes_of_line(std::string_view line, std::size_t bytes_before) {
  const std::size_t begin = std::min(line.find_first_not_of(" \t"), line.size());
  const std::size_t end = std::min(line.find_first_of(": \t\r", begin), line.size());
  std::string_view address = line.substr(begin, end - begin);
  if (address.starts_with("0x")) address.remove_prefix(2);
  const bool colon = end < line.size() && line[end] == ':';
  std::uint64_t number = 0;
  const auto parsed = std::from_chars(address.data(), address.data() + address.size(), number, 16);
  const bool wide = address.size() >= 4 && is_hex(address) && parsed.ec == std::errc{};
  const std::string_view behind = line.substr(end);
  const bool spaced = behind.starts_with("  ") || (behind.empty() && bytes_before > 0);
  if (!wide || (!colon && (!spaced || number != bytes_before))) return {line, 0};
  const std::size_t from = std::min(end + (colon ? 1 : 0), line.size());
  const std::size_t digits = std::min(line.find_first_not_of(" \t", from), line.size());
  // hexdump -C parts its columns with bars, the others with spaces: xxd two, Wireshark three.
  std::size_t stop = line.find('|', digits);
  if (stop == std::string_view::npos) stop = line.find(colon ? "  " : "   ", digits);
  return {line.substr(digits, std::min(stop, line.size()) - digits), digits};
}

class HexParser {
 public:
  Result<Bytes> run(std::string_view text) {
    for (std::size_t begin = 0; begin <= text.size();) {
      const std::size_t end = std::min(text.find('\n', begin), text.size());
      const Part part = bytes_of_line(text.substr(begin, end - begin), bytes_.size());
      MUSTER_CHECK(line(part.text, begin + part.at));
      begin = end + 1;
    }
    return std::move(bytes_);
  }

 private:
  Result<void> line(std::string_view text, std::size_t position) {
    while (!text.empty()) {
      const std::size_t skip = std::min(text.find_first_not_of(kBetween), text.size());
      text.remove_prefix(skip);
      position += skip;
      if (text.empty()) break;
      const std::size_t size = std::min(text.find_first_of(kBetween), text.size());
      MUSTER_CHECK(word(text.substr(0, size), position));
      text.remove_prefix(size);
      position += size;
    }
    return {};
  }

  /// "3005", "0x30", "0x5", "\x30\x05".
  Result<void> word(std::string_view text, std::size_t position) {
    while (!text.empty()) {
      const bool prefixed = text.starts_with("0x") || text.starts_with("0X") || text.starts_with("\\x");
      if (prefixed) {
        text.remove_prefix(2);
        position += 2;
      }
      const std::size_t size = std::min(text.find_first_not_of(kDigits), text.size());
      if (size == 0) {
        return refuse(position, text.empty()
                                    ? "nothing follows 0x"
                                    : fmt::format("{} is no hex digit", in_quotes(text.substr(0, 1))));
      }
      MUSTER_CHECK(digits(text.substr(0, size), position, prefixed));
      text.remove_prefix(size);
      position += size;
    }
    return {};
  }

  Result<void> digits(std::string_view text, std::size_t position, bool prefixed) {
    const std::string even = (prefixed && text.size() == 1 ? "0" : "") + std::string{text};
    const auto bytes = from_hex(even);
    if (!bytes) {
      return refuse(position, fmt::format("{} is an odd number of digits", in_quotes(text.substr(0, 20))));
    }
    bytes_.insert(bytes_.end(), bytes->begin(), bytes->end());
    return {};
  }

  static tl::unexpected<Error> refuse(std::size_t position, const std::string& what) {
    return failure(Error{ErrorCode::usage, fmt::format("character {}: {}", position + 1, what)}.with_remedy(
        "Give the packet as hex digits, two a byte; or say what the text is with --as."));
  }

  Bytes bytes_;
};

}  // namespace

Result<Bytes> parse_hex_dump(std::string_view text) { return HexParser{}.run(text); }

}  // namespace muster::cli
