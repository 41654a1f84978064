// Finds who listens on a port: /proc/net/tcp gives the socket's inode, /proc/PID/fd who has it open.
#include "net/address.hpp"
#include "net/port_claim.hpp"

#include <fmt/format.h>

#include <charconv>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <sstream>

namespace muster::net {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view kListening = "0A";

/// As /proc/net/tcp prints addresses: 32-bit words in the machine's order, upper-case hex.
std::string proc_address(const boost::asio::ip::address& address) {
  std::string text;
  const auto append_word = [&text](const unsigned char* bytes) {
    std::uint32_t word = 0;
    std::memcpy(&word, bytes, sizeof word);
    text += fmt::format("{:08X}", word);
  };
  if (address.is_v4()) {
    append_word(address.to_v4().to_bytes().data());
  } else {
    const auto bytes = address.to_v6().to_bytes();
    for (std::size_t i = 0; i < bytes.size(); i += 4) append_word(bytes.data() + i);
  }
  return text;
}

bool is_zero(std::string_view hex) { return hex.find_first_not_of('0') == std::string_view::npos; }

/// The inode of a listener on `port` at `address` or at any; empty when there is none.
std::string listening_inode(const char* table, const std::string& address, std::uint16_t port) {
  std::ifstream lines{table};
  const std::string wanted_port = fmt::format("{:04X}", port);
  for (std::string line; std::getline(lines, line);) {
    std::istringstream fields{line};
    std::string number, local, remote, state, queues, timer, retransmits, uid, timeout, inode;
    fields >> number >> local >> remote >> state >> queues >> timer >> retransmits >> uid >> timeout >> inode;
    const auto colon = local.find(':');
    if (state != kListening || colon == std::string::npos || local.substr(colon + 1) != wanted_port) continue;
    const std::string bound = local.substr(0, colon);
    if (bound == address || is_zero(bound) || is_zero(address)) return inode;
  }
  return {};
}

bool holds(const fs::path& process, const std::string& link) {
  std::error_code ec;
  for (fs::directory_iterator fd{process / "fd", ec}, end; !ec && fd != end; fd.increment(ec)) {
    std::error_code gone;
    if (fs::read_symlink(fd->path(), gone).native() == link) return true;
  }
  return false;
}

std::optional<pid_t> pid_of(const fs::path& process) {
  const std::string name = process.filename().native();
  pid_t pid = 0;
  const auto [end, ec] = std::from_chars(name.data(), name.data() + name.size(), pid);
  if (ec != std::errc{} || end != name.data() + name.size()) return std::nullopt;
  return pid;
}

}  // namespace

std::optional<PortHolder> find_port_holder(const Endpoint& endpoint) {
  const auto asio_endpoint = to_asio(endpoint);
  if (!asio_endpoint) return std::nullopt;
  const bool v6 = asio_endpoint->address().is_v6();
  const std::string inode = listening_inode(v6 ? "/proc/net/tcp6" : "/proc/net/tcp",
                                            proc_address(asio_endpoint->address()), endpoint.port);
  if (inode.empty() || inode == "0") return std::nullopt;
  const std::string link = fmt::format("socket:[{}]", inode);
  std::error_code ec;
  for (fs::directory_iterator entry{"/proc", ec}, end; !ec && entry != end; entry.increment(ec)) {
    const auto pid = pid_of(entry->path());
    if (!pid || !holds(entry->path(), link)) continue;
    std::string name;
    std::ifstream comm{entry->path() / "comm"};
    std::getline(comm, name);
    return PortHolder{*pid, name.empty() ? std::string{"a process"} : name};
  }
  return std::nullopt;
}

}  // namespace muster::net
