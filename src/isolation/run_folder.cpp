#include "isolation/run_folder.hpp"

#include "pki/java_key_store.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <system_error>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <fstream>
#include <iterator>

namespace muster::isolation {
namespace {

namespace fs = std::filesystem;

// Where distributions keep the system's roots as one file; the first that exists is used.
constexpr std::array kSystemBundles = {"/etc/ssl/certs/ca-certificates.crt",
                                       "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"};
constexpr std::string_view kBegin = "-----BEGIN CERTIFICATE-----";
constexpr std::string_view kEnd = "-----END CERTIFICATE-----";

Error io_failed(const fs::path& path, std::string_view doing) {
  return {ErrorCode::io_failed,
          fmt::format("{} {}: {}", doing, path.string(), std::generic_category().message(errno))};
}

Result<void> write_all(int fd, std::string_view content, const fs::path& path) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return failure(io_failed(path, "writing"));
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

/// Another `muster run` may be reading the same file: replaced as a whole, by rename.
Result<void> write_by_rename(const fs::path& path, std::string_view content) {
  if (read_whole(path) == content) return {};
  const fs::path next = fmt::format("{}.{}", path.string(), ::getpid());
  const int fd = ::open(next.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
  if (fd < 0) return failure(io_failed(next, "creating"));
  auto written = write_all(fd, content, next);
  ::close(fd);
  if (written && ::rename(next.c_str(), path.c_str()) != 0) written = failure(io_failed(path, "renaming to"));
  if (!written) ::unlink(next.c_str());
  return written;
}

/// run/hosts stands mounted over /etc/hosts of running commands, and a mount stays with the file it was made
/// of: written in place.
Result<void> write_in_place(const fs::path& path, std::string_view content) {
  if (read_whole(path) == content) return {};
  const int fd = ::open(path.c_str(), O_WRONLY | O_CREAT | O_CLOEXEC, 0644);
  if (fd < 0) return failure(io_failed(path, "opening"));
  auto written = write_all(fd, content, path);
  if (written && ::ftruncate(fd, static_cast<off_t>(content.size())) != 0) {
    written = failure(io_failed(path, "truncating"));
  }
  ::close(fd);
  return written;
}

/// The world's run/, if this user may write there; else a new folder of the user's own.
Result<std::pair<fs::path, bool>> choose_folder(const fs::path& world_dir) {
  std::error_code error;
  const fs::path own = fs::absolute(world_dir, error) / "run";
  fs::create_directory(own, error);
  if (::access(own.c_str(), W_OK | X_OK) == 0) return std::pair{own, false};

  std::string pattern = (fs::temp_directory_path(error) / "muster-run-XXXXXX").string();
  if (::mkdtemp(pattern.data()) == nullptr) return failure(io_failed(pattern, "making the folder"));
  return std::pair{fs::path{pattern}, true};
}

std::string pem_of(ByteView der) {
  const std::string base64 = to_base64(der);
  std::string pem = fmt::format("{}\n", kBegin);
  constexpr std::size_t kLine = 64;
  for (std::size_t at = 0; at < base64.size(); at += kLine)
    pem += fmt::format("{}\n", base64.substr(at, kLine));
  return pem += fmt::format("{}\n", kEnd);
}

}  // namespace

std::optional<std::string> read_whole(const fs::path& path) {
  std::ifstream file{path, std::ios::binary};
  if (!file) return std::nullopt;
  std::string content{std::istreambuf_iterator<char>{file}, std::istreambuf_iterator<char>{}};
  if (file.bad()) return std::nullopt;
  return content;
}

std::vector<Bytes> certificates_of(std::string_view pem) {
  std::vector<Bytes> found;
  for (auto begin = pem.find(kBegin); begin != std::string_view::npos; begin = pem.find(kBegin, begin)) {
    begin += kBegin.size();
    const auto end = pem.find(kEnd, begin);
    if (end == std::string_view::npos) break;
    std::string base64{pem.substr(begin, end - begin)};
    std::erase_if(base64, [](char c) { return c == '\n' || c == '\r' || c == ' ' || c == '\t'; });
    auto der = from_base64(base64);
    if (der && !der->empty() && std::ranges::find(found, *der) == found.end())
      found.push_back(std::move(*der));
  }
  return found;
}

Result<RunFolder> RunFolder::make(const fs::path& world_dir, const world::RunningWorld& world,
                                  const std::vector<fs::path>& extra_bundles) {
  const auto own_ca = read_whole(world_dir / world.ca_file);
  if (!own_ca || certificates_of(*own_ca).empty()) {
    return failure(ErrorCode::world_damaged,
                   fmt::format("no certificate can be read from {}, the CA of the running service",
                               (world_dir / world.ca_file).string()));
  }
  std::string bundle = *own_ca;
  for (const char* path : kSystemBundles) {
    const auto roots = read_whole(path);
    if (!roots) continue;
    bundle += "\n" + *roots;
    break;
  }
  for (const fs::path& path : extra_bundles) bundle += "\n" + read_whole(path).value_or("");

  MUSTER_TRY(auto chosen, choose_folder(world_dir));
  RunFolder folder{std::move(chosen.first), chosen.second};
  MUSTER_CHECK(folder.fill(hosts_file(world, read_whole("/etc/hosts").value_or("")), bundle));
  return folder;
}

RunFolder::RunFolder(RunFolder&& other) noexcept
    : folder_{std::move(other.folder_)},
      temporary_{std::exchange(other.temporary_, false)},
      trust_files_{std::move(other.trust_files_)} {}

RunFolder::~RunFolder() {
  std::error_code ignored;  // A folder left behind in /tmp is no reason to fail a command that has run.
  if (temporary_) fs::remove_all(folder_, ignored);
}

Result<void> RunFolder::fill(const std::string& hosts, const std::string& bundle) {
  trust_files_ = {.bundle = folder_ / "ca-bundle.pem",
                  .java_store = folder_ / "truststore.jks",
                  .python_path = folder_ / "python",
                  .azure_config = folder_ / "azure"};
  for (const std::string& directory : {trust_files_.python_path, trust_files_.azure_config}) {
    // az keeps its sign-in there: nobody else's business.
    if (::mkdir(directory.c_str(), 0700) != 0 && errno != EEXIST)
      return failure(io_failed(directory, "making"));
  }
  const auto certificates = certificates_of(bundle);
  std::string pem;
  for (const Bytes& der : certificates) pem += pem_of(der);

  MUSTER_CHECK(write_in_place(folder_ / "hosts", hosts));
  MUSTER_CHECK(write_by_rename(trust_files_.bundle, pem));
  // The date means nothing to Java; a fixed one leaves the file as it is from run to run.
  MUSTER_CHECK(
      write_by_rename(trust_files_.java_store, as_text(pki::java_trust_store(certificates, WallTime{}))));
  return write_by_rename(fs::path{trust_files_.python_path} / "sitecustomize.py", sitecustomize_source());
}

}  // namespace muster::isolation
