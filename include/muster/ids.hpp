#pragma once

#include "muster/result.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <string_view>

namespace muster {

constexpr bool is_ascii_alnum(char c) noexcept {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
}
constexpr char ascii_lower(char c) noexcept { return c >= 'A' && c <= 'Z' ? static_cast<char>(c + 32) : c; }
inline std::string ascii_lower(std::string_view text) {
  std::string folded{text};
  for (char& c : folded) c = ascii_lower(c);
  return folded;
}
inline bool equals_ignoring_case(std::string_view a, std::string_view b) noexcept {
  return std::ranges::equal(a, b, [](char x, char y) { return ascii_lower(x) == ascii_lower(y); });
}

/// A string known to obey one grammar. The only way to get one is `parse`, so holding one is the proof. No
/// implicit conversion either way: a RegistrationId cannot be passed where a DeviceId is wanted. The first
/// spelling is kept; where the grammar folds case, comparison and hash do too.
template <typename Grammar>
class Id {
 public:
  /// The error is the rule that was broken, as a phrase that follows the value: "is empty".
  static Result<Id, std::string_view> parse(std::string_view text) {
    if (text.empty()) return failure(std::string_view{"is empty"});
    if (text.size() > Grammar::size_max) return failure(Grammar::rule_size);
    if (!std::ranges::all_of(text, Grammar::allows)) return failure(Grammar::rule);
    if (!Grammar::allows_last(text.back())) return failure(Grammar::rule_last);
    return Id{std::string{text}};
  }

  std::string_view str() const noexcept { return text_; }
  /// What equal ids share: the text, folded where the grammar folds. The key in tables and maps.
  std::string key() const { return Grammar::folds ? ascii_lower(text_) : text_; }

  friend bool operator==(const Id& a, const Id& b) noexcept {
    return Grammar::folds ? equals_ignoring_case(a.text_, b.text_) : a.text_ == b.text_;
  }
  /// As the keys compare.
  friend bool operator<(const Id& a, const Id& b) noexcept {
    if constexpr (!Grammar::folds) return a.text_ < b.text_;
    return std::ranges::lexicographical_compare(
        a.text_, b.text_, [](char x, char y) { return ascii_lower(x) < ascii_lower(y); });
  }

 private:
  explicit Id(std::string text) : text_{std::move(text)} {}
  std::string text_;
};

/// Source: DPS concepts, "Registration ID", and protocol/device/01 section 2: case does not matter in
/// comparison, the first spelling is kept. The REST reference words the last character more narrowly; we take
/// the wider rule, since refusing a device is worse.
struct RegistrationIdGrammar {
  static constexpr bool folds = true;
  static constexpr std::size_t size_max = 128;
  static constexpr std::string_view rule_size = "is longer than 128 characters";
  static constexpr std::string_view rule = "holds a character outside A-Z a-z 0-9 - . _ :";
  static constexpr std::string_view rule_last = "ends in . _ or :";
  static constexpr bool allows(char c) noexcept {
    return is_ascii_alnum(c) || std::string_view{"-._:"}.find(c) != std::string_view::npos;
  }
  static constexpr bool allows_last(char c) noexcept { return is_ascii_alnum(c) || c == '-'; }
};
using RegistrationId = Id<RegistrationIdGrammar>;

/// Source: IoT Hub developer guide, identity registry: case-sensitive, up to 128 of these characters.
struct DeviceIdGrammar {
  static constexpr bool folds = false;
  static constexpr std::size_t size_max = 128;
  static constexpr std::string_view rule_size = "is longer than 128 characters";
  static constexpr std::string_view rule =
      "holds a character outside A-Z a-z 0-9 - . + % _ # * ? ! ( ) , : = @ $ '";
  static constexpr std::string_view rule_last = "ends in a character that is not allowed";
  static constexpr bool allows(char c) noexcept {
    return is_ascii_alnum(c) || std::string_view{"-.+%_#*?!(),:=@$'"}.find(c) != std::string_view::npos;
  }
  static constexpr bool allows_last(char) noexcept { return true; }
};
using DeviceId = Id<DeviceIdGrammar>;

/// Module ids obey the device id's grammar (service/04 section 4.3).
struct ModuleIdGrammar : DeviceIdGrammar {};
using ModuleId = Id<ModuleIdGrammar>;

/// The name of a hub or a DPS instance: the first label of its host name.
struct ServiceNameGrammar {
  static constexpr bool folds = true;
  static constexpr std::size_t size_max = 50;
  static constexpr std::string_view rule_size = "is longer than 50 characters";
  static constexpr std::string_view rule = "holds a character outside A-Z a-z 0-9 -";
  static constexpr std::string_view rule_last = "ends in -";
  static constexpr bool allows(char c) noexcept { return is_ascii_alnum(c) || c == '-'; }
  static constexpr bool allows_last(char c) noexcept { return c != '-'; }
};
using ServiceName = Id<ServiceNameGrammar>;

/// Enrollment group ids obey the registration id's grammar (service/02 section 2.3).
struct EnrollmentGroupIdGrammar : RegistrationIdGrammar {};
using EnrollmentGroupId = Id<EnrollmentGroupIdGrammar>;

/// The name of an uploaded CA certificate: letters, digits and - . _ (device/06).
struct CertificateNameGrammar {
  static constexpr bool folds = true;
  static constexpr std::size_t size_max = 64;
  static constexpr std::string_view rule_size = "is longer than 64 characters";
  static constexpr std::string_view rule = "holds a character outside A-Z a-z 0-9 - . _";
  static constexpr std::string_view rule_last = "ends in . or _";
  static constexpr bool allows(char c) noexcept {
    return is_ascii_alnum(c) || std::string_view{"-._"}.find(c) != std::string_view::npos;
  }
  static constexpr bool allows_last(char c) noexcept { return is_ascii_alnum(c) || c == '-'; }
};
using CertificateName = Id<CertificateNameGrammar>;

}  // namespace muster

template <typename Grammar>
struct std::hash<muster::Id<Grammar>> {
  std::size_t operator()(const muster::Id<Grammar>& id) const noexcept {
    if constexpr (!Grammar::folds) return std::hash<std::string_view>{}(id.str());
    std::uint64_t folded = 0xcbf29ce484222325;  // FNV-1a, over the key without making it.
    for (const char c : id.str())
      folded = (folded ^ static_cast<unsigned char>(muster::ascii_lower(c))) * 0x100000001b3;
    return static_cast<std::size_t>(folded);
  }
};
