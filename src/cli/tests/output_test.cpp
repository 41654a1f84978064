#include "cli/output.hpp"

#include <gtest/gtest.h>

#include <sstream>

namespace muster::cli {
namespace {

const Json kDevices = Json::parse(R"([
  {"deviceId": "my-device-001", "authentication": {"type": "certificateAuthority"}, "status": "enabled", "n": 3},
  {"deviceId": "d\u001b[2J", "authentication": {"type": "sas"}, "status": null, "edge": true}])");

std::string written(const Json& value, Format format, std::span<const Column> columns = {}) {
  std::ostringstream out;
  write_output(out, value, format, columns);
  return out.str();
}

TEST(Output, TableIsAzs) {
  const Column columns[] = {{"DeviceID", "deviceId"}, {"Auth", "authentication.type"}, {"Status", "status"}};
  // A device's name cannot clear the operator's screen: its escape is shown as a question mark.
  EXPECT_EQ(written(kDevices, Format::table, columns),
            "DeviceID       Auth                  Status\n"
            "-------------  --------------------  -------\n"
            "my-device-001  certificateAuthority  enabled\n"
            "d?[2J          sas\n");
}

TEST(Output, TableOfNothingIsNothing) {
  EXPECT_EQ(written(Json::array(), Format::table), "");
  EXPECT_EQ(written(Json::parse(R"({"value": []})"), Format::table), "");
}

TEST(Output, TableWithoutColumnsShowsScalarMembers) {
  EXPECT_EQ(written(Json::parse(R"({"name": "x", "deep": {"a": 1}, "on": true})"), Format::table),
            "Name  On\n----  ----\nx     True\n");
}

TEST(Output, TableUnwrapsArmsLists) {
  const Column columns[] = {{"Name", "name"}};
  EXPECT_EQ(written(Json::parse(R"({"value": [{"name": "a"}, {"name": "b"}]})"), Format::table, columns),
            "Name\n----\na\nb\n");
}

TEST(Output, TsvIsAzs) {
  EXPECT_EQ(
      written(Json::parse(R"({"z": "last", "a": null, "b": true, "c": [1, 2], "d": {"x": 1}})"), Format::tsv),
      "None\ttrue\t2\t\tlast\n");
  EXPECT_EQ(written(Json::parse(R"(["a", "b"])"), Format::tsv), "a\nb\n");
}

TEST(Output, JsonKeepsTheOrderOfMembers) {
  EXPECT_EQ(written(Json::parse(R"({"z": 1, "a": 2})"), Format::json), "{\n  \"z\": 1,\n  \"a\": 2\n}\n");
}

TEST(Output, JsoncIsJsonOnceTheColoursAreGone) {
  std::string text = written(kDevices, Format::jsonc);
  EXPECT_NE(text.find("\x1b[34;1m\"deviceId\""), std::string::npos);
  for (std::size_t at = text.find('\x1b'); at != std::string::npos; at = text.find('\x1b')) {
    text.erase(at, text.find('m', at) - at + 1);
  }
  EXPECT_EQ(Json::parse(text, nullptr, false), kDevices);
}

}  // namespace
}  // namespace muster::cli
