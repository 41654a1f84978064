#include "cli/decode_capture.hpp"

#include "cli/decode_packet.hpp"
#include "cli/decode_text.hpp"
#include "protocol/capture/capture.hpp"
#include "protocol/mqtt/packet.hpp"

#include <fmt/format.h>

#include <algorithm>

namespace muster::cli {
namespace {

constexpr std::uint64_t kCaptureBytesMax = 256u << 20;

enum class Content : std::uint8_t { mqtt, tls, other };

/// A TLS record: handshake or application data, version 3.x (RFC 8446 section 5.1).
bool begins_with_tls(ByteView bytes) {
  if (bytes.size() < 3) return false;
  const auto type = std::to_integer<unsigned>(bytes[0]);
  return type >= 20 && type <= 23 && bytes[1] == std::byte{3} && std::to_integer<unsigned>(bytes[2]) <= 4;
}

/// By its first packet: a connection that was seen from its beginning opens with CONNECT or CONNACK.
Content content_of(const capture::Stream& stream) {
  const ByteView bytes{stream.bytes};
  if (begins_with_tls(bytes)) return Content::tls;
  const auto header = mqtt::decode_fixed_header(bytes, UINT32_MAX);
  if (!header) return Content::other;
  constexpr std::uint16_t kMqttPort = 1883;
  const bool opens = header->type == mqtt::PacketType::connect || header->type == mqtt::PacketType::connack;
  const bool by_port = stream.from.port == kMqttPort || stream.to.port == kMqttPort;
  if (stream.begins_with_syn ? !opens && !by_port : false) return Content::other;
  const std::size_t size = std::size_t{header->size_header} + header->size_remaining;
  if (size > bytes.size()) return by_port ? Content::mqtt : Content::other;
  const bool whole =
      mqtt::decode_body(*header, bytes.subspan(header->size_header, header->size_remaining)).has_value();
  return whole || by_port ? Content::mqtt : Content::other;
}

/// A packet of which the end was not captured: nothing is wrong with it.
bool is_cut(ByteView bytes) {
  const auto header = mqtt::decode_fixed_header(bytes, UINT32_MAX);
  if (!header) return header.error() == mqtt::DecodeError::incomplete;
  return std::size_t{header->size_header} + header->size_remaining > bytes.size();
}

/// Something to show, when its turn by time comes.
struct Entry {
  std::size_t order = 0;  ///< The frame that it begins in, or that of what came before it in its stream.
  WallTime time{};
  std::size_t stream = 0;
  PacketAt packet{};  ///< With a size of 0: what ends the stream.
};

class Shower {
 public:
  Shower(Invocation& invocation, const capture::Streams& streams, ListWriter& writer)
      : now_{invocation.shell().clock.wall()}, streams_{streams.streams}, writer_{writer} {}

  void run() {
    for (std::size_t i = 0; i < streams_.size(); ++i) collect(i);
    std::ranges::stable_sort(entries_, {}, &Entry::order);
    for (const Entry& entry : entries_) show(entry);
    for (const capture::Stream& stream : streams_) {
      if (content_of(stream) != Content::mqtt) show_unread(stream);
      if (stream.bytes_missing > 0) show_gap(stream);
    }
  }

  std::size_t packets() const { return packets_; }
  std::size_t tls() const { return tls_; }
  const std::optional<Error>& problem() const { return problem_; }

 private:
  void collect(std::size_t index) {
    const capture::Stream& stream = streams_[index];
    if (content_of(stream) != Content::mqtt) return;
    std::size_t order = 0;
    for (std::size_t position = 0; position < stream.bytes.size();) {
      const auto packet = packet_at(stream.bytes, position);
      const capture::Piece& piece = stream.piece_of(position);
      order = std::max(order, piece.frame);
      entries_.push_back({order, piece.time, index, packet ? *packet : PacketAt{position, 0}});
      if (!packet) return;
      position += packet->size;
    }
  }

  Json head_of(const capture::Stream& stream, WallTime time) const {
    return {{"time", format_utc_7(time)}, {"from", to_text(stream.from)}, {"to", to_text(stream.to)}};
  }

