#include "cli/decode_hex.hpp"
#include "cli/decode_text.hpp"
#include "cli/tests/test_shell.hpp"
#include "protocol/capture/tests/capture_builder.hpp"
#include "protocol/hub/sas_token.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace muster::cli {
namespace {

using capture::CaptureBuilder;
using testing::HasSubstr;
using testing::Not;

struct HexRow {
  const char* name;
  const char* text;
  const char* bytes;  ///< In hex; or what is wrong, after '!'.
};

constexpr HexRow kHex[] = {
    {"digits", "c000", "c000"},
    {"spaces", "c0 00\t40 02\r\n00 07\n", "c00040020007"},
    {"upper_case", "C0 0A", "c00a"},
    {"prefixes", "0xc0 0x00, 0x4,", "c00004"},
    {"c_array", "{0x10, 0x0d, 0x00}", "100d00"},
    {"c_string", "\"\\x10\\x0d\\x00\"", "100d00"},
    {"colons", "10:0d:00", "100d00"},
    {"xxd",
     "00000000: 100d 0004 4d51 5454 0402 003c 0001 64c0  ....MQTT...<..d.\n"
     "00000010: 00                                       .\n",
     "100d00044d5154540402003c000164c000"},
    {"xxd_text_is_hex", "00000000: 6162                                     ab\n", "6162"},
    {"xxd_from_the_middle", "00000020: c000  ..\n", "c000"},
    {"hexdump",
     "00000000  10 0d 00 04 4d 51 54 54  04 02 00 3c 00 01 64 c0  |....MQTT...<..d.|\n"
     "00000010  00                                                |.|\n"
     "00000011\n",
     "100d00044d5154540402003c000164c000"},
    {"wireshark",
     "0000   10 0d 00 04 4d 51 54 54 04 02 00 3c 00 01 64 c0   ....MQTT...<..d.\n0010   00   .\n",
     "100d00044d5154540402003c000164c000"},
    {"tcpdump", "\t0x0000:  c000 4002 0007                           ..@...\n", "c00040020007"},
    {"no_address", "4002 0007", "40020007"},
    {"odd", "c00", "!character 1: \"c00\" is an odd number of digits"},
    {"no_digit", "c0 0g", "!character 4: \"0\" is an odd"},
    {"other_character", "c0 zz", "!character 4: \"z\" is no hex digit"},
    {"bare_prefix", "c0 0x", "!character 6: nothing follows 0x"},
};

class HexTest : public testing::TestWithParam<HexRow> {};

TEST_P(HexTest, IsRead) {
  const auto bytes = parse_hex_dump(GetParam().text);
  const std::string expected = GetParam().bytes;
  if (expected.starts_with('!')) {
    ASSERT_FALSE(bytes);
    EXPECT_THAT(bytes.error().reason(), HasSubstr(expected.substr(1)));
  } else {
    ASSERT_TRUE(bytes) << bytes.error().reason();
    EXPECT_EQ(to_hex(*bytes), expected);
  }
}

INSTANTIATE_TEST_SUITE_P(Forms, HexTest, testing::ValuesIn(kHex),
                         [](const auto& row) { return row.param.name; });

/// What is typed, and one line of what is said; the status is 0 unless an error's code is expected.
struct DecodeRow {
  const char* name;
  std::vector<std::string> words;
  std::vector<const char*> says;
  const char* code = "";
};

const DecodeRow kRows[] = {
    {"dps_register",
     {"$dps/registrations/PUT/iotdps-register/?$rid=7"},
     {"asks to be registered", "requestId  7"}},
    {"dps_poll",
     {"$dps/registrations/GET/iotdps-get-operationstatus/?$rid=7&operationId=4.a%20b"},
     {"operationId  4.a b"}},
    {"dps_answer",
     {"$dps/registrations/res/202/?$rid=1&retry-after=3"},
     {"under way", "retryAfterSeconds  3"}},
    {"dps_filter", {"$dps/registrations/res/#"}, {"subscribes to the answers of DPS"}},
    {"twin_get", {"$iothub/twin/GET/?$rid=3"}, {"asks for its twin"}},
    {"twin_patch", {"$iothub/twin/PATCH/properties/reported/?$rid=3"}, {"reports properties"}},
    {"twin_answer", {"$iothub/twin/res/204/?$rid=3&$version=9"}, {"reportedVersion  9", "there is no body"}},
    {"desired", {"$iothub/twin/PATCH/properties/desired/?$version=4"}, {"desiredVersion  4"}},
    {"desired_filter", {"$iothub/twin/PATCH/properties/desired/#"}, {"subscribes to changes of desired"}},
    {"method_call", {"$iothub/methods/POST/reboot/?$rid=1"}, {"method     reboot", "requestId  1"}},
    {"method_answer", {"$iothub/methods/res/200/?$rid=1"}, {"answers a direct method"}},
    {"method_filter", {"$iothub/methods/POST/#"}, {"subscribes to direct methods"}},
    {"certificate", {"$iothub/credentials/POST/issueCertificate/?$rid=1"}, {"asks for a certificate"}},
    {"telemetry",
     {"devices/d/messages/events/%24.ct=application%2Fjson&room=4"},
     {"systemProperties.content-type  application/json", "applicationProperties.room     4"}},
    {"telemetry_of_module", {"devices/d/modules/m/messages/events/"}, {"moduleId"}},
    {"cloud_to_device", {"devices/d/messages/devicebound/%24.mid=8"}, {"systemProperties.message-id  8"}},
    {"cloud_to_device_filter",
     {"devices/d/messages/devicebound/#"},
     {"subscribes to messages from the cloud"}},
    {"module_input", {"devices/d/modules/m/inputs/in1/a=b"}, {"input     in1"}},
    {"topic_unknown",
     {"$dps/registrations/rez/202/?$rid=1"},
     {"byte 21: \"$dps/registrations/res/\""},
     "MU-1008"},
    {"topic_without_rid",
     {"$iothub/twin/GET/?rid=3"},
     {"byte 18: $rid={request id} should follow"},
     "MU-1008"},
    {"topic_by_force", {"--as", "topic", "sensors/1"}, {"byte 0"}, "MU-1008"},
    {"user_of_dps",
     {"0ne00123ABC/registrations/d/api-version=2019-03-31&ClientVersion=a%2F1"},
     {"idScope         0ne00123ABC", "clientVersion   a/1"}},
    {"user_of_hub",
     {"h.azure-devices.net/d/?api-version=2021-04-12&DeviceClientType=py%2F3"},
     {"hubHost     h.azure-devices.net", "clientType  py/3"}},
    {"user_of_module", {"h.azure-devices.net/d/m/?api-version=2021-04-12"}, {"moduleId    m"}},
    {"user_unknown", {"--as", "username", "foo"}, {"byte 3: a '/' and a device id should follow"}, "MU-1010"},
    {"bag",
     {"a=1&a=2&$.mid=7&b"},
     {"system.message-id  7", "application.a      1, 2", "application.b      none"}},
    {"bag_bad_escape", {"a=%zz"}, {"byte 2: \"%zz\" is no escape"}},
    {"packets",
     {"c0", "00", "40", "02", "00", "07"},
     {"packet    PINGREQ", "packet    PUBACK", "packetId  7"}},
    {"suback", {"9004000101", "80"}, {"granted QoS 1, refused"}},
    {"connack_refused", {"20020005"}, {"not authorized"}},
    {"packet_with_fault", {"30050003612f23"}, {"byte 6: the topic holds the wildcard #"}, "MU-1001"},
    {"second_packet_cut",
     {"c000", "30050003"},
     {"byte 6 (of the packet that begins at byte 2): the packet is cut short"},
     "MU-1001"},
    {"nothing", {}, {"there is nothing to decode"}, "MU-7001"},
    {"unknown", {"hello world, what"}, {"is no packet in hex, topic"}, "MU-7001"},
    {"tsv", {"-o", "tsv", "c000"}, {"has no tsv"}, "MU-7014"},
};

class DecodeTest : public testing::TestWithParam<DecodeRow> {};

TEST_P(DecodeTest, IsSaidInWords) {
  TestShell shell;
  std::vector<std::string> words{"decode"};
  words.insert(words.end(), GetParam().words.begin(), GetParam().words.end());
  const auto outcome = shell.run(words);
  const std::string code = GetParam().code;
  EXPECT_EQ(outcome.status == 0, code.empty()) << outcome.err;
  EXPECT_THAT(outcome.err, HasSubstr(code.empty() ? code : "error " + code));
  for (const char* line : GetParam().says) EXPECT_THAT(outcome.out + outcome.err, HasSubstr(line));
}

INSTANTIATE_TEST_SUITE_P(Texts, DecodeTest, testing::ValuesIn(kRows),
                         [](const auto& row) { return row.param.name; });

TEST(Decode, ReadsStandardInputAndGivesJson) {
  TestShell shell;
  shell.input = "00000000: c000 4002 0007                           ..@...\n";
  const Json list = Json::parse(shell.run({"decode", "-o", "json"}).out);
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[0]["packet"], "PINGREQ");
  EXPECT_EQ(list[1]["position"], 2);
  EXPECT_EQ(list[1]["packetId"], 7);
}

