#pragma once

#include <string>

namespace muster::server {

/// Where everything of a world lies (contract section 2), below its folder.
struct WorldPaths {
  std::string folder;

  std::string at(const char* name) const { return folder + "/" + name; }
  std::string config() const { return at("muster.json"); }
  std::string format() const { return at("world-format.json"); }
  std::string running() const { return at("world.json"); }
  std::string control_socket() const { return at("control.sock"); }
  std::string lock() const { return at("lock"); }
  std::string registry() const { return at("registry.db"); }
  std::string events() const { return at("events"); }
  std::string server_ca_pem() const { return at("server/ca.pem"); }
  std::string server_ca_key() const { return at("server/ca.key"); }
  std::string server_pem(const char* kind) const { return folder + "/server/server-" + kind + ".pem"; }
  std::string server_key(const char* kind) const { return folder + "/server/server-" + kind + ".key"; }
  std::string hosts() const { return at("run/hosts"); }
};

}  // namespace muster::server
