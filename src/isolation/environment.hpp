#pragma once

#include <map>
#include <string>
#include <string_view>

namespace muster::isolation {

/// A process environment, as a value: what a command will see.
using Environment = std::map<std::string, std::string>;

/// Of an `environ`-shaped array, null-terminated. Entries without '=' are dropped.
Environment environment_of(const char* const* entries);

/// What the trust of the world's server CA is made of, as absolute paths of files and folders.
struct TrustFiles {
  std::string bundle;        ///< PEM: the system's roots and the world's server CA.
  std::string java_store;    ///< The same as a JKS.
  std::string python_path;   ///< Holds the sitecustomize.py that makes certifi give the bundle.
  std::string azure_config;  ///< az's own folder for this world.
};

/// Adds to `environment` what makes unmodified programs trust the bundle. What was in JAVA_TOOL_OPTIONS and
/// PYTHONPATH stays.
void trust(Environment& environment, const TrustFiles& files);

/// Adds what makes libnss_wrapper answer from `hosts`. A preload that was there stays.
void preload_nss_wrapper(Environment& environment, const std::string& library, const std::string& hosts);

/// The sitecustomize.py of TrustFiles::python_path. Reads the bundle's path from MUSTER_CA_BUNDLE.
std::string_view sitecustomize_source();

}  // namespace muster::isolation