TEST(Decode, WhatComesBeforeAFaultIsShown) {
  TestShell shell;
  const auto outcome = shell.run({"decode", "-o", "json", "c000f0"});
  EXPECT_EQ(outcome.status, 1);
  EXPECT_EQ(Json::parse(outcome.out).size(), 1u);
  EXPECT_EQ(Json::parse(outcome.err)["code"], "MU-1001");
}

TEST(Decode, InputHasALimit) {
  TestShell shell;
  shell.input.assign(5u << 20, 'c');
  EXPECT_THAT(shell.run({"decode"}).err, HasSubstr("more than 4194304 bytes"));
}

TEST(Decode, ATokenIsJudgedByTheClockAndItsSignatureNeverShown) {
  TestShell shell;  // Its clock says 2026-01-21T12:53:20Z: 1769000000.
  const std::string key = to_base64(as_bytes("0123456789abcdef0123456789abcdef"));
  const auto token = [&](std::int64_t expiry, std::string_view policy, std::string_view resource) {
    return *hub::format_sas_token({.resource = resource, .key = key, .expiry_s = expiry, .key_name = policy});
  };
  const std::string mine = token(1'769'003'600, "", "h.azure-devices.net/devices/d");
  const auto outcome = shell.run({"decode", mine});
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("for         device d at h.azure-devices.net\n"));
  EXPECT_THAT(outcome.out, HasSubstr("expires     in 1 hour\n"));
  EXPECT_THAT(outcome.out, HasSubstr("expired     false\n"));
  EXPECT_THAT(outcome.out, HasSubstr("32 bytes"));
  const std::string signature = hub::parse_sas_token(mine)->signature;
  EXPECT_THAT(outcome.out, Not(HasSubstr(signature)));
  EXPECT_THAT(outcome.out, Not(HasSubstr(signature.substr(0, 12))));

  EXPECT_THAT(shell.run({"decode", token(1'768'000'000, "iothubowner", "h.azure-devices.net")}).out,
              testing::AllOf(HasSubstr("11 days ago"), HasSubstr("policy      iothubowner"),
                             HasSubstr("a key of the policy"), HasSubstr("all of h.azure-devices.net")));
  EXPECT_THAT(
      shell.run({"decode", token(1'768'000'000, "registration", "0ne/registrations/r")}).out,
      testing::AllOf(HasSubstr("registration r in id scope 0ne"), HasSubstr("the device's enrollment")));
}

TEST(Decode, AMalformedTokenSaysWhereAndShowsNothingOfIt) {
  TestShell shell;
  struct Row {
    const char* token;
    const char* says;
  };
  for (const Row& row :
       {Row{"SharedAccessSignature sr=a&se=1", "byte 31: it has no sig"},
        Row{"SharedAccessSignature sig=b&se=1", "byte 32: it has no sr"},
        Row{"SharedAccessSignature sr=a&sig=&se=1", "byte 31: its sig is empty"},
        Row{"SharedAccessSignature sr=a&sig=b", "byte 32: it has no se"},
        Row{"SharedAccessSignature sr=a&sig=b&se=soon", "byte 36: its se, \"soon\", is no number"},
        Row{"sr=a&sig=b&se=1", "byte 0: it does not begin with"},
        Row{"SharedAccessSignatur sr=a", "byte 20: it does not begin with"}}) {
    const auto outcome = shell.run({"decode", "--as", "token", row.token});
    EXPECT_EQ(outcome.status, 5);
    EXPECT_THAT(outcome.err, HasSubstr(row.says)) << row.token;
  }
  EXPECT_THAT(shell.run({"decode", "SharedAccessSignature sr=a&sig=b&se=1"}).out,
              HasSubstr("malformed: not base64 of 32 bytes"));
}

TEST(Decode, NeverShowsAKey) {
  TestShell shell;
  for (const std::vector<std::string>& words :
       {std::vector<std::string>{"decode", "HostName=h;DeviceId=d;SharedAccessKey=c2VjcmV0"},
        {"decode", "--as", "properties", "HostName=h;SharedAccessKey=c2VjcmV0"}}) {
    const auto outcome = shell.run(words);
    EXPECT_EQ(outcome.status, 2);
    EXPECT_THAT(outcome.err, HasSubstr("connection string"));
    EXPECT_THAT(outcome.out + outcome.err, Not(HasSubstr("c2VjcmV0")));
  }
}

TEST(Decode, TimesAreSaidInWords) {
  using std::chrono::seconds;
  EXPECT_EQ(relative_time(seconds{0}), "now");
  EXPECT_EQ(relative_time(seconds{1}), "in 1 second");
  EXPECT_EQ(relative_time(seconds{-59}), "59 seconds ago");
  EXPECT_EQ(relative_time(seconds{3599}), "in 59 minutes");
  EXPECT_EQ(relative_time(seconds{-86'400 * 2}), "2 days ago");
  EXPECT_EQ(relative_time(seconds{86'400 * 400}), "in 1 year");
}

/// A device that connects over plain MQTT, and what the broker answers.
class Captured {
 public:
  explicit Captured(std::uint16_t port = 1883) : port_{port} { file_.pcap(); }

  Captured& up(std::uint32_t at, std::string_view hex, bool syn = false) {
    return add({.from_port = 40000, .to_port = port_, .sequence = at, .syn = syn}, hex);
  }
  Captured& down(std::uint32_t at, std::string_view hex, bool syn = false) {
    return add({.from = 2, .to = 1, .from_port = port_, .to_port = 40000, .sequence = at, .syn = syn}, hex);
  }
  const Bytes& bytes() const { return file_.bytes(); }

 private:
  Captured& add(const CaptureBuilder::Tcp& ends, std::string_view hex) {
    const Bytes payload = *from_hex(hex);
    file_.pcap_frame(CaptureBuilder::frame(ends, as_text(payload)), 1'768'991'400 + time_++);
    return *this;
  }
  std::uint16_t port_;
  CaptureBuilder file_;
  std::uint32_t time_ = 0;
};

TestShell::Outcome decode_file(const Bytes& capture, bool json = false) {
  TestShell shell;
  shell.write("c.pcap", as_text(capture));
  return shell.run(json ? std::vector<std::string>{"decode", "--pcap", "c.pcap", "-o", "json"}
                        : std::vector<std::string>{"decode", "--pcap", "c.pcap"});
}

TEST(DecodeCapture, ShowsBothDirectionsInOrder) {
  Captured file;
  file.up(9, "", true).down(99, "", true).up(10, "100d00044d5154540402003c").up(22, "000164c000");
  file.down(100, "20020000").down(104, "d000");
  const auto outcome = decode_file(file.bytes(), true);
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  const Json list = Json::parse(outcome.out);
  ASSERT_EQ(list.size(), 4u);
  EXPECT_EQ(list[0]["packet"], "CONNECT");
  EXPECT_EQ(list[0]["from"], "10.0.0.1:40000");
  EXPECT_EQ(list[0]["time"], "2026-01-21T10:30:02.0000000Z");
  EXPECT_EQ(list[1]["packet"], "PINGREQ");
  EXPECT_EQ(list[1]["position"], 15);
  EXPECT_EQ(list[2]["packet"], "CONNACK");
  EXPECT_EQ(list[3]["packet"], "PINGRESP");
}

TEST(DecodeCapture, SaysThatTlsCannotBeRead) {
  Captured file{8883};
  file.up(9, "", true).up(10, "160301000501000001");
  const auto outcome = decode_file(file.bytes());
  EXPECT_EQ(outcome.status, 3);
  EXPECT_THAT(outcome.out, HasSubstr("TLS: it is encrypted and cannot be read"));
  EXPECT_THAT(outcome.err, HasSubstr("encrypted by TLS, which cannot be read: 1"));
  EXPECT_THAT(outcome.err, HasSubstr("do: Capture where the bytes are plain"));
}

TEST(DecodeCapture, ShowsWhatIsDecryptedAlreadyWhateverThePort) {
  Captured file{8883};
  file.up(9, "", true).up(10, "100d00044d5154540402003c000164").down(1, "", true).down(2, "20020000");
  const auto outcome = decode_file(file.bytes(), true);
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_EQ(Json::parse(outcome.out).size(), 2u);
}

TEST(DecodeCapture, AFaultIsLocatedInItsStreamAndTheOthersGoOn) {
  Captured file;
  file.up(9, "", true).up(10, "100d00044d5154540402003c000164").up(25, "f000");
  file.down(99, "", true).down(100, "20020000");
  const auto outcome = decode_file(file.bytes());
  EXPECT_EQ(outcome.status, 1);
  EXPECT_THAT(outcome.out, HasSubstr("CONNACK"));
  EXPECT_THAT(outcome.err, HasSubstr("10.0.0.1:40000 to 10.0.0.2:1883: byte 15"));
  EXPECT_THAT(outcome.err, HasSubstr("packet type 15 is reserved"));
}

TEST(DecodeCapture, TellsAGapAndWhatIsNoMqtt) {
  Captured file;
  file.up(9, "", true).up(10, "100d00044d5154540402003c000164").up(30, "c000");
  const auto outcome = decode_file(file.bytes());
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  EXPECT_THAT(outcome.out, HasSubstr("the capture lacks 5 bytes here; 2 bytes behind them are not read"));

  Captured http{80};
  http.up(9, "", true).up(10, to_hex(as_bytes("GET / HTTP/1.1")));
  const auto other = decode_file(http.bytes());
  EXPECT_EQ(other.status, 3);
  EXPECT_THAT(other.out, HasSubstr("not MQTT: it begins with \"GET / HTTP/1.1\""));
}

TEST(DecodeCapture, ACaptureThatEndsInAPacketIsNoFault) {
  Captured file;
  file.up(9, "", true).up(10, "100d00044d5154540402003c000164").up(25, "300500");
  const auto outcome = decode_file(file.bytes(), true);
  EXPECT_EQ(outcome.status, 0) << outcome.err;
  const Json list = Json::parse(outcome.out);
  ASSERT_EQ(list.size(), 2u);
  EXPECT_EQ(list[1]["kind"], "rest");
  EXPECT_EQ(list[1]["position"], 15);
  EXPECT_EQ(list[1]["bytes"], 3);
}

TEST(DecodeCapture, RefusesWhatIsNoCapture) {
  EXPECT_THAT(decode_file(*from_hex("0011223344")).err, HasSubstr("c.pcap, byte 0: it begins as neither"));
  TestShell shell;
  EXPECT_EQ(shell.run({"decode", "--pcap", "absent"}).status, 3);
  EXPECT_EQ(shell.run({"decode", "--pcap", "absent", "c000"}).status, 2);
}

}  // namespace
}  // namespace muster::cli