  void show(const Entry& entry) {
    const capture::Stream& stream = streams_[entry.stream];
    Json json = head_of(stream, entry.time);
    const ByteView bytes = ByteView{stream.bytes}.subspan(entry.packet.position);
    const auto decoded =
        entry.packet.size == 0
            ? Result<Json>{tl::unexpect, packet_at(stream.bytes, entry.packet.position).error()}
            : decode_packet(bytes.first(entry.packet.size), entry.packet.position, now_);
    if (decoded) {
      ++packets_;
      json.update(*decoded);
    } else if (is_cut(bytes)) {
      json["kind"] = "rest";
      json["position"] = entry.packet.position;
      json["bytes"] = bytes.size();
      json["means"] = "a packet's beginning: the capture has no more of it";
    } else {
      json["kind"] = "fault";
      json["means"] = "no packet: " + decoded.error().reason();
      if (!problem_) {
        problem_ =
            Error{decoded.error()}.within(fmt::format("{} to {}", to_text(stream.from), to_text(stream.to)));
      }
    }
    writer_.add(json);
  }

  void show_unread(const capture::Stream& stream) {
    const bool tls = begins_with_tls(stream.bytes);
    if (tls) ++tls_;
    Json json = head_of(stream, stream.piece_of(0).time);
    json["kind"] = "stream";
    json["bytes"] = stream.bytes.size();
    json["means"] = tls ? std::string{"TLS: it is encrypted and cannot be read"}
                        : "not MQTT: it begins with " + in_quotes(as_text(stream.bytes).substr(0, 24));
    writer_.add(json);
  }

  void show_gap(const capture::Stream& stream) {
    Json json = head_of(stream, stream.piece_of(stream.bytes.size()).time);
    json["kind"] = "gap";
    json["position"] = stream.bytes.size();
    json["means"] = fmt::format("the capture lacks {} bytes here; {} bytes behind them are not read",
                                stream.bytes_missing, stream.bytes_behind_gap);
    writer_.add(json);
  }

  WallTime now_;
  const std::vector<capture::Stream>& streams_;
  ListWriter& writer_;
  std::vector<Entry> entries_;
  std::size_t packets_ = 0;
  std::size_t tls_ = 0;
  std::optional<Error> problem_;
};

Error nothing_read(const std::string& path, const capture::CaptureFile& file, const capture::Streams& streams,
                   std::size_t tls) {
  const std::string found =
      fmt::format("no plain MQTT; frames: {}, TCP streams: {}", file.frames.size(), streams.streams.size());
  if (tls > 0) {
    return Error{ErrorCode::file_unreadable,
                 fmt::format("{}: {}, of these encrypted by TLS, which cannot be read: {}", path, found, tls)}
        .with_remedy(
            "Capture where the bytes are plain (a listener without TLS, or behind a proxy that ends TLS "
            "and writes what it decrypted), or read them in Wireshark with the session's keys.");
  }
  const std::string others =
      file.frames_of_other_links == 0
          ? ""
          : fmt::format(", frames of a link type that is not known: {}", file.frames_of_other_links);
  return Error{ErrorCode::file_unreadable, fmt::format("{}: {}{}", path, found, others)}.with_remedy(
      "Capture the connection from its beginning, with whole frames: `tcpdump -s 0 -w FILE port 1883`.");
}

}  // namespace

Result<int> decode_capture(Invocation& invocation, const std::string& path, ListWriter& writer) {
  auto bytes = disk::read_all(invocation.shell().disk, path, kCaptureBytesMax);
  if (!bytes) return failure(ErrorCode::file_unreadable, bytes.error().reason());
  const auto file = capture::read_capture(*bytes);
  if (!file) {
    return failure(Error{ErrorCode::file_unreadable, fmt::format("{}, {}", path, file.error())}.with_remedy(
        "Give a file that tcpdump or Wireshark wrote (libpcap or pcapng)."));
  }
  if (!file->cut_short.empty()) invocation.shell().err << fmt::format("{}: {}\n", path, file->cut_short);
  const capture::Streams streams = capture::reassemble(*file);
  Shower shower{invocation, streams, writer};
  shower.run();
  writer.end();
  if (shower.problem()) return failure(Error{*shower.problem()}.within(path));
  if (shower.packets() == 0) return failure(nothing_read(path, *file, streams, shower.tls()));
  return 0;
}

}  // namespace muster::cli
