#include "gateway/rest/error_table.hpp"
#include "gateway/rest/http_head.hpp"
#include "gateway/rest/request_reader.hpp"
#include "gateway/rest/router.hpp"
#include "gateway/rest/target.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <vector>

namespace muster::rest {
namespace {

/// Feeds `text` in pieces of `step` bytes; the failure, or whether the request came to be whole without
/// surplus.
Result<bool> feed(std::string_view text, std::size_t step) {
  HttpLimits limits;
  limits.head_bytes_max = 1024;
  limits.body_bytes_max = 64;
  limits.target_bytes_max = 512;
  RequestReader reader{limits};
  for (std::size_t at = 0; at < text.size(); at += step) {
    MUSTER_CHECK(reader.feed(text.substr(at, step)));
  }
  return reader.done() && !reader.has_surplus();
}

struct Case {
  const char* name;
  std::string text;
};

TEST(RequestReader, TakesPlainRequestsInAnyPieces) {
  const std::vector<Case> cases{
      {"no body", "GET /devices?x=1 HTTP/1.1\r\nHost: h\r\n\r\n"},
      {"length", "POST /q HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"},
      {"length 0, as the CLI sends on GET", "GET / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n"},
      {"chunked",
       "POST /q HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: "
       "chunked\r\n\r\n3\r\nabc\r\nA\r\n0123456789\r\n0\r\n\r\n"},
      {"Chunked in capitals", "POST /q HTTP/1.1\r\nHost: h\r\ntransfer-encoding: CHUNKED\r\n\r\n0\r\n\r\n"},
      {"1.0 without host", "GET / HTTP/1.0\r\n\r\n"},
      {"empty value, odd spaces, obs-text", "GET / HTTP/1.1\r\nHost: h\r\nX-A:\r\nX-B: \t v\xE9 \t\r\n\r\n"},
  };
  for (const auto& one : cases) {
    for (const std::size_t step : {std::size_t{1}, std::size_t{3}, std::size_t{1000}}) {
      const auto whole = feed(one.text, step);
      ASSERT_TRUE(whole) << one.name << " by " << step << ": " << whole.error().reason();
      EXPECT_TRUE(*whole) << one.name << " by " << step;
    }
  }
}

std::string with(std::string header) { return "POST /q HTTP/1.1\r\nHost: h\r\n" + header + "\r\n\r\nabc"; }
std::string chunked(std::string body) {
  return "POST /q HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n" + body;
}

/// reliability.md section 3: the classes of parser faults that were found in other servers. Each must be
/// refused or be surplus, which the session refuses; none may pass as a whole request, at any cut.
const std::vector<Case> kBadHeaders{
    {"length and chunked", with("Content-Length: 3\r\nTransfer-Encoding: chunked")},
    {"chunked and length", with("Transfer-Encoding: chunked\r\nContent-Length: 3")},
    {"two lengths", with("Content-Length: 3\r\nContent-Length: 4")},
    {"two equal lengths", with("Content-Length: 3\r\nContent-Length: 3")},
    {"a list of lengths", with("Content-Length: 3, 3")},
    {"empty length", with("Content-Length:")},
    {"signed length", with("Content-Length: +3")},
    {"negative length", with("Content-Length: -3")},
    {"hex length", with("Content-Length: 0x3")},
    {"underscored length", with("Content-Length: 3_0")},
    {"length beyond 64 bits", with("Content-Length: 99999999999999999999")},
    {"unknown encoding", with("Transfer-Encoding: gzip")},
    {"chunked not last", with("Transfer-Encoding: chunked, identity")},
    {"chunked in a list", with("Transfer-Encoding: gzip, chunked")},
    {"comma before chunked", with("Transfer-Encoding: ,chunked")},
    {"quoted chunked", with("Transfer-Encoding: \"chunked\"")},
    {"xchunked", with("Transfer-Encoding: xchunked")},
    {"empty encoding", with("Transfer-Encoding:")},
    {"two encodings", with("Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked")},
    {"chunked in 1.0", "POST /q HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"},
    {"space before the colon", with("Content-Length : 3")},
    {"tab before the colon", with("Transfer-Encoding\t: chunked")},
    {"no name", with(": x")},
    {"no colon", with("Content-Length")},
    {"folded line", with("X-A: a\r\n b")},
    {"folded first line", "GET / HTTP/1.1\r\n Host: h\r\n\r\n"},
    {"name with a brace", with("X{A: a")},
    {"name with a high byte", with("X\xC3: a")},
    {"NUL in a value", with(std::string{"X-A: a\0b", 8})},
    {"bell in a value", with("X-A: a\ab")},
    {"bare LF after the request line", "GET / HTTP/1.1\nHost: h\r\n\r\n"},
    {"bare LF after a header", "GET / HTTP/1.1\r\nHost: h\nX: y\r\n\r\n"},
    {"bare LF at the end", "GET / HTTP/1.1\r\nHost: h\r\n\n"},
    {"bare CR in a value", with("X-A: a\rb")},
    {"CR CR LF", "GET / HTTP/1.1\r\nHost: h\r\r\n\r\n"},
};
const std::vector<Case> kBadHeads{
    {"no host", "GET / HTTP/1.1\r\n\r\n"},
    {"two hosts", "GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n"},
    {"two authorizations", "GET / HTTP/1.1\r\nHost: a\r\nAuthorization: b\r\nauthorization: c\r\n\r\n"},
    {"two conditions", "PUT / HTTP/1.1\r\nHost: a\r\nIf-Match: b\r\nIf-Match: c\r\n\r\n"},
    {"method with a space", "GE T / HTTP/1.1\r\nHost: h\r\n\r\n"},
    {"method with a bracket", "G(T / HTTP/1.1\r\nHost: h\r\n\r\n"},
    {"no method", " / HTTP/1.1\r\nHost: h\r\n\r\n"},
    {"two spaces", "GET  / HTTP/1.1\r\nHost: h\r\n\r\n"},
    {"tab for a space", "GET\t/ HTTP/1.1\r\nHost: h\r\n\r\n"},
    {"no version", "GET /\r\nHost: h\r\n\r\n"},
    {"version 2.0", "GET / HTTP/2.0\r\nHost: h\r\n\r\n"},
    {"version 1.2", "GET / HTTP/1.2\r\nHost: h\r\n\r\n"},
    {"lower-case version", "GET / http/1.1\r\nHost: h\r\n\r\n"},
    {"version with a tail", "GET / HTTP/1.1x\r\nHost: h\r\n\r\n"},
    {"absolute form", "GET http://a/ HTTP/1.1\r\nHost: h\r\n\r\n"},
    {"authority form", "CONNECT a:1 HTTP/1.1\r\nHost: a\r\n\r\n"},
    {"high byte in the target", "GET /\xC3 HTTP/1.1\r\nHost: h\r\n\r\n"},
    {"fragment in the target", "GET /#x HTTP/1.1\r\nHost: h\r\n\r\n"},
    {"empty line first", "\r\nGET / HTTP/1.1\r\nHost: h\r\n\r\n"},
    {"TLS hello", std::string{"\x16\x03\x01\x00\x05hello", 10}},
};
const std::vector<Case> kBadBodies{
    {"chunk size with 0x", chunked("0x3\r\nabc\r\n0\r\n\r\n")},
    {"chunk size with +", chunked("+3\r\nabc\r\n0\r\n\r\n")},
    {"chunk size with -", chunked("-3\r\nabc\r\n0\r\n\r\n")},
    {"chunk size with _", chunked("0_3\r\nabc\r\n0\r\n\r\n")},
    {"chunk size with a space before", chunked(" 3\r\nabc\r\n0\r\n\r\n")},
    {"no chunk size", chunked("\r\nabc\r\n0\r\n\r\n")},
    {"chunk size beyond 64 bits", chunked("FFFFFFFFFFFFFFFFF\r\nabc\r\n0\r\n\r\n")},
    {"chunk size ends in a bare LF", chunked("3\nabc\r\n0\r\n\r\n")},
    {"chunk data ends in a bare LF", chunked("3\r\nabc\n0\r\n\r\n")},
    {"chunk data too long", chunked("3\r\nabcd\r\n0\r\n\r\n")},
    {"chunk extension with a bare LF", chunked("3;a\nb\r\nabc\r\n0\r\n\r\n")},
    {"bytes after the body", "POST /q HTTP/1.1\r\nHost: h\r\nContent-Length: 3\r\n\r\nabcGET / HTTP/1.1\r\n"},
    {"bytes after the chunks", chunked("0\r\n\r\nGET /")},
    {"Expect of something else", with("Content-Length: 3\r\nExpect: 200-ok")},
    {"head too large", with("X-A: " + std::string(2000, 'a'))},
    {"endless head", "GET / HTTP/1.1\r\nX: " + std::string(4000, 'a')},
    {"target too long", "GET /" + std::string(600, 'a') + " HTTP/1.1\r\nHost: h\r\n\r\n"},
    {"length too large", with("Content-Length: 65")},
    {"chunks too large", chunked("41\r\n" + std::string(65, 'a') + "\r\n0\r\n\r\n")},
    {"endless chunk extension", chunked("3;" + std::string(2000, 'a'))},
};

void expect_refused(const Case& one) {
  for (const std::size_t step : {std::size_t{1}, std::size_t{7}, std::size_t{10'000}}) {
    const auto whole = feed(one.text, step);
    EXPECT_FALSE(whole && *whole) << one.name << " by " << step << " passed";
    if (whole) continue;
    const auto code = whole.error().code();
    EXPECT_TRUE(code == ErrorCode::request_malformed || code == ErrorCode::request_too_large) << one.name;
  }
}

TEST(RequestReader, RefusesHeadersThatTwoParsersCouldReadInTwoWays) {
  std::ranges::for_each(kBadHeaders, expect_refused);
}
TEST(RequestReader, RefusesHeadsThatTwoParsersCouldReadInTwoWays) {
  std::ranges::for_each(kBadHeads, expect_refused);
}
TEST(RequestReader, RefusesBodiesThatTwoParsersCouldReadInTwoWays) {
  std::ranges::for_each(kBadBodies, expect_refused);
}

TEST(RequestReader, SaysWhichLimitWasMet) {
  HttpLimits limits;
  limits.body_bytes_max = 4;
  RequestReader body{limits};
  ASSERT_FALSE(body.feed("POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n"));
  EXPECT_EQ(body.refused_status(), 413u);
  RequestReader head{limits};
  ASSERT_FALSE(head.feed("GET / HTTP/1.1\r\nX: " + std::string(limits.head_bytes_max, 'a')));
  EXPECT_EQ(head.refused_status(), 431u);
}

TEST(RequestReader, GivesTheRequest) {
  RequestReader reader{HttpLimits{}};
  EXPECT_FALSE(reader.started());
  ASSERT_TRUE(
      reader.feed("POST /a?b=c HTTP/1.1\r\nHost: h\r\nX-Thing: v \r\nTransfer-Encoding: "
                  "chunked\r\n\r\n2;ext=1\r\nhi\r\n0\r\n\r\n"));
  ASSERT_TRUE(reader.done());
  EXPECT_TRUE(reader.keep_alive());
  const auto request = reader.take();
  EXPECT_EQ(request.method, "POST");
  EXPECT_EQ(request.target, "/a?b=c");
  EXPECT_EQ(request.header("x-thing"), "v");
  EXPECT_EQ(request.header("absent"), std::nullopt);
  EXPECT_EQ(request.body, "hi");
}

TEST(RequestReader, ATrailerAddsNoHeader) {
  RequestReader reader{HttpLimits{}};
  ASSERT_TRUE(reader.feed(
      "POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n0\r\nIf-Match: *\r\n\r\n"));
  ASSERT_TRUE(reader.done());
  EXPECT_EQ(reader.take().header("If-Match"), std::nullopt);
}

TEST(Target, IsTakenApart) {
  const auto target =
      parse_target("/Devices/d%201%23x/?api-version=2021&From=start&empty&a=b%20c+d", PlusSign::plain);
  ASSERT_TRUE(target);
  EXPECT_EQ(target->segments, (std::vector<std::string>{"Devices", "d 1#x"}))
      << "service/04: ids are percent-encoded";
  EXPECT_EQ(target->parameter("from"), "start");
  EXPECT_EQ(target->parameter("a"), "b c d");
  EXPECT_EQ(target->parameter("empty"), "");
  EXPECT_EQ(target->parameter("absent"), std::nullopt);
  EXPECT_EQ(parse_target("/a+b", PlusSign::space)->segments[0], "a b") << "service/02: .NET for DPS";
  EXPECT_EQ(parse_target("/a+b", PlusSign::plain)->segments[0], "a+b") << "a device id may hold +";
  EXPECT_EQ(parse_target("/a%2Fb", PlusSign::plain)->segments.size(), 1u);
  for (const char* bad : {"/%", "/%4", "/%zz", "/a%00b"})
    EXPECT_FALSE(parse_target(bad, PlusSign::plain)) << bad;
}

Result<Match> route(Api api, std::string_view method, std::string_view path, std::string& allow) {
  const auto target = parse_target(path, PlusSign::plain);
  return match(all_routes(), api, method, target->segments, allow);
}

TEST(Router, FindsTheRow) {
  struct Row {
    Api api;
    const char *method, *path, *pattern;
  };
  const std::vector<Row> rows{
      {Api::hub, "POST", "/devices/query?api-version=x", "/devices/query"},
      {Api::hub, "GET", "/devices/query", "/devices/{id}"},
      {Api::hub, "GET", "/devices/?top=5", "/devices"},
      {Api::hub, "GET", "/Devices/pump-07", "/devices/{id}"},
      {Api::hub, "GET", "/twins/pump-07", "/twins/{id}"},
      {Api::dps, "POST", "/enrollmentgroups/query", "/enrollmentGroups/query"},
      {Api::dps, "PUT", "/enrollmentGroups/g", "/enrollmentGroups/{id}"},
      {Api::dps, "POST", "/registrations/g/query", "/registrations/{group}/query"},
      {Api::arm, "POST",
       "/subscriptions/s/resourcegroups/rg/providers/microsoft.devices/iothubs/h/certificates/c/verify",
       "/subscriptions/{s}/resourceGroups/{rg}/providers/Microsoft.Devices/IotHubs/{name}/certificates/"
       "{cert}/verify"},
      {Api::muster, "GET", "/muster/v1/hubs/h/events", "/muster/v1/hubs/{hub}/events"},
  };
  for (const auto& row : rows) {
    std::string allow;
    const auto found = route(row.api, row.method, row.path, allow);
    ASSERT_TRUE(found) << row.path << ": " << found.error().reason();
    EXPECT_EQ(found->route->pattern, row.pattern) << row.path;
  }
}

TEST(Router, TellsUnknownFromWrongMethodFromNotYet) {
  std::string allow;
  EXPECT_EQ(route(Api::hub, "GET", "/nothing", allow).error().code(), ErrorCode::resource_not_found);
  EXPECT_EQ(route(Api::hub, "GET", "/", allow).error().code(), ErrorCode::resource_not_found);
  EXPECT_EQ(route(Api::dps, "GET", "/devices", allow).error().code(), ErrorCode::resource_not_found)
      << "another API's path";
  EXPECT_EQ(allow, "");
  EXPECT_EQ(route(Api::hub, "PATCH", "/devices/x", allow).error().code(), ErrorCode::method_not_allowed);
  EXPECT_EQ(allow, "GET, PUT, DELETE");
  allow.clear();
  EXPECT_EQ(route(Api::hub, "HEAD", "/twins/x", allow).error().code(), ErrorCode::method_not_allowed);
  const auto unbuilt = route(Api::hub, "POST", "/twins/x/methods", allow);
  ASSERT_TRUE(unbuilt);
  EXPECT_EQ(unbuilt->route->handler, nullptr) << "who may not ask is not told that it is not there";
  ASSERT_TRUE(route(Api::hub, "DELETE", "/devices/x", allow));
  EXPECT_EQ(allow, "") << "rows that were passed by allow nothing";
}

TEST(Router, HostNamesTheApi) {
  EXPECT_EQ(face_of_host("My-Hub.azure-devices.net:443")->api, Api::hub);
  EXPECT_EQ(face_of_host("my-dps.azure-devices-provisioning.net")->api, Api::dps);
  EXPECT_EQ(face_of_host("management")->api, Api::arm);
  EXPECT_EQ(face_of_host("Management.Azure.com")->api, Api::arm);
  EXPECT_EQ(face_of_host("muster")->api, Api::muster);
  EXPECT_FALSE(face_of_host("localhost"));
  EXPECT_FALSE(face_of_host(""));
}

TEST(ErrorTable, EveryCodeHasARowInEachApi) {
  for (const auto& info : all_errors()) {
    const auto row = error_row(info.code);
    EXPECT_EQ(row.dps_code / 1000, row.status)
        << error_id(info.code) << ": six digits that begin with the status";
    EXPECT_FALSE(row.hub_name.empty()) << error_id(info.code);
    EXPECT_FALSE(row.arm_code.empty()) << error_id(info.code);
    // A row of its own may change the status (an operator's 400 is a device's 401), the fall-back may not: a
    // status that the table does not know would come out as 500.
    if (info.http_status != 500 && row.status == 500)
      ADD_FAILURE() << error_id(info.code) << " has status " << info.http_status;
  }
}

}  // namespace
}  // namespace muster::rest
