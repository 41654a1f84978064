#include "trust/anchors.hpp"

#include "trust/tests/fixtures.hpp"

#include <gtest/gtest.h>

#include <thread>

namespace muster::trust {
namespace {

using fixtures::anchors_of;
using fixtures::Group;
using fixtures::kDps;
using fixtures::kHub;
using pki::forge::tutorial;

TEST(Anchors, FindsCasAndGroupsByCertificate) {
  const auto& t = tutorial();
  const auto anchors = anchors_of(kDps,
                                  {{"root", t.root.certificate, false},
                                   {"root-again", t.root.certificate},
                                   {"foreign", t.root.certificate, true, kHub},
                                   {"inter", t.intermediate.certificate}},
                                  {{.id = "b", .ca_primary = "root"},
                                   {.id = "a", .ca_secondary = "ROOT-AGAIN"},
                                   {.id = "c", .signing_secondary = t.root.certificate},
                                   {.id = "d", .ca_primary = "foreign"}});
  const auto cas = anchors->own_cas_of(t.root.certificate);
  ASSERT_EQ(cas.size(), 2u);
  EXPECT_EQ(cas[0]->record.name.str(), "root-again") << "verified first";
  EXPECT_EQ(cas[1]->record.name.str(), "root");
  const auto groups = anchors->groups_of(t.root.certificate);
  ASSERT_EQ(groups.size(), 3u);
  EXPECT_EQ(groups[0].group->id.str(), "a");
  EXPECT_EQ(groups[1].group->id.str(), "c");
  EXPECT_EQ(groups[1].ca, nullptr);
  EXPECT_EQ(groups[2].group->id.str(), "b") << "through an unverified CA: last";
  EXPECT_TRUE(anchors->groups_of(t.intermediate.certificate).empty());
  EXPECT_TRUE(anchors->own_cas_of(t.device.certificate).empty());
  EXPECT_EQ(anchors->find_ca(4)->record.name.str(), "inter");
  EXPECT_EQ(anchors->find_ca(5), nullptr);
  EXPECT_EQ(anchors->certificates().size(), 2u) << "without doubles";
  EXPECT_EQ(anchors->certificates()[0], t.root.certificate) << "those of groups first";
}

TEST(Anchors, OnlyX509GroupsRefer) {
  auto group = fixtures::record_of(Group{.id = "g", .ca_primary = "root"});
  group.settings.attestation.type = AttestationType::symmetric_key;
  const auto root = fixtures::record_of(fixtures::Upload{"root", tutorial().root.certificate}, 1);
  const Anchors anchors{kDps, 1, {root}, {group}};
  EXPECT_TRUE(anchors.groups_of(tutorial().root.certificate).empty());
}

TEST(AnchorCache, KeepsTheNewestGenerationOfEachService) {
  AnchorCache cache;
  EXPECT_EQ(cache.current(kDps), nullptr);
  EXPECT_EQ(cache.generation(kDps), -1) << "no generation of a registry";
  const auto second = anchors_of(kDps, {}, {}, 2);
  EXPECT_EQ(cache.replace(second), second);
  EXPECT_EQ(cache.replace(anchors_of(kDps, {}, {}, 1)), second) << "an answer that was overtaken";
  EXPECT_EQ(cache.replace(anchors_of(kDps, {}, {}, 2)), second);
  EXPECT_EQ(cache.current(kHub), nullptr);
  const auto third = anchors_of(kDps, {}, {}, 3);
  cache.replace(third);
  EXPECT_EQ(cache.current({ServiceKind::dps, *ServiceName::parse("MY-DPS-X509")}), third) << "names fold";
  EXPECT_EQ(cache.current({ServiceKind::hub, kDps.name}), nullptr)
      << "a hub of the same name is another service";
  EXPECT_EQ(cache.generation(kDps), 3);
  cache.forget(kDps);
  EXPECT_EQ(cache.current(kDps), nullptr);
}

TEST(AnchorCache, IsSafeFromManyThreads) {
  AnchorCache cache;
  std::vector<std::thread> threads;
  for (int thread = 0; thread < 4; ++thread) {
    threads.emplace_back([&cache, thread] {
      std::int64_t seen = 0;
      for (std::int64_t generation = 1 + thread; generation < 400; generation += 4) {
        cache.replace(anchors_of(kDps, {}, {}, generation));
        const std::int64_t now = cache.generation(kDps);
        EXPECT_GE(now, seen) << "never goes back";
        seen = now;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(cache.generation(kDps), 399);
}

}  // namespace
}  // namespace muster::trust
