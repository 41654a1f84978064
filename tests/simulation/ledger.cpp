#include "ledger.hpp"

#include "service.hpp"

#include <nlohmann/json.hpp>

#include <charconv>

namespace muster::simulation {
namespace {

/// Cheap and spread: only has to differ.
std::uint64_t mixed(std::uint64_t value) {
  value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9u;
  value = (value ^ (value >> 27)) * 0x94D049BB133111EBu;
  return value ^ (value >> 31);
}

/// Reads a number at the front of `text` up to the slash behind it, and takes both away.
std::optional<std::uint64_t> take_number(std::string_view& text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end == text.data() + text.size() || *end != '/') return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()) + 1);
  return value;
}

}  // namespace

std::string device_name(std::size_t device) { return fmt::format("device-{}", device); }

std::string body_of(std::size_t device, std::uint64_t serial) {
  std::string body = fmt::format("{}/{}/", device, serial);
  std::uint64_t state = mixed(device * 1'000'003 + serial + 1);
  const std::size_t size = state % 16 == 0 ? state % 3000 : state % 300;
  while (body.size() < size) {
    state = mixed(state + 1);
    body += static_cast<char>('!' + state % 90);
  }
  return body;
}

std::uint64_t Ledger::send(std::size_t device, std::size_t hub) {
  devices_[device].sent_to.push_back(hub);
  return devices_[device].sent_to.size() - 1;
}

void Ledger::acknowledge(std::size_t device, std::uint64_t serial) {
  ++acknowledged_;
  Device& of = devices_[device];
  if (!of.seen.contains(serial)) of.unconfirmed.insert(serial);
}

void Ledger::see(std::size_t hub, std::string_view device_id, std::string_view body) {
  std::string_view rest = body;
  const auto device = take_number(rest);
  const auto serial = take_number(rest);
  if (!device || !serial || *device >= kDevices || device_name(*device) != device_id ||
      body != body_of(*device, *serial)) {
    return verdict_.broken("served an event of {} that nobody sent: {:.40}", device_id, body);
  }
  Device& of = devices_[*device];
  if (*serial >= of.sent_to.size() || of.sent_to[*serial] != hub) {
    return verdict_.broken("served message {} of {} at {}, to which it was not sent", *serial, device_id,
                           kHubs[hub].str());
  }
  std::uint64_t& next = of.seen_last[hub];
  if (*serial < next) {
    return verdict_.broken("message {} of {} stands behind message {}: twice, or out of order", *serial,
                           device_id, next - 1);
  }
  next = *serial + 1;
  ++seen_;
  of.seen.insert(*serial);
  of.unconfirmed.erase(*serial);
}

void Ledger::check_events() {
  for (std::size_t device = 0; device < kDevices; ++device) {
    auto& unconfirmed = devices_[device].unconfirmed;
    if (!unconfirmed.empty() && !forgiven_) {
      verdict_.broken("message {} of {} was acknowledged and is lost", *unconfirmed.begin(),
                      device_name(device));
    }
    unconfirmed.clear();
  }
  forgiven_ = false;
}

void Ledger::assigned(std::size_t device, registry::Store& stored) {
  const auto found = stored.registrations().find(kDps, *RegistrationId::parse(device_name(device)));
  if (!found) return;  // A disk that fails: there is nothing to compare with.
  if (!*found)
    return verdict_.broken("{} was told that it is assigned, and is not stored", device_name(device));
  devices_[device].registration_version = (*found)->version;
}

void Ledger::reported(std::size_t device, std::uint64_t value) {
  devices_[device].reported = std::max(devices_[device].reported, value);
}

void Ledger::operator_wrote(std::int64_t version) {
  operator_version_ = std::max(operator_version_, version);
}

void Ledger::check_stored(registry::Store& stored) {
  const auto enrollment = stored.enrollments().find(kDps, *RegistrationId::parse("operator"));
  if (enrollment && operator_version_ > 0 &&
      (!*enrollment || (*enrollment)->settings.version < operator_version_)) {
    verdict_.broken("an operator's write of version {} was acknowledged and is lost: {} is stored",
                    operator_version_, *enrollment ? (*enrollment)->settings.version : 0);
  }
  for (std::size_t device = 0; device < kDevices; ++device) check_device(device, stored);
}

void Ledger::check_device(std::size_t device, registry::Store& stored) {
  const std::string name = device_name(device);
  const auto registration = stored.registrations().find(kDps, *RegistrationId::parse(name));
  if (!registration) return;
  const std::int64_t version = *registration ? (*registration)->version : 0;
  if (version < devices_[device].registration_version) {
    verdict_.broken("the registration of {} was version {} and is {}", name,
                    devices_[device].registration_version, version);
  }
  std::vector<std::size_t> at;
  for (std::size_t hub = 0; hub < std::size(kHubs); ++hub) {
    const auto record = stored.devices().find_record(kHubs[hub], *DeviceId::parse(name));
    if (!record) return;  // A disk that fails: nothing can be told.
    if (!*record) continue;
    at.push_back(hub);
    const auto twin = nlohmann::json::parse((*record)->twin.reported_json, nullptr, false);
    const std::uint64_t value = twin.is_object() ? twin.value("n", std::uint64_t{0}) : 0;
    if (value < devices_[device].reported) {
      verdict_.broken("{} reported {}, which was acknowledged; its twin says {}", name,
                      devices_[device].reported, value);
    }
  }
  if (at.size() > 1) verdict_.broken("{} has an identity at two hubs", name);
  if (version > 0 && (at.size() != 1 || (*registration)->assigned_hub != hub_host_name(kHubs[at.front()]))) {
    verdict_.broken("{} is registered at {} and its identity is elsewhere", name,
                    (*registration)->assigned_hub);
  }
}

}  // namespace muster::simulation
