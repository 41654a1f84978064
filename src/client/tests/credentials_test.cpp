#include "muster/credentials.hpp"

#include <gmock/gmock.h>

#include <filesystem>
#include <fstream>

namespace muster {
namespace {

class PemFilesTest : public testing::Test {
 protected:
  PemFilesTest() {
    folder_ =
        testing::TempDir() + "pem_files_" + testing::UnitTest::GetInstance()->current_test_info()->name();
    std::filesystem::create_directories(folder_);
  }
  ~PemFilesTest() override { std::filesystem::remove_all(folder_); }
  void write(const std::string& name, const std::string& text) {
    std::ofstream{folder_ + "/" + name} << text;
  }
  std::string folder_;
};

TEST_F(PemFilesTest, AreReadAnewEachTime) {
  write("c.pem", "one");
  write("c.key", "key");
  const auto credentials = pem_file_credentials(folder_ + "/c.pem", folder_ + "/c.key", "secret");
  EXPECT_EQ(credentials->load()->certificate_chain, "one");
  EXPECT_EQ(credentials->load()->passphrase, "secret");
  write("c.pem", "two");
  EXPECT_EQ(credentials->load()->certificate_chain, "two");
}

TEST_F(PemFilesTest, SayWhichFileIsMissing) {
  write("c.pem", "one");
  const auto loaded = pem_file_credentials(folder_ + "/c.pem", folder_ + "/absent.key")->load();
  ASSERT_FALSE(loaded);
  EXPECT_EQ(loaded.error().code(), ErrorCode::file_unreadable);
  EXPECT_THAT(loaded.error().reason(), testing::HasSubstr("absent.key: No such file"));
}

TEST_F(PemFilesTest, RefuseAFolderAndAFileThatIsTooLarge) {
  write("c.key", "key");
  EXPECT_EQ(pem_file_credentials(folder_, folder_ + "/c.key")->load().error().code(),
            ErrorCode::file_unreadable);
  write("large.pem", std::string(1024 * 1024 + 1, 'x'));
  EXPECT_THAT(pem_file_credentials(folder_ + "/large.pem", folder_ + "/c.key")->load().error().reason(),
              testing::HasSubstr("larger than"));
}

}  // namespace
}  // namespace muster
