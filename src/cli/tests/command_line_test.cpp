#include "cli/exit_status.hpp"
#include "cli/tests/test_shell.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::cli {
namespace {

using testing::HasSubstr;
using testing::StartsWith;

struct UsageCase {
  std::string_view name;
  std::vector<std::string> words;
  std::string_view code;
  std::string_view says;  ///< Somewhere in the four lines.

  friend void PrintTo(const UsageCase& c, std::ostream* out) { *out << c.name; }
};

const UsageCase kUsageCases[] = {
    {"unknown_command", {"hbu", "list"}, "MU-7001", "Did you mean `muster hub`?"},
    {"unknown_verb",
     {"dps", "certificate", "crate"},
     "MU-7001",
     "Did you mean `muster dps certificate create`?"},
    {"unknown_flag",
     {"hub", "device-identity", "list", "--hubname", "x"},
     "MU-7001",
     "Did you mean --hub-name?"},
    {"nothing_near", {"frobnicate"}, "MU-7001", "`muster --help` lists its commands."},
    {"noun_alone",
     {"dps", "certificate"},
     "MU-7001",
     "needs one more word: create, update, list, show, delete"},
    {"required_flag", {"dps", "certificate", "show"}, "MU-7001", "--name"},
    {"flag_without_value", {"dps", "certificate", "show", "--name"}, "MU-7001", "--name"},
    {"word_too_many", {"hub", "list", "extra"}, "MU-7001", "extra"},
    {"not_a_format", {"hub", "list", "-o", "xml"}, "MU-7001", "xml is not one of table, json, jsonc, tsv"},
    {"query_is_azs", {"hub", "device-identity", "list", "--query", "[]"}, "MU-7014", "jq"},
    {"login_is_azs", {"hub", "device-identity", "list", "--login", "HostName=x"}, "MU-7014", "--login"},
    {"offset_needs_partition", {"hub", "monitor-events", "--from", "42"}, "MU-7001", "--partition"},
    {"not_a_place", {"hub", "monitor-events", "--from", "yesterday"}, "MU-7001", "start, latest"},
    {"events_have_no_table", {"hub", "monitor-events", "-o", "table"}, "MU-7014", "JSON"},
    {"not_a_time", {"status", "--wait", "soon"}, "MU-7001", "a time like 10s"},
    {"no_events_at_all",
     {"hub", "monitor-events", "--mc", "0"},
     "MU-7001",
     "--message-count: 0 is not a whole number from 1 to 1000000000"},
    {"days_are_a_number",
     {"pki", "create-root", "--days", "ten"},
     "MU-7001",
     "ten is not a whole number from 1"},
    {"not_a_subject",
     {"pki", "create-root", "--subject", "/pump-07"},
     "MU-7001",
     "--subject: subject \"/pump-07\""},
    {"not_a_code", {"explain", "MU-9999"}, "MU-7001", "no error code MU-9999"},
    {"set_without_value", {"config", "show", "--set", "mqtt_port"}, "MU-7001", "KEY=VALUE"},
};

class UsageTest : public testing::TestWithParam<UsageCase> {};

TEST_P(UsageTest, IsRefusedInFourLinesWithStatus2) {
  TestShell shell;
  const auto outcome = shell.run(GetParam().words);
  EXPECT_EQ(outcome.status, 2);
  EXPECT_EQ(outcome.out, "");
  EXPECT_THAT(outcome.err, StartsWith("error " + std::string{GetParam().code} + "  "));
  EXPECT_THAT(outcome.err, HasSubstr(std::string{GetParam().says}));
  EXPECT_THAT(outcome.err, HasSubstr("\n  do: "));
  EXPECT_THAT(outcome.err,
              testing::EndsWith("  more: muster explain " + std::string{GetParam().code} + "\n"));
  EXPECT_EQ(std::ranges::count(outcome.err, '\n'), 4) << outcome.err;
}

INSTANTIATE_TEST_SUITE_P(CommandLine, UsageTest, testing::ValuesIn(kUsageCases),
                         [](const auto& row) { return std::string{row.param.name}; });

TEST(CommandLine, ErrorsAreOneJsonObjectWithOutputJson) {
  TestShell shell;
  const auto outcome = shell.run({"-o", "json", "hbu"});
  EXPECT_EQ(outcome.status, 2);
  const Json error = Json::parse(outcome.err, nullptr, false);
  ASSERT_TRUE(error.is_object()) << outcome.err;
  EXPECT_EQ(text_at(error, "code"), "MU-7001");
  EXPECT_THAT(text_at(error, "remedy"), HasSubstr("muster hub"));
  EXPECT_TRUE(error.contains("title") && error.contains("reason"));
}

TEST(CommandLine, AnUnknownWordBeforeOutputJsonIsJsonToo) {
  TestShell shell;
  const auto outcome = shell.run({"hbu", "list", "-o", "json"});
  EXPECT_TRUE(Json::parse(outcome.err, nullptr, false).is_object()) << outcome.err;
}

TEST(CommandLine, DataMayStandAnywhere) {
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"--data", "elsewhere", "hub", "list"},
        {"hub", "--data", "elsewhere", "list"},
        {"hub", "list", "--data=elsewhere"}}) {
    TestShell shell;
    const auto outcome = shell.run(words);
    EXPECT_EQ(outcome.status, 4);
    EXPECT_THAT(outcome.err, HasSubstr("no muster runs in elsewhere")) << words[0];
  }
}

