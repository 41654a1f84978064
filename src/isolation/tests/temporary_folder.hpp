#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <stdlib.h>
#include <string>

namespace muster::isolation {

/// A folder of the test's own, removed with it.
class TemporaryFolder {
 public:
  TemporaryFolder() {
    std::string pattern = testing::TempDir() + "/muster-isolation-XXXXXX";
    path_ = ::mkdtemp(pattern.data());
  }
  ~TemporaryFolder() { std::filesystem::remove_all(path_); }
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }
  void write(const std::filesystem::path& name, std::string_view content) const {
    std::filesystem::create_directories((path_ / name).parent_path());
    std::ofstream{path_ / name} << content;
  }

 private:
  std::filesystem::path path_;
};

// Two blocks that are PEM in form; nothing here looks inside.
inline constexpr std::string_view kFirstPem =
    "-----BEGIN CERTIFICATE-----\nMAAwADAAMAA=\n-----END CERTIFICATE-----\n";
inline constexpr std::string_view kSecondPem =
    "-----BEGIN CERTIFICATE-----\r\nMAAx\r\nADAA\r\n-----END CERTIFICATE-----\r\n";

}  // namespace muster::isolation
