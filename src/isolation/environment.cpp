#include "isolation/environment.hpp"

#include <fmt/format.h>

namespace muster::isolation {
namespace {

/// An option of JAVA_TOOL_OPTIONS, quoted where the launcher would split it (JVM TI specification,
/// JAVA_TOOL_OPTIONS).
std::string java_option(std::string_view name, const std::string& value) {
  if (value.find_first_of(" \t'\"") == std::string::npos) return fmt::format("{}={}", name, value);
  const char quote = value.find('"') == std::string::npos ? '"' : '\'';
  return fmt::format("{}{}={}{}", quote, name, value, quote);
}

/// Appends after what is there, so that of two settings of one property ours, the later, is the one that
/// counts.
void append(std::string& existing, std::string_view separator, const std::string& addition) {
  if (!existing.empty()) existing += separator;
  existing += addition;
}

}  // namespace

Environment environment_of(const char* const* entries) {
  Environment environment;
  for (; *entries != nullptr; ++entries) {
    const std::string_view entry{*entries};
    const auto equals = entry.find('=');
    if (equals == std::string_view::npos) continue;
    environment.emplace(entry.substr(0, equals), entry.substr(equals + 1));
  }
  return environment;
}

void trust(Environment& environment, const TrustFiles& files) {
  // Who reads which: protocol/device/10 section 2. Python's ssl, Go, Rust and openssl; requests; curl; Node.
  for (const char* name : {"SSL_CERT_FILE", "REQUESTS_CA_BUNDLE", "CURL_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"}) {
    environment[name] = files.bundle;
  }
  append(environment["JAVA_TOOL_OPTIONS"], " ", java_option("-Djavax.net.ssl.trustStore", files.java_store));
  environment["AZURE_CONFIG_DIR"] = files.azure_config;

  // certifi has no variable of its own; what uses it is reached through Python's start-up.
  environment["MUSTER_CA_BUNDLE"] = files.bundle;
  std::string& python_path = environment["PYTHONPATH"];
  python_path = python_path.empty() ? files.python_path : files.python_path + ":" + python_path;
}

void preload_nss_wrapper(Environment& environment, const std::string& library, const std::string& hosts) {
  append(environment["LD_PRELOAD"], " ", library);
  environment["NSS_WRAPPER_HOSTS"] = hosts;
}

std::string_view sitecustomize_source() {
  return R"py("""Written by `muster run`: certifi gives the world's bundle. Then the sitecustomize hidden by this one runs."""

import os
import sys

_BUNDLE = os.environ.get("MUSTER_CA_BUNDLE", "")
_HERE = os.path.dirname(os.path.abspath(__file__))


class _Certifi:
    """Finds certifi.core as the others would, and has its answers replaced once it is loaded."""

    def find_spec(self, fullname, path=None, target=None):
        if fullname != "certifi.core":
            return None
        for finder in sys.meta_path:
            if finder is self or not hasattr(finder, "find_spec"):
                continue
            spec = finder.find_spec(fullname, path, target)
            if spec is not None and spec.loader is not None:
                load = spec.loader.exec_module

                def exec_module(module):
                    load(module)
                    _answer_with_the_bundle(module)

                spec.loader.exec_module = exec_module
                return spec
        return None


def _answer_with_the_bundle(module):
    module.where = lambda: _BUNDLE
    module.contents = _contents


def _contents():
    with open(_BUNDLE, encoding="utf-8") as bundle:
        return bundle.read()


def _run_the_hidden_one():
    import importlib.machinery
    import importlib.util

    others = [entry for entry in sys.path if os.path.abspath(entry or ".") != _HERE]
    spec = importlib.machinery.PathFinder.find_spec("sitecustomize", others)
    if spec is not None and spec.loader is not None:
        spec.loader.exec_module(importlib.util.module_from_spec(spec))


if _BUNDLE:
    sys.meta_path.insert(0, _Certifi())
    # A .pth file of the machine may have imported it before any sitecustomize runs.
    for _name in ("certifi", "certifi.core"):
        if _name in sys.modules:
            _answer_with_the_bundle(sys.modules[_name])
_run_the_hidden_one()
)py";
}

}  // namespace muster::isolation