TEST(CommandLine, DataComesFromTheEnvironmentWhenNotSaid) {
  TestShell shell;
  shell.environment["MUSTER_DATA"] = "named";
  EXPECT_THAT(shell.run({"hub", "list"}).err, HasSubstr("no muster runs in named"));
  EXPECT_THAT(shell.run({"hub", "list", "--data", "said"}).err, HasSubstr("no muster runs in said"));
}

TEST(CommandLine, ResourceGroupIsTakenWhereAzTakesIt) {
  TestShell shell;
  EXPECT_EQ(shell.run({"dps", "certificate", "list", "-g", "any"}).status, 4);
  EXPECT_EQ(shell.run({"explain", "MU-2101", "-g", "any"}).status, 2);
}

TEST(CommandLine, HelpIsGivenForEveryCommandAndNamesItsExamples) {
  TestShell shell;
  GlobalFlags flags;
  Commands commands{flags};
  add_all_commands(commands);
  ASSERT_GT(commands.verbs().size(), 40u);
  for (const auto& verb : commands.verbs()) {
    std::vector<std::string> words;
    std::istringstream path{verb->path};
    for (std::string word; path >> word;) words.push_back(word);
    words.push_back("--help");
    const auto outcome = shell.run(words);
    EXPECT_EQ(outcome.status, 0) << verb->path;
    EXPECT_THAT(outcome.out, StartsWith("muster " + verb->path + ": "));
    if (!verb->path.starts_with("reference")) {
      EXPECT_THAT(outcome.out, HasSubstr("EXAMPLES\n  $ muster")) << verb->path;
    }
  }
}

TEST(CommandLine, EveryExampleIsACommandLineThatParses) {
  GlobalFlags flags;
  Commands commands{flags};
  add_all_commands(commands);
  for (const auto& verb : commands.verbs()) {
    std::istringstream lines{verb->help.examples};
    for (std::string line; std::getline(lines, line);) {
      if (line.starts_with("$ ")) {
        // What it reads may come from another command, and what it prints go to one.
        const std::string own = "muster " + verb->path;
        EXPECT_TRUE(line.starts_with("$ " + own) || line.find(" | " + own) != std::string::npos) << line;
      }
    }
  }
}

TEST(CommandLine, HelpWordIsHelpFlag) {
  TestShell shell;
  EXPECT_EQ(shell.run({"help", "dps", "certificate"}).out, shell.run({"dps", "certificate", "--help"}).out);
  EXPECT_EQ(shell.run({}).out, shell.run({"--help"}).out);
}

TEST(ExitStatus, EveryCodeHasTheClassThatTheContractNames) {
  struct Row {
    ErrorCode code;
    ExitStatus status;
  };
  constexpr Row kRows[] = {
      {ErrorCode::usage, ExitStatus::usage},
      {ErrorCode::option_unsupported, ExitStatus::usage},
      {ErrorCode::config_invalid, ExitStatus::configuration},
      {ErrorCode::file_unreadable, ExitStatus::configuration},
      {ErrorCode::port_in_use, ExitStatus::configuration},
      {ErrorCode::not_running, ExitStatus::unreachable},
      {ErrorCode::service_unreachable, ExitStatus::unreachable},
      {ErrorCode::connect_failed, ExitStatus::unreachable},
      {ErrorCode::resource_not_found, ExitStatus::refused},
      {ErrorCode::enrollment_disabled, ExitStatus::refused},
      {ErrorCode::disk_full, ExitStatus::failed},
      {ErrorCode::file_exists, ExitStatus::failed},
  };
  for (const Row& row : kRows) EXPECT_EQ(exit_status(row.code), row.status) << error_id(row.code);
}

TEST(ExitStatus, AReasonCannotForgeALine) {
  std::ostringstream err;
  write_error(err, Error{ErrorCode::usage, "one\n  do: rm -rf"}, false);
  const std::string text = err.str();
  EXPECT_EQ(std::ranges::count(text, '\n'), 4);
}

}  // namespace
}  // namespace muster::cli
