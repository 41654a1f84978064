#include "trust/path.hpp"

namespace muster::trust {
namespace {

bool valid_at(const pki::Certificate& certificate, WallTime now) {
  return certificate.not_before() <= now && now < certificate.not_after();
}

/// What verify_path looks at, in the order in which a reader wants to know it.
struct PathCheck {
  std::string_view name;
  std::vector<ErrorCode> codes;
};

const std::vector<PathCheck>& path_checks() {
  static const std::vector<PathCheck> checks{
      {"signature", {ErrorCode::certificate_signature_invalid}},
      {"certificate authority", {ErrorCode::certificate_not_a_ca}},
      {"constraints", {ErrorCode::certificate_chain_invalid}},
      {"validity", {ErrorCode::certificate_expired, ErrorCode::certificate_not_yet_valid}},
      {"purpose", {ErrorCode::certificate_purpose}},
  };
  return checks;
}

std::string passed_detail(std::string_view name, const Judgement& judgement, WallTime now) {
  if (name == "signature")
    return fmt::format("each of {} certificates is signed by the next", judgement.path().size());
  if (name == "certificate authority") return "every issuer is a CA and may sign certificates";
  if (name == "constraints") return "path lengths, names, critical extensions, key sizes and digests";
  if (name == "purpose") return "clientAuth is allowed";
  return fmt::format("clock says {}, the first certificate expires {}", format_utc(now),
                     format_utc(judgement.earliest_not_after()));
}

/// A fault of a code that is in no row of path_checks() must still refuse.
void fail_unlisted(Judgement& judgement, const std::vector<pki::PathFault>& faults) {
  for (const pki::PathFault& fault : faults) {
    const bool listed = std::ranges::any_of(path_checks(), [&](const PathCheck& check) {
      return std::ranges::find(check.codes, fault.code) != check.codes.end();
    });
    if (!listed) judgement.fail("path", Error{fault.code, fault.reason});
  }
}

}  // namespace

std::vector<pki::Certificate> find_path(const pki::Chain& chain, const Anchors& anchors, WallTime now,
                                        const pki::Certificate* preferred) {
  std::vector<pki::Certificate> pool;
  if (preferred != nullptr) pool.push_back(*preferred);
  for (const auto& known : anchors.certificates()) {
    if (valid_at(known, now)) pool.push_back(known);
  }
  const std::size_t sent = std::min(chain.certificates.size(), pki::kUntrustedMax);
  for (std::size_t i = 1; i < sent; ++i) pool.push_back(chain.certificates[i]);
  for (const auto& known : anchors.certificates()) {
    if (!valid_at(known, now)) pool.push_back(known);
  }
  return pki::issuers_of(chain.leaf(), pool, pki::kPathCertificatesMax);
}

void check_path(Judgement& judgement, std::span<const pki::Certificate> path, std::size_t anchor_index,
                WallTime now) {
  judgement.set_path(path.first(anchor_index + 1));
  const auto between = path.subspan(1, anchor_index - 1);
  const auto verdict = pki::verify_path(path[0], between, path[anchor_index], now, pki::Purpose::client);
  for (const PathCheck& check : path_checks()) {
    bool passed = true;
    for (const pki::PathFault& fault : verdict.faults) {
      if (std::ranges::find(check.codes, fault.code) == check.codes.end()) continue;
      judgement.fail(std::string{check.name}, Error{fault.code, fault.reason});
      passed = false;
    }
    if (passed) judgement.pass(std::string{check.name}, passed_detail(check.name, judgement, now));
  }
  fail_unlisted(judgement, verdict.faults);
}

std::string short_name(std::string name) {
  constexpr std::size_t kNameMax = 200;
  if (name.empty()) return "(no name)";
  if (name.size() <= kNameMax) return name;
  std::size_t end = kNameMax;
  while (end > 0 && (static_cast<unsigned char>(name[end]) & 0xC0u) == 0x80u)
    --end;  // Not inside a UTF-8 sequence.
  return name.substr(0, end) + "...";
}

std::string drawn(std::span<const pki::Certificate> path) {
  std::string text;
  for (const auto& certificate : path) {
    if (!text.empty()) text += " <- ";
    text += short_name(certificate.subject());
  }
  return text;
}

std::string named(const ServiceRef& service) {
  return fmt::format("{} {}", service.kind == ServiceKind::dps ? "DPS" : "hub", service.name.str());
}

}  // namespace muster::trust
