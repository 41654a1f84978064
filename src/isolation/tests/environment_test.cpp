#include "isolation/environment.hpp"

#include <gtest/gtest.h>

namespace muster::isolation {
namespace {

constexpr std::string_view kBundle = "/w/run/ca-bundle.pem";

TrustFiles files() {
  return {.bundle = std::string{kBundle},
          .java_store = "/w/run/truststore.jks",
          .python_path = "/w/run/python",
          .azure_config = "/w/run/azure"};
}

TEST(EnvironmentTest, ReadsEntriesAndDropsWhatIsNone) {
  const char* const entries[] = {"A=1", "B=x=y", "EMPTY=", "nonsense", nullptr};
  EXPECT_EQ(environment_of(entries), (Environment{{"A", "1"}, {"B", "x=y"}, {"EMPTY", ""}}));
}

TEST(TrustTest, EveryRuntimeHasItsVariable) {
  Environment environment;
  trust(environment, files());
  // protocol/device/10 section 2, row by row.
  for (const char* name : {"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"}) {
    EXPECT_EQ(environment[name], kBundle) << name;
  }
  EXPECT_EQ(environment["JAVA_TOOL_OPTIONS"], "-Djavax.net.ssl.trustStore=/w/run/truststore.jks");
  EXPECT_EQ(environment["PYTHONPATH"], "/w/run/python");
  EXPECT_EQ(environment["AZURE_CONFIG_DIR"], "/w/run/azure");
}

TEST(TrustTest, KeepsWhatWasThere) {
  Environment environment{{"JAVA_TOOL_OPTIONS", "-Xmx64m"}, {"PYTHONPATH", "/mine"}, {"HOME", "/h"}};
  trust(environment, files());
  EXPECT_EQ(environment["JAVA_TOOL_OPTIONS"], "-Xmx64m -Djavax.net.ssl.trustStore=/w/run/truststore.jks");
  EXPECT_EQ(environment["PYTHONPATH"], "/w/run/python:/mine");
  EXPECT_EQ(environment["HOME"], "/h");
}

TEST(TrustTest, QuotesAJavaPathThatHoldsASpace) {
  Environment environment;
  auto spaced = files();
  spaced.java_store = "/my world/t.jks";
  trust(environment, spaced);
  EXPECT_EQ(environment["JAVA_TOOL_OPTIONS"], "\"-Djavax.net.ssl.trustStore=/my world/t.jks\"");
}

TEST(NssWrapperTest, KeepsAPreloadThatWasThere) {
  Environment environment{{"LD_PRELOAD", "libother.so"}};
  preload_nss_wrapper(environment, "libnss_wrapper.so", "/w/run/hosts");
  EXPECT_EQ(environment["LD_PRELOAD"], "libother.so libnss_wrapper.so");
  EXPECT_EQ(environment["NSS_WRAPPER_HOSTS"], "/w/run/hosts");
}

}  // namespace
}  // namespace muster::isolation
