#include "model/service.hpp"

namespace muster {

std::string hub_host_name(const ServiceName& hub) { return std::string{hub.str()} + ".azure-devices.net"; }

std::string dps_host_name(const ServiceName& dps) {
  return std::string{dps.str()} + ".azure-devices-provisioning.net";
}

}  // namespace muster
