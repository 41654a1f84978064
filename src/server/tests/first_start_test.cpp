#include "server/service.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <algorithm>
#include <cstdlib>
#include <filesystem>
#include <fstream>

namespace muster::server {
namespace {

namespace fs = std::filesystem;
using testing::ElementsAre;
using testing::IsEmpty;

/// The kernel's file system, on which there is no room for one file.
class DiskWithoutRoom final : public disk::Disk {
 public:
  /// Makes of files whose path holds `text` fail, after `spared` of them.
  DiskWithoutRoom(std::string_view text, int spared) : text_{text}, spared_{spared} {}

  Result<std::unique_ptr<disk::File>> open(const std::string& path, disk::OpenMode mode) override {
    const bool meant = mode == disk::OpenMode::create_new && path.find(text_) != std::string::npos;
    if (meant && spared_-- <= 0)
      return failure(ErrorCode::disk_full, fmt::format("creating {}: No space left on device", path));
    return real_->open(path, mode);
  }
  Result<bool> exists(const std::string& path) override { return real_->exists(path); }
  Result<std::vector<std::string>> list(const std::string& folder) override { return real_->list(folder); }
  Result<void> remove(const std::string& path) override { return real_->remove(path); }
  Result<void> rename(const std::string& from, const std::string& to) override {
    return real_->rename(from, to);
  }
  Result<void> make_directory(const std::string& path) override { return real_->make_directory(path); }
  Result<void> sync_directory(const std::string& path) override { return real_->sync_directory(path); }
  Result<std::uint64_t> free_bytes(const std::string& path) override { return real_->free_bytes(path); }

 private:
  std::unique_ptr<disk::Disk> real_ = disk::make_real_disk();
  std::string text_;
  int spared_;
};

struct Row {
  const char* name;
  const char* path;
  int spared = 0;
};

/// In the order in which they are made; the mark is made twice, first and last.
constexpr Row kRows[] = {
    {"first_mark", "world-format.json"},
    {"server_ca", "server/ca"},
    {"server_certificate", "server/server-rsa"},
    {"segment", "events/"},
    {"hub_table", "events/hubs"},
    {"configuration", "/muster.json"},
    {"device_key", "certs/device/device"},
    {"device_configuration", "device/config.json"},
    {"hosts", "run/hosts"},
    {"running_file", "/world.json"},
    {"last_mark", "world-format.json", 1},
};

/// A loopback address of this process's own, so that tests may run beside each other.
std::string own_address() {
  const auto pid = static_cast<unsigned>(::getpid());
  return "127.23." + std::to_string(pid / 250 % 250 + 1) + "." + std::to_string(pid % 250 + 1);
}

class FirstStart : public testing::Test {
 protected:
  FirstStart() {
    std::string name = (fs::temp_directory_path() / "muster-start-XXXXXX").string();
    EXPECT_NE(::mkdtemp(name.data()), nullptr);
    root_ = name;
  }
  ~FirstStart() override { fs::remove_all(root_); }

  Result<std::unique_ptr<Service>> start(disk::Disk& disk, const std::string& folder) {
    ConfigSources sources{.flags = {{"listen", own_address()},
                                    {"mqtt_port", "18883"},
                                    {"https_port", "18443"},
                                    {"admin_port", "19464"}}};
    return Service::start({*clock_, *random_, disk}, {folder}, std::move(sources), false);
  }
  /// Everything below the test's folder, relative to it.
  std::vector<std::string> tree() const {
    std::vector<std::string> paths;
    for (const auto& entry : fs::recursive_directory_iterator{root_})
      paths.push_back(fs::relative(entry.path(), root_).string());
    std::ranges::sort(paths);
    return paths;
  }

  std::unique_ptr<Clock> clock_ = make_system_clock();
  std::unique_ptr<Random> random_ = make_system_random();
  std::string root_;
};

class WithoutRoom : public FirstStart, public testing::WithParamInterface<Row> {};

TEST_P(WithoutRoom, LeavesNothing) {
  DiskWithoutRoom disk{GetParam().path, GetParam().spared};
  const auto service = start(disk, root_ + "/on/the/way/muster-data");
  ASSERT_FALSE(service);
  EXPECT_EQ(service.error().code(), ErrorCode::disk_full) << service.error().reason();
  EXPECT_THAT(tree(), IsEmpty());
}

INSTANTIATE_TEST_SUITE_P(Rows, WithoutRoom, testing::ValuesIn(kRows),
                         [](const auto& row) { return std::string{row.param.name}; });

TEST_F(FirstStart, KeepsWhatWasThereAndSucceedsWhenThereIsRoom) {
  const std::string folder = root_ + "/muster-data";
  fs::create_directories(folder + "/certs/root");
  std::ofstream{folder + "/muster.json"} << "{}";
  DiskWithoutRoom full{"device/config.json", 0};
  ASSERT_FALSE(start(full, folder));
  EXPECT_THAT(tree(), ElementsAre("muster-data", "muster-data/certs", "muster-data/certs/root",
                                  "muster-data/muster.json"));
  const auto real = disk::make_real_disk();
  {
    const auto service = start(*real, folder);
    ASSERT_TRUE(service) << service.error().reason();
    EXPECT_TRUE((*service)->ready().made_world);
    EXPECT_EQ((*service)->ready().identity_type, "selfSigned") << "the file was there, and does not say";
    EXPECT_EQ((*service)->ready().identity_type_origin, "default");
    const auto held = tree();
    ASSERT_FALSE(start(*real, folder)) << "it runs";
    EXPECT_EQ(tree(), held);
  }
  const auto again = start(*real, folder);
  ASSERT_TRUE(again) << again.error().reason();
  EXPECT_FALSE((*again)->ready().made_world);
}

}  // namespace
}  // namespace muster::server
