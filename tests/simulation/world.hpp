#pragma once

#include "consumers.hpp"
#include "device.hpp"
#include "disk/lossy.hpp"
#include "mutation.hpp"

#include <memory>
#include <string>
#include <vector>

namespace muster::simulation {

/// How one run is to go.
struct Wanted {
  std::uint64_t seed = 1;
  Mutation mutation = Mutation::none;
  bool verbose = false;
};

/// How it went.
struct Outcome {
  std::string broken;            ///< The promise that was broken; empty when all held.
  std::size_t acknowledged = 0;  ///< Messages.
  std::size_t seen = 0;          ///< Events, by consumers.
  std::size_t lives = 0;         ///< Starts of the service.
  std::uint64_t digest = 0;      ///< Of everything that was decided: the same for the same seed.
};

/// Service, devices, consumers, an operator, network and disk in one thread: one seed decides it all. The
/// service lives several lives over one disk, each ended by a power cut, a kill or an orderly stop.
class World {
 public:
  explicit World(const Wanted& wanted);
  ~World();
  Outcome run();

 private:
  enum class End : std::uint8_t { power_cut, kill, stop };

  // One life.
  void begin_world();
  bool start_service();
  void plan_faults();
  void live(std::uint64_t steps);
  void end_life(End end);
  void heal();
  void decay();

  // One step.
  void step();
  void move_network(std::uint64_t dice);
  void move_service(std::uint64_t dice);
  void pass_time();
  void mishap();
  void operate();
  void write_as_operator();
  void after_step();
  void collect();
  void tap(Wire& wire, const mqtt::Packet& packet);
  void tap_puback(Wire& wire, std::uint16_t packet_id);
  void tap_publish(Wire& wire, const mqtt::Publish& packet);

  // What must hold.
  void check_sessions();
  void check_all();

  Ground ground();
  std::shared_ptr<Wire> dial(const std::string& server_name);
  bool settled(bool& moved);

  Wanted wanted_;
  std::unique_ptr<Random> random_;
  TestClock clock_;
  Verdict verdict_;
  Ledger ledger_;
  Consumers consumers_;
  std::unique_ptr<disk::LossyDisk> disk_;
  eventlog::SegmentedLogConfig log_config_;
  std::size_t shards_ = 1;
  std::unique_ptr<Service> service_;
  std::vector<std::shared_ptr<Wire>> wires_;
  std::vector<std::unique_ptr<Device>> devices_;
  std::uint64_t step_ = 0;
  std::uint16_t port_ = 1'000;
  Outcome outcome_;
};

}  // namespace muster::simulation
