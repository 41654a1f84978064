#pragma once

#include "handles.hpp"

#include <cstddef>
#include <string>
#include <vector>

namespace muster::bench {

/// One device: its certificate, its own key, and the TLS session that it may resume.
struct Device {
  std::string id;
  Certificate certificate;
  Key key;
  TlsSession session;
};

struct DeviceSet {
  Certificate intermediate;  ///< Sent along with every leaf.
  std::vector<Device> devices;
};

/// Which certificates: a folder, a set in it, and how many of that.
struct DeviceChoice {
  std::string folder;
  std::string set = "device";
  std::size_t count = 1000;
};

/// Adds `choice` to its folder. The folder gets a root, an intermediate and a server's certificate first when
/// it has none: root.pem, intermediate.pem, server.pem (with its intermediate) and server.key. Every
/// certificate has a key of its own.
void make_certificates(const DeviceChoice& choice, const std::vector<std::string>& server_names);

/// Reads what make_certificates made. All keys are decoded here, so that none is while something is measured.
DeviceSet read_devices(const DeviceChoice& choice);

}  // namespace muster::bench
