#include "protocol/hub/topic.hpp"

namespace muster::hub {

std::vector<Property> decode_property_bag(std::string_view bag) {
  std::vector<Property> properties;
  while (!bag.empty()) {
    const std::string_view pair = bag.substr(0, bag.find('&'));
    bag.remove_prefix(pair.size() == bag.size() ? pair.size() : pair.size() + 1);
    if (pair.empty()) continue;
    // A key without '=' is a null value, "key=" an empty string (protocol/device/04 section 5).
    const std::size_t equals = pair.find('=');
    Property& property = properties.emplace_back();
    property.name = percent_decode(pair.substr(0, equals));
    if (equals != std::string_view::npos) property.value = percent_decode(pair.substr(equals + 1));
  }
  return properties;
}

std::string encode_property_bag(const std::vector<Property>& properties) {
  std::string bag;
  for (const Property& property : properties) {
    if (!bag.empty()) bag += '&';
    bag += percent_encode(property.name);
    if (property.value) bag += '=' + percent_encode(*property.value);
  }
  return bag;
}

}  // namespace muster::hub
