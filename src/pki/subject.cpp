#include "pki/draft.hpp"

namespace muster::pki {
namespace {

struct Rdn {
  std::string type;
  std::string value;
};

tl::unexpected<Error> invalid(std::string_view text, std::string_view why) {
  return failure(ErrorCode::field_invalid, fmt::format("subject \"{}\" {}", text.substr(0, 200), why));
}

/// Cuts at `separator`; a backslash takes the next character as it is.
std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> parts{""};
  for (std::size_t i = 0; i < text.size(); ++i) {
    if (text[i] == '\\' && i + 1 < text.size()) {
      parts.back() += text[++i];
    } else if (text[i] == separator) {
      parts.emplace_back();
    } else {
      parts.back() += text[i];
    }
  }
  return parts;
}

bool starts_with_attribute(std::string_view text) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos) return false;
  return OBJ_txt2nid(std::string{text.substr(0, equals)}.c_str()) != NID_undef;
}

Result<std::vector<Rdn>> parse_rdns(std::string_view text) {
  const bool slashes = text.starts_with('/');
  if (!slashes && !starts_with_attribute(text)) return std::vector{Rdn{"CN", std::string{text}}};

  std::vector<Rdn> rdns;
  for (const std::string& part : split(slashes ? text.substr(1) : text, slashes ? '/' : ',')) {
    const auto equals = part.find('=');
    if (equals == std::string::npos)
      return invalid(text, fmt::format("has a part without \"=\": \"{}\"", part));
    const auto type_at = part.find_first_not_of(' ');
    rdns.push_back({part.substr(type_at, equals - type_at), part.substr(equals + 1)});
  }
  // RFC 2253 writes the last component first; the form with slashes writes them as they are encoded.
  if (!slashes) std::ranges::reverse(rdns);
  return rdns;
}

}  // namespace

Result<OwnedName> parse_subject(std::string_view text) {
  const ErrorScope errors;
  if (text.empty()) return invalid(text, "is empty");
  if (text.find('\0') != std::string_view::npos) return invalid(text, "holds a NUL");
  OwnedName name{X509_NAME_new()};
  MUSTER_TRY(const auto rdns, parse_rdns(text));
  for (const Rdn& rdn : rdns) {
    const auto* value = reinterpret_cast<const unsigned char*>(rdn.value.data());
    const int size = static_cast<int>(rdn.value.size());
    if (size == 0) return invalid(text, fmt::format("has an empty {}", rdn.type));
    if (X509_NAME_add_entry_by_txt(name.get(), rdn.type.c_str(), MBSTRING_UTF8, value, size, -1, 0) != 1) {
      return invalid(text, fmt::format("has a bad {}: {}", rdn.type, errors.first()));
    }
  }
  return name;
}

bool is_dns_name(std::string_view name, bool wildcard) {
  if (wildcard && name.starts_with("*.")) name.remove_prefix(2);
  constexpr std::size_t kNameMax = 253;
  constexpr std::size_t kLabelMax = 63;
  if (name.empty() || name.size() > kNameMax) return false;
  while (true) {
    const auto label = name.substr(0, name.find('.'));
    if (label.empty() || label.size() > kLabelMax || label.front() == '-' || label.back() == '-')
      return false;
    for (const char c : label) {
      const bool allowed =
          (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-';
      if (!allowed) return false;
    }
    if (label.size() == name.size()) return true;
    name.remove_prefix(label.size() + 1);
  }
}

Result<Bytes> parse_ip_address(const std::string& text) {
  const ErrorScope errors;
  const Owned<ASN1_OCTET_STRING, ASN1_OCTET_STRING_free> address{a2i_IPADDRESS(text.c_str())};
  if (!address)
    return failure(ErrorCode::field_invalid, fmt::format("\"{}\" is not an IP address", text.substr(0, 64)));
  const auto* data = reinterpret_cast<const std::byte*>(ASN1_STRING_get0_data(address.get()));
  return Bytes{data, data + ASN1_STRING_length(address.get())};
}

}  // namespace muster::pki
