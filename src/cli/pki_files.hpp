#pragma once

#include "cli/invocation.hpp"
#include "pki/certificate.hpp"
#include "pki/issue.hpp"
#include "pki/key.hpp"

#include <string>
#include <vector>

namespace muster::cli {

/// All certificates of a file: PEM with any number, or one as DER or base64. file_unreadable,
/// certificate_unreadable.
Result<std::vector<pki::Certificate>> read_certificates(Shell& shell, const std::string& path);

/// A CA named on the command line: "dir/root.pem" with "dir/root.key" beside it, or the folder "root" that
/// holds root.pem and root.key. key_mismatch when the two do not belong together, certificate_not_a_ca when
/// the certificate is an end entity's.
Result<pki::Issued> read_ca(Shell& shell, const std::string& path);
/// The certificate's path of a CA so named.
std::string ca_certificate_path(const std::string& path);

/// What is wrong with a subject that a flag gave is wrong usage; any other error stays what it is.
Error subject_error(Error error, std::string_view flag);

/// One file to be written, durably and mode 0600.
struct NewFile {
  std::string path;
  std::string text;
};
/// file_exists when one of them is there already, unless `force`.
Result<void> refuse_existing(Shell& shell, const std::vector<NewFile>& files, bool force);
/// Writes all, or nothing when one is there already and `force` is not set (file_exists). Folders are made.
Result<void> write_new_files(Shell& shell, const std::vector<NewFile>& files, bool force);

Json certificate_json(const pki::Certificate& certificate);

}  // namespace muster::cli
