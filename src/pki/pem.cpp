#include "base/bytes.hpp"
#include "pki/certificate.hpp"

#include <algorithm>

namespace muster::pki {
namespace {

constexpr std::string_view kBegin = "-----BEGIN ";
constexpr std::string_view kDashes = "-----";
constexpr std::size_t kLabelMax = 64;
constexpr std::string_view kWhiteSpace = " \t\r\n\v\f";

bool is_certificate_label(std::string_view label) {
  return label == "CERTIFICATE" ||
         label == "X509 CERTIFICATE";  // RFC 7468 section 5; the second is an old spelling.
}

std::string without_white_space(std::string_view text) {
  std::string kept;
  kept.reserve(text.size());
  for (const char c : text) {
    if (kWhiteSpace.find(c) == std::string_view::npos) kept.push_back(c);
  }
  return kept;
}

tl::unexpected<Error> unreadable(std::string reason) {
  return failure(ErrorCode::certificate_unreadable, std::move(reason));
}

/// One "-----BEGIN X-----" to "-----END X-----".
struct Block {
  std::string_view label;
  std::string_view body;
};

/// A label is told to people. RFC 7468 section 3 has no limit; the longest in use is a third of ours.
bool is_label(std::string_view text) {
  return text.size() <= kLabelMax && std::ranges::all_of(text, [](char c) { return c >= 0x20 && c < 0x7F; });
}

/// The next block at or after `at`, which moves behind it; nullopt when there is no further one.
Result<std::optional<Block>> next_block(std::string_view text, std::size_t& at) {
  const auto begin = text.find(kBegin, at);
  if (begin == std::string_view::npos) return std::nullopt;
  const auto label_at = begin + kBegin.size();
  const auto label_end = text.find(kDashes, label_at);
  if (label_end == std::string_view::npos) return unreadable("a BEGIN line is cut off");
  const auto label = text.substr(label_at, label_end - label_at);
  if (!is_label(label)) return unreadable("a BEGIN line is damaged");
  const std::string end_line = fmt::format("-----END {}-----", label);
  const auto body_at = label_end + kDashes.size();
  const auto end = text.find(end_line, body_at);
  if (end == std::string_view::npos) return unreadable(fmt::format("there is no \"{}\" line", end_line));
  at = end + end_line.size();
  return Block{label, text.substr(body_at, end - body_at)};
}

Result<Certificate> decode_block(const Block& block) {
  if (block.body.find(kBegin) != std::string_view::npos) return unreadable("the END line is missing");
  const auto der = from_base64(without_white_space(block.body));
  if (!der) return unreadable("what stands between BEGIN and END is not base64");
  return Certificate::from_der(*der);
}

bool looks_like_der(std::string_view bytes) {
  // A SEQUENCE with a length of more than 127 bytes, as every certificate is; never the start of a text.
  return bytes.size() > 2 && bytes[0] == 0x30 && (static_cast<unsigned char>(bytes[1]) & 0x80u) != 0;
}

bool looks_like_utf16(std::string_view bytes) {
  return bytes.starts_with("\xFF\xFE") || bytes.starts_with("\xFE\xFF");
}

}  // namespace

Result<std::vector<Certificate>> parse_pem_certificates(std::string_view text) {
  if (looks_like_utf16(text)) return unreadable("the text is UTF-16; save it as UTF-8 or ASCII");
  std::vector<Certificate> certificates;
  std::string other_labels;
  std::size_t at = 0;
  while (true) {
    auto block = next_block(text, at);
    const std::string which = fmt::format("certificate {}", certificates.size() + 1);
    if (!block) return failure(std::move(block).error().within(which));
    if (!*block) break;
    if (!is_certificate_label((*block)->label)) {
      if (other_labels.size() < 80) other_labels += fmt::format(" \"{}\"", (*block)->label.substr(0, 40));
      continue;
    }
    if (certificates.size() == kCertificatesPerTextMax) {
      return unreadable(fmt::format("more than {} certificates", kCertificatesPerTextMax));
    }
    auto certificate = decode_block(**block);
    if (!certificate) return failure(std::move(certificate).error().within(which));
    certificates.push_back(*std::move(certificate));
  }
  if (certificates.empty()) {
    return unreadable(other_labels.empty() ? "there is no PEM block \"BEGIN CERTIFICATE\" in it"
                                           : "there is no certificate in it, only" + other_labels);
  }
  return certificates;
}

Result<Certificate> parse_uploaded_certificate(std::string_view text) {
  const auto first_of_pem = [](std::string_view pem) -> Result<Certificate> {
    MUSTER_TRY(auto certificates, parse_pem_certificates(pem));
    return std::move(certificates.front());
  };
  if (text.empty()) return unreadable("it is empty");
  if (looks_like_der(text)) return Certificate::from_der(as_bytes(text));
  if (looks_like_utf16(text) || text.find(kBegin) != std::string_view::npos) return first_of_pem(text);

  const auto decoded = from_base64(without_white_space(text));
  if (!decoded) return unreadable("it is neither PEM, nor DER, nor base64 of one of them");
  if (looks_like_der(as_text(*decoded))) return Certificate::from_der(*decoded);
  return first_of_pem(as_text(*decoded));
}

}  // namespace muster::pki
