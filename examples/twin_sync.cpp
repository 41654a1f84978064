// Keeps a device in step with its twin: says its desired properties as they change, and reports that it
// follows.
//
//   twin_sync HUB DEVICE_ID CERT.pem KEY.pem [CA.pem [ADDRESS:PORT]]
//
// Try it with `muster hub device-twin update --device-id DEVICE_ID --desired '{"interval": 5}'`: it ends
// after the first change.

#include "muster/client.hpp"

#include <boost/asio/as_tuple.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>

#include <cstdio>

namespace {

boost::asio::awaitable<muster::Result<void>> follow(muster::Runtime& runtime, muster::Client& client) {
  MUSTER_CO_CHECK(co_await client.connect());
  boost::asio::steady_timer changed{runtime.executor(), boost::asio::steady_timer::time_point::max()};
  const auto on_update = [&changed](const muster::DesiredUpdate& update) {
    std::printf("%s, version %lld: %s\n", update.whole ? "everything" : "a change",
                static_cast<long long>(update.version), update.json.c_str());
    if (!update.whole) changed.cancel();
  };
  MUSTER_CO_CHECK(co_await client.watch_desired(on_update));
  MUSTER_CO_TRY(const std::int64_t version, co_await client.patch_reported(R"({"state": "following"})"));
  std::printf("reported, version %lld\n", static_cast<long long>(version));
  co_await changed.async_wait(boost::asio::as_tuple(boost::asio::use_awaitable));
  co_return co_await client.disconnect();
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 5) {
    std::fputs("usage: twin_sync HUB DEVICE_ID CERT.pem KEY.pem [CA.pem [ADDRESS:PORT]]\n", stderr);
    return 2;
  }
  muster::ClientOptions options;
  options.host = argv[1];
  options.device_id = argv[2];
  if (argc > 5) options.transport.ca_file = argv[5];
  if (argc > 6) options.transport.connect_to = argv[6];

  muster::Runtime runtime;
  muster::Client client{runtime, muster::pem_file_credentials(argv[3], argv[4]), options};
  const muster::Result<void> followed = runtime.run(follow(runtime, client));
  if (!followed) {
    std::fprintf(stderr, "%s\ndo: %s\n", followed.error().reason().c_str(),
                 std::string{followed.error().remedy()}.c_str());
    return 1;
  }
  return 0;
}
