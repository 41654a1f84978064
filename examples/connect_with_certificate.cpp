// Connects a device to its IoT hub with an X.509 certificate and sends one message.
//
//   connect_with_certificate HUB DEVICE_ID CERT.pem KEY.pem [CA.pem [ADDRESS:PORT]]
//
// Against Azure the first four are enough; a muster world needs its server/ca.pem and, where its names are
// not looked up, the address that it listens on.

#include "muster/client.hpp"

#include <cstdio>
#include <string_view>

namespace {

boost::asio::awaitable<muster::Result<void>> send_one(muster::Client& client) {
  MUSTER_CO_CHECK(co_await client.connect());
  const std::string_view text = R"({"temperature": 21.5})";
  muster::PublishOptions options;
  options.content_type = "application/json";
  options.content_encoding = "utf-8";
  MUSTER_CO_CHECK(co_await client.publish(std::as_bytes(std::span{text}), std::move(options)));
  co_return co_await client.disconnect();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) {
    std::fputs("usage: connect_with_certificate HUB DEVICE_ID CERT.pem KEY.pem [CA.pem [ADDRESS:PORT]]\n",
               stderr);
    return 2;
  }
  muster::ClientOptions options;
  options.host = argv[1];
  options.device_id = argv[2];
  if (argc > 5) options.transport.ca_file = argv[5];
  if (argc > 6) options.transport.connect_to = argv[6];

  muster::Runtime runtime;
  muster::Client client{runtime, muster::pem_file_credentials(argv[3], argv[4]), options};
  const muster::Result<void> sent = runtime.run(send_one(client));
  if (!sent) {
    std::fprintf(stderr, "%s\ndo: %s\n", sent.error().reason().c_str(),
                 std::string{sent.error().remedy()}.c_str());
    return 1;
  }
  std::puts("the hub has it");
  return 0;
}
