#include "pki/issue.hpp"

#include "pki/draft.hpp"

namespace muster::pki {
namespace {

using AddExtensions = std::function<Result<void>(Draft&, const PrivateKey&)>;

/// The story of every profile: a key, a draft, extensions, a signature. `issuer` null: self-signed.
Result<Issued> issue(const IssueRequest& request, const Issued* issuer, Random& random,
                     const AddExtensions& add) {
  const ErrorScope errors;
  if (issuer != nullptr) {
    MUSTER_CHECK(check_issuer(*issuer));
  }
  MUSTER_TRY(PrivateKey key, PrivateKey::generate(request.key));
  MUSTER_TRY(Draft draft, Draft::begin(request, key, random));
  draft.set_issuer(issuer != nullptr ? &issuer->certificate : nullptr);
  MUSTER_CHECK(add(draft, key));
  draft.add(NID_subject_key_identifier, "hash");
  // A CA from elsewhere may have no key identifier to name.
  const X509* signer = issuer != nullptr ? issuer->certificate.native() : draft.native();
  if (X509_get_ext_by_NID(signer, NID_subject_key_identifier, -1) >= 0) {
    draft.add(NID_authority_key_identifier, "keyid");
  }
  MUSTER_TRY(Certificate certificate, draft.sign(issuer != nullptr ? issuer->key : key));
  return Issued{std::move(certificate), std::move(key)};
}

void add_ca(Draft& draft, int path_length) {
  draft.add(NID_basic_constraints, fmt::format("critical,CA:TRUE,pathlen:{}", path_length).c_str());
  draft.add(NID_key_usage, "critical,keyCertSign,cRLSign");
}

void add_end_entity(Draft& draft, const PrivateKey& key) {
  draft.add(NID_basic_constraints, "critical,CA:FALSE");
  // keyEncipherment means RSA key transport; on an EC key it is a contradiction (RFC 8813).
  const bool rsa = EVP_PKEY_is_a(key.native(), "RSA") == 1;
  draft.add(NID_key_usage, rsa ? "critical,digitalSignature,keyEncipherment" : "critical,digitalSignature");
}

/// What name constraints permit of a kind that is not to be used at all: a name that RFC 2606 reserves for
/// never existing. An absent kind would be unconstrained (RFC 5280 section 4.2.1.10), and Go knows no
/// directoryName constraint.
constexpr std::string_view kNowhere = "nowhere.invalid";

void push_subtree(STACK_OF(GENERAL_SUBTREE) * *trees, GENERAL_NAME* name) {
  if (*trees == nullptr) *trees = sk_GENERAL_SUBTREE_new_null();
  GENERAL_SUBTREE* tree = GENERAL_SUBTREE_new();
  GENERAL_NAME_free(tree->base);
  tree->base = name;
  sk_GENERAL_SUBTREE_push(*trees, tree);
}

/// The address with a mask of its own length, or all addresses of a family.
void push_address(STACK_OF(GENERAL_SUBTREE) * *trees, Bytes address, std::byte mask) {
  const std::size_t size = address.size();
  address.resize(2 * size, mask);
  push_subtree(trees, ip_name(address));
}

Result<void> add_name_constraints(Draft& draft, const ServerNames& names) {
  const Owned<NAME_CONSTRAINTS, NAME_CONSTRAINTS_free> constraints{NAME_CONSTRAINTS_new()};
  auto** permitted = &constraints->permittedSubtrees;
  for (const std::string& subtree : names.dns_subtrees) {
    if (!is_dns_name(subtree, false)) {
      return failure(ErrorCode::field_invalid,
                     fmt::format("\"{}\" is not a DNS name", subtree.substr(0, 200)));
    }
    push_subtree(permitted, text_name(GEN_DNS, subtree));
  }
  if (names.dns_subtrees.empty()) push_subtree(permitted, text_name(GEN_DNS, kNowhere));
  push_subtree(permitted, text_name(GEN_EMAIL, kNowhere));
  push_subtree(permitted, text_name(GEN_URI, kNowhere));

  for (const std::string& ip : names.ip_addresses) {
    MUSTER_TRY(Bytes address, parse_ip_address(ip));
    push_address(permitted, std::move(address), std::byte{0xFF});
  }
  if (names.ip_addresses.empty()) {
    push_address(&constraints->excludedSubtrees, Bytes(4), std::byte{0});
    push_address(&constraints->excludedSubtrees, Bytes(16), std::byte{0});
  }
  draft.add(NID_name_constraints, constraints.get(), true);
  return {};
}

void add_crl_distribution_point(Draft& draft, const std::string& url) {
  const Owned<CRL_DIST_POINTS, CRL_DIST_POINTS_free> points{sk_DIST_POINT_new_null()};
  DIST_POINT* point = DIST_POINT_new();
  point->distpoint = DIST_POINT_NAME_new();
  point->distpoint->type = 0;  // fullName
  point->distpoint->name.fullname = sk_GENERAL_NAME_new_null();
  sk_GENERAL_NAME_push(point->distpoint->name.fullname, text_name(GEN_URI, url));
  sk_DIST_POINT_push(points.get(), point);
  draft.add(NID_crl_distribution_points, points.get(), false);
}

}  // namespace

Result<Issued> issue_root(const IssueRequest& request, Random& random, int path_length) {
  if (path_length < 0)
    return failure(ErrorCode::field_invalid, fmt::format("path length {} is negative", path_length));
  return issue(request, nullptr, random, [&](Draft& draft, const PrivateKey&) -> Result<void> {
    add_ca(draft, path_length);
    return {};
  });
}

Result<Issued> issue_intermediate(const IssueRequest& request, const Issued& issuer, Random& random) {
  return issue(request, &issuer, random, [](Draft& draft, const PrivateKey&) -> Result<void> {
    add_ca(draft, 0);
    return {};
  });
}

Result<Issued> issue_device(const IssueRequest& request, const Issued& issuer, Random& random) {
  return issue(request, &issuer, random, [](Draft& draft, const PrivateKey& key) -> Result<void> {
    add_end_entity(draft, key);
    draft.add(NID_ext_key_usage, "clientAuth");
    const auto common_name = Certificate::from_native(draft.native()).common_name();
    if (!common_name || !is_dns_name(*common_name, false)) return {};
    MUSTER_TRY(const auto names, alternative_names({*common_name}, {}));
    draft.add(NID_subject_alt_name, names.get(), false);
    return {};
  });
}

Result<Issued> issue_proof(const IssueRequest& request, const Issued& issuer, Random& random) {
  IssueRequest for_a_day = request;
  for_a_day.lifetime = std::chrono::hours{24};
  return issue(for_a_day, &issuer, random, [](Draft& draft, const PrivateKey& key) -> Result<void> {
    add_end_entity(draft, key);
    return {};
  });
}

Result<Issued> issue_server_ca(const IssueRequest& request, const ServerNames& names, Random& random) {
  return issue(request, nullptr, random, [&](Draft& draft, const PrivateKey&) -> Result<void> {
    add_ca(draft, 0);
    // Name constraints know nothing of client certificates or code signing; this does, wherever purposes are
    // nested.
    draft.add(NID_ext_key_usage, "serverAuth");
    return add_name_constraints(draft, names);
  });
}

Result<Issued> issue_server(const IssueRequest& request, const Issued& issuer, const ServerNames& names,
                            const std::string& crl_url, Random& random) {
  return issue(request, &issuer, random, [&](Draft& draft, const PrivateKey& key) -> Result<void> {
    add_end_entity(draft, key);
    draft.add(NID_ext_key_usage, "serverAuth");
    MUSTER_TRY(const auto alternatives, alternative_names(names.dns_names, names.ip_addresses));
    draft.add(NID_subject_alt_name, alternatives.get(), false);
    if (!crl_url.empty()) add_crl_distribution_point(draft, crl_url);
    return {};
  });
}

}  // namespace muster::pki
