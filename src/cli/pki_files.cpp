#include "cli/pki_files.hpp"

#include "base/bytes.hpp"
#include "cli/service_flags.hpp"

#include <fmt/format.h>

#include <filesystem>

namespace muster::cli {

std::string ca_certificate_path(const std::string& path) {
  if (path.ends_with(".pem") || path.ends_with(".cer") || path.ends_with(".crt")) return path;
  std::filesystem::path folder{path};
  if (folder.filename().empty()) folder = folder.parent_path();  // "certs/root/" is "certs/root".
  return (folder / folder.filename()).string() + ".pem";
}

Result<std::vector<pki::Certificate>> read_certificates(Shell& shell, const std::string& path) {
  MUSTER_TRY(const std::string text, read_text_file(shell, path));
  if (text.find("-----BEGIN") != std::string::npos) {
    auto certificates = pki::parse_pem_certificates(text);
    if (!certificates) return failure(std::move(certificates).error().within(path));
    return certificates;
  }
  auto one = pki::parse_uploaded_certificate(text);
  if (!one) return failure(std::move(one).error().within(path));
  return std::vector{std::move(*one)};
}

Result<pki::Issued> read_ca(Shell& shell, const std::string& path) {
  const std::string certificate_path = ca_certificate_path(path);
  MUSTER_TRY(const auto certificates, read_certificates(shell, certificate_path));
  if (!certificates.front().is_ca()) {
    return failure(
        Error{ErrorCode::certificate_not_a_ca,
              fmt::format("{} holds the certificate of {}, which is no CA and may sign nothing",
                          certificate_path, certificates.front().subject())}
            .with_remedy("Name a CA with --ca, as `muster pki create-root` and create-intermediate "
                         "make them."));
  }
  const std::string key_path = std::filesystem::path{certificate_path}.replace_extension(".key").string();
  MUSTER_TRY(const std::string pem, read_text_file(shell, key_path));
  auto key = pki::PrivateKey::from_pem(pem);
  if (!key) return failure(std::move(key).error().within(key_path));
  if (!key->matches(certificates.front())) {
    return failure(ErrorCode::key_mismatch,
                   fmt::format("{} is not the key of {}", key_path, certificate_path));
  }
  return pki::Issued{certificates.front(), std::move(*key)};
}

Error subject_error(Error error, std::string_view flag) {
  if (error.code() != ErrorCode::field_invalid) return error;
  return Error{ErrorCode::usage, fmt::format("{}: {}", flag, error.reason())};
}

Result<void> refuse_existing(Shell& shell, const std::vector<NewFile>& files, bool force) {
  for (const NewFile& file : files) {
    MUSTER_TRY(const bool exists, shell.disk.exists(file.path));
    if (exists && !force) {
      return failure(Error{ErrorCode::file_exists, fmt::format("{} is there already", file.path)}.with_remedy(
          "Name another place with --out, or write over it with --force; a key that is written over is "
          "gone."));
    }
  }
  return {};
}

Result<void> write_new_files(Shell& shell, const std::vector<NewFile>& files, bool force) {
  MUSTER_CHECK(refuse_existing(shell, files, force));
  for (const NewFile& file : files) {
    const std::string folder = std::filesystem::path{file.path}.parent_path().string();
    if (!folder.empty()) {
      MUSTER_CHECK(shell.disk.make_directory(folder));
    }
    MUSTER_CHECK(disk::write_atomically(shell.disk, file.path, as_bytes(file.text)));
  }
  return {};
}

Json certificate_json(const pki::Certificate& certificate) {
  const auto name = certificate.common_name();
  return Json{{"subject", certificate.subject()},
              {"issuer", certificate.issuer()},
              {"commonName", name ? Json(*name) : Json(nullptr)},
              {"serialNumber", certificate.serial_hex()},
              {"version", certificate.version()},
              {"notBefore", format_utc(certificate.not_before())},
              {"notAfter", format_utc(certificate.not_after())},
              {"isCa", certificate.is_ca()},
              {"selfIssued", certificate.is_self_issued()},
              {"sha1Thumbprint", certificate.sha1_thumbprint()},
              {"sha256Thumbprint", certificate.sha256_thumbprint()}};
}

}  // namespace muster::cli
