#include "cli/commands.hpp"
#include "cli/decode_capture.hpp"
#include "cli/decode_hex.hpp"
#include "cli/decode_packet.hpp"
#include "cli/decode_text.hpp"
#include "cli/list_writer.hpp"
#include "protocol/dps/topic.hpp"
#include "protocol/hub/topic.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <optional>

namespace muster::cli {
namespace {

struct Options {
  std::vector<std::string> input;
  std::string as, pcap;
};

/// A packet of 256 KiB in the widest dump has less than this.
constexpr std::size_t kInputBytesMax = 4u << 20;

enum class Kind : std::uint8_t { packet, topic, properties, token, user_name };

struct KindName {
  std::string_view name;
  Kind kind;
};
constexpr std::array kKinds{KindName{"packet", Kind::packet}, KindName{"topic", Kind::topic},
                            KindName{"properties", Kind::properties}, KindName{"token", Kind::token},
                            KindName{"username", Kind::user_name}};

/// A connection string holds a key: it is looked at by nobody, least of all shown.
bool holds_key(std::string_view text) { return text.find("SharedAccessKey=") != std::string_view::npos; }

bool is_user_name(std::string_view text) {
  if (dps::parse_user_name(text)) return true;
  const auto hub = hub::parse_user_name(text);
  return hub && hub->hub_host.find('.') != std::string_view::npos;
}

/// What a text is, by its form; nullopt when it is none of them.
std::optional<Kind> kind_of(std::string_view text) {
  if (text.starts_with("SharedAccessSignature") || text.starts_with("sr=")) return Kind::token;
  for (const std::string_view prefix : {"$dps/", "$iothub/", "devices/"}) {
    if (text.starts_with(prefix)) return Kind::topic;
  }
  if (is_user_name(text)) return Kind::user_name;
  if (const auto bytes = parse_hex_dump(text); bytes && !bytes->empty()) return Kind::packet;
  // A dump with a mistake in it is still one: what is wrong is said, not that it is something else.
  const auto digits = std::ranges::count_if(text, [](char c) {
    return std::string_view{"0123456789abcdefABCDEF \n\r\t"}.find(c) != std::string_view::npos;
  });
  if (text.size() >= 8 && static_cast<std::size_t>(digits) * 10 >= text.size() * 9) return Kind::packet;
  if (text.find('=') != std::string_view::npos) return Kind::properties;
  return std::nullopt;
}

std::string trimmed(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n";
  const std::size_t begin = std::min(text.find_first_not_of(kSpace), text.size());
  const std::size_t end = text.find_last_not_of(kSpace);
  return std::string{text.substr(begin, end == std::string_view::npos ? 0 : end + 1 - begin)};
}

Result<std::string> input_text(Shell& shell, const Options& options) {
  if (!options.input.empty()) return fmt::format("{}", fmt::join(options.input, " "));
  std::string text;
  std::array<char, 4096> chunk{};
  while (shell.in.read(chunk.data(), chunk.size()) || shell.in.gcount() > 0) {
    text.append(chunk.data(), static_cast<std::size_t>(shell.in.gcount()));
    if (text.size() > kInputBytesMax) {
      return failure(
          Error{ErrorCode::usage, fmt::format("standard input has more than {} bytes", kInputBytesMax)}
              .with_remedy("Give a part of it; a capture is read with --pcap FILE."));
    }
  }
  return text;
}

/// Every packet of the input, one behind the other.
Result<void> decode_packets(std::string_view text, WallTime now, ListWriter& writer) {
  MUSTER_TRY(const Bytes bytes, parse_hex_dump(text));
  if (bytes.empty()) {
    return failure(Error{ErrorCode::usage, "there are no bytes"}.with_remedy(
        "Give a packet as hex digits, as in `muster decode c0 00`."));
  }
  for (std::size_t position = 0; position < bytes.size();) {
    MUSTER_TRY(const PacketAt packet, packet_at(bytes, position));
    MUSTER_TRY(const Json json, decode_packet(ByteView{bytes}.subspan(position, packet.size), position, now));
    writer.add(json);
    position += packet.size;
  }
  return {};
}

Result<void> decode_one(Kind kind, const std::string& text, WallTime now, ListWriter& writer) {
  if (kind == Kind::packet) return decode_packets(text, now, writer);
  if (kind == Kind::properties) {
    writer.add(decode_properties(text));
    return {};
  }
  MUSTER_TRY(const Json json, kind == Kind::topic   ? decode_topic(text)
                              : kind == Kind::token ? decode_token(text, now)
                                                    : decode_user_name(text));
  writer.add(json);
  return {};
}

Result<Kind> wanted_kind(const Options& options, const std::string& text) {
  for (const KindName& row : kKinds) {
    if (row.name == options.as) return row.kind;
  }
  if (text.empty()) {
    return failure(Error{ErrorCode::usage, "there is nothing to decode"}.with_remedy(
        "Give it as an argument or on standard input, or name a capture with --pcap."));
  }
  if (const auto kind = kind_of(text)) return *kind;
  return failure(
      Error{ErrorCode::usage,
            fmt::format("{} is no packet in hex, topic, property bag, token or user name", in_quotes(text))}
          .with_remedy("Say what it is with --as packet, topic, properties, token or username."));
}

Result<int> decode(Invocation& invocation, const Options& options) {
  if (invocation.flags().output == "tsv") {
    return failure(
        Error{ErrorCode::option_unsupported, "what is decoded has no tsv: it is objects"}.with_remedy(
            "Leave -o out for words, or use -o json."));
  }
  Shell& shell = invocation.shell();
  ListWriter writer{shell.out, !invocation.wants_data()};
  if (!options.pcap.empty()) {
    if (options.input.empty()) return decode_capture(invocation, options.pcap, writer);
    return failure(ErrorCode::usage, "--pcap and a text to decode do not go together");
  }
  MUSTER_TRY(const std::string given, input_text(shell, options));
  const std::string text = trimmed(given);
  if (holds_key(text)) {
    return failure(
        Error{ErrorCode::usage, "this is a connection string: what is secret in it is not to be shown"}
            .with_remedy("Decode the token that is made with the key; a connection string is HostName, an id "
                         "or policy name, "
                         "and the key."));
  }
  MUSTER_TRY(const Kind kind, wanted_kind(options, text));
  // Dumps are told by their columns, which a first line's spaces are part of.
  const Result<void> done = decode_one(kind, kind == Kind::packet ? given : text, shell.clock.wall(), writer);
  writer.end();
  if (!done) return failure(done.error());
  return 0;
}

}  // namespace

void add_decode(Commands& commands) {
  commands.verb<Options>(
      "decode",
      {.line = "Say in words what an MQTT packet, topic, token or user name means",
       .about =
           "Takes packets in hex (as xxd, hexdump and Wireshark write them too), a topic, a property bag, a "
           "shared access signature or a CONNECT's user name, as an argument or on standard input, and finds "
           "out which it is. Keys and signatures are never shown. Where something is wrong it says at "
           "which byte.",
       .examples =
           "$ muster decode '$dps/registrations/res/202/?$rid=1&retry-after=3'\n"
           "kind               topic\n"
           "from               DPS\n"
           "means              answers a registration or a poll\n"
           "status             202\n"
           "statusMeans        under way: poll again\n"
           "requestId          1\n"
           "retryAfterSeconds  3\n"
           "$ printf 'c0 00 40 02 00 07' | muster decode -o json\n"
           "[\n"
           "  {\n"
           "    \"kind\": \"packet\",\n"
           "    \"packet\": \"PINGREQ\",\n"
           "    \"position\": 0,\n"
           "    \"bytes\": 2\n"
           "  },\n"
           "  {\n"
           "    \"kind\": \"packet\",\n"
           "    \"packet\": \"PUBACK\",\n"
           "    \"position\": 2,\n"
           "    \"bytes\": 4,\n"
           "    \"packetId\": 7\n"
           "  }\n"
           "]\n"
           "$ muster decode 'devices/my-device-001/messages/events/%24.ct=application%2Fjson&room=4'\n"
           "kind                           topic\n"
           "from                           the device\n"
           "means                          sends telemetry\n"
           "deviceId                       my-device-001\n"
           "systemProperties.content-type  application/json\n"
           "applicationProperties.room     4",
       .request = ""},
      [](Flags& flags, Options& options) {
        flags.list("INPUT", options.input, "INPUT", "What to decode; else standard input");
        flags.choice("--as", options.as, {"packet", "topic", "properties", "token", "username"},
                     "What the input is, where that is not to be found out");
        flags.text("--pcap", options.pcap, "FILE",
                   "Decode the MQTT connections of a capture (libpcap or pcapng) that are not encrypted");
      },
      decode);
}

}  // namespace muster::cli
