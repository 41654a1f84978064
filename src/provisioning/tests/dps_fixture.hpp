#pragma once

#include "pki/tests/forge.hpp"
#include "provisioning/operations.hpp"
#include "registry/tests/inline_registry.hpp"

#include <boost/asio/co_spawn.hpp>
#include <boost/asio/detached.hpp>
#include <boost/asio/io_context.hpp>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>

namespace muster::provisioning {

inline const ServiceName kDps = *ServiceName::parse("my-dps-x509");
inline const ServiceName kHub = *ServiceName::parse("my-iot-hub-x509");

/// One DPS instance with one hub, the tutorial's CAs and group, and what registering stands on. One thread,
/// one order of things.
class Dps : public testing::Test {
 protected:
  Dps() {
    auto& store = registry_.store();
    EXPECT_TRUE(store.services().put_hub({.name = kHub}, 0));
    EXPECT_TRUE(store.services().put_dps(
        {.name = kDps, .id_scope = "0ne00123ABC", .linked_hubs = {{kHub, "", 1, true}}}, 0));
    upload("my-root-ca", pki::forge::tutorial().root.certificate);
    upload("my-intermediate-ca", pki::forge::tutorial().intermediate.certificate);
    enroll(true);
  }

  void upload(std::string_view name, const pki::Certificate& certificate) {
    EXPECT_TRUE(registry_.store().certificates().put({.owner = {ServiceKind::dps, kDps},
                                                      .name = *CertificateName::parse(name),
                                                      .der = certificate.der(),
                                                      .verified = true},
                                                     registry::kAnyVersion));
  }
  void enroll(bool enabled) {
    EnrollmentGroup group{.dps = kDps, .id = *EnrollmentGroupId::parse("g")};
    group.settings.attestation.type = AttestationType::x509;
    group.settings.attestation.ca_primary = "my-intermediate-ca";
    group.settings.enabled = enabled;
    EXPECT_TRUE(registry_.store().groups().put(group, registry::kAnyVersion));
  }
  static RegisterRequest request(std::string_view id) {
    const auto& issuer = pki::forge::tutorial().intermediate;
    pki::Chain chain{{pki::forge::forge({.common_name = std::string{id}}, &issuer).certificate}};
    return {kDps, *RegistrationId::parse(id), std::make_shared<const pki::Chain>(std::move(chain))};
  }
  template <typename T>
  Result<T> await(Task<T> task) {
    // Shared: a task that still waits after this returns has somewhere to leave its result.
    const auto outcome = std::make_shared<std::optional<Result<T>>>();
    asio::co_spawn(io_, keep(std::move(task), outcome), asio::detached);
    settle();
    return *outcome ? **outcome : Result<T>{failure(ErrorCode::timed_out, "it still waits")};
  }
  /// co_spawn wants results that can be made empty, which ids and registrations cannot.
  template <typename T>
  static asio::awaitable<void> keep(Task<T> task, std::shared_ptr<std::optional<Result<T>>> outcome) {
    Result<T> result = co_await std::move(task);
    *outcome = std::move(result);
  }
  void settle() {
    io_.restart();
    io_.poll();
  }
  std::optional<Registration> stored(std::string_view id) {
    return registry_.store().registrations().find(kDps, *RegistrationId::parse(id)).value();
  }

  asio::io_context io_;
  registry::InlineRegistry registry_;
  trust::AnchorCache anchors_;
  trust::VerdictCache verdicts_;
  PolicyAllocation allocation_;
  TestClock clock_{pki::forge::kNow};
  std::unique_ptr<Random> random_ = make_seeded_random(1);
  Provisioning service_{registry_, anchors_, verdicts_, allocation_, clock_, *random_, {.operations_max = 3}};
};

}  // namespace muster::provisioning
