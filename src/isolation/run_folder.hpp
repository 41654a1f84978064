#pragma once

#include "base/bytes.hpp"
#include "base/result.hpp"
#include "isolation/environment.hpp"
#include "world/running_world.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace muster::isolation {

/// The files that one `muster run` shows its command: hosts, trust, az's folder. They lie in the world's own
/// `run/`, or in a temporary folder, removed with this object, when the user may not write there.
class RunFolder {
 public:
  /// Makes the folder and fills it. `extra_bundles` are files of further roots that the user had set;
  /// unreadable ones are skipped, as the programs that would have read them do. world_damaged when the CA
  /// file is missing or holds no certificate; io_failed when nothing can be written.
  static Result<RunFolder> make(const std::filesystem::path& world_dir, const world::RunningWorld& world,
                                const std::vector<std::filesystem::path>& extra_bundles);

  RunFolder(RunFolder&& other) noexcept;
  RunFolder& operator=(RunFolder&&) = delete;
  ~RunFolder();

  std::filesystem::path hosts() const { return folder_ / "hosts"; }
  const TrustFiles& trust_files() const { return trust_files_; }

 private:
  RunFolder(std::filesystem::path folder, bool temporary)
      : folder_{std::move(folder)}, temporary_{temporary} {}

  Result<void> fill(const std::string& hosts, const std::string& bundle);

  std::filesystem::path folder_;
  bool temporary_;
  TrustFiles trust_files_;
};

/// Every certificate of a PEM text as DER, in order, each once; blocks that are no base64 are skipped.
std::vector<Bytes> certificates_of(std::string_view pem);

/// The whole file; nullopt when it cannot be read.
std::optional<std::string> read_whole(const std::filesystem::path& path);

}  // namespace muster::isolation
