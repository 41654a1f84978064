#include "net/opening_gate.hpp"

#include "net/connection_limits.hpp"
#include "net/tests/loop.hpp"

#include <map>
#include <memory>

namespace muster::net {
namespace {

using boost::asio::ip::address;
using boost::asio::ip::make_address;

/// Connections of named addresses before one gate.
class OpeningGateTest : public testing::Test {
 protected:
  using Entered = std::shared_ptr<Loop::Pending<void>>;

  void comes(const std::string& name, std::string_view from) {
    passes[name] = std::make_unique<OpeningPass>(gate, loop.shard, make_address(from));
    entered[name] = loop.start(passes[name]->enter());
    loop.shard.poll();
  }
  void leaves(const std::string& name) {
    passes.erase(name);
    loop.shard.poll();
  }
  bool is_in(const std::string& name) { return entered[name]->done() && entered[name]->result->has_value(); }

  Loop loop;
  OpeningFigures figures;
  OpeningGate gate{{.openings_max = 3, .openings_per_address_max = 2}, figures};
  std::map<std::string, std::unique_ptr<OpeningPass>> passes;
  std::map<std::string, Entered> entered;
};

TEST_F(OpeningGateTest, PlacesAreLimitedInAllAndPerAddress) {
  comes("a1", "10.0.0.1");
  comes("a2", "10.0.0.1");
  comes("a3", "10.0.0.1");
  EXPECT_TRUE(is_in("a1") && is_in("a2"));
  EXPECT_FALSE(is_in("a3")) << "there is room, and not for a third of one address";
  comes("b1", "10.0.0.2");
  comes("c1", "10.0.0.3");
  EXPECT_TRUE(is_in("b1"));
  EXPECT_FALSE(is_in("c1")) << "full";
  EXPECT_EQ(figures.open.load(), 3U);
  EXPECT_EQ(figures.waiting.load(), 2U);
}

TEST_F(OpeningGateTest, PlaceThatComesFreeGoesToTheAddressesInTurn) {
  comes("a1", "10.0.0.1");
  comes("a2", "10.0.0.1");
  comes("b1", "10.0.0.2");
  for (const char* name : {"a3", "a4", "a5"}) comes(name, "10.0.0.1");
  comes("c1", "10.0.0.3");
  leaves("a1");
  EXPECT_TRUE(is_in("a5")) << "it has the most of its time left";
  leaves("a2");
  EXPECT_TRUE(is_in("c1")) << "though a3 and a4 were there before it";
  EXPECT_FALSE(is_in("a4"));
  leaves("b1");
  EXPECT_TRUE(is_in("a4"));
  EXPECT_FALSE(is_in("a3"));
}

TEST_F(OpeningGateTest, AddressWithItsFullShareIsPassedOver) {
  comes("a1", "10.0.0.1");
  comes("a2", "10.0.0.1");
  comes("b1", "10.0.0.2");
  comes("a3", "10.0.0.1");
  comes("b2", "10.0.0.2");
  leaves("b1");
  EXPECT_FALSE(is_in("a3"));
  EXPECT_TRUE(is_in("b2"));
}

TEST_F(OpeningGateTest, WhoGoesBeforeItsTurnIsCountedAsRefused) {
  for (const char* name : {"a1", "a2", "a3", "a4"}) comes(name, "10.0.0.1");
  leaves("a3");
  EXPECT_EQ(entered["a3"]->result->error().code(), ErrorCode::cancelled);
  EXPECT_EQ(figures.refused.load(), 1U);
  leaves("a1");
  EXPECT_TRUE(is_in("a4"));
  passes.clear();
  EXPECT_EQ(figures.open.load(), 0U);
  EXPECT_EQ(figures.waiting.load(), 0U);
  EXPECT_EQ(figures.refused.load(), 1U);
}

TEST_F(OpeningGateTest, PassThatGoesWhileItIsBeingWokenGivesItsPlaceOn) {
  for (const char* name : {"a1", "a2", "a3", "a4"}) comes(name, "10.0.0.1");
  passes.erase("a1");  // a4 has the place, and has not run yet.
  passes.erase("a4");
  loop.shard.poll();
  EXPECT_TRUE(is_in("a3"));
}

TEST(LimitsAddress, IsTheAddressOrItsFirst64Bits) {
  struct Case {
    std::string_view of, expected;
  };
  for (const Case& row : {Case{"10.0.0.1", "10.0.0.1"}, Case{"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"},
                          Case{"2001:db8:1:2::9", "2001:db8:1:2::"}, Case{"::1", "::"}}) {
    EXPECT_EQ(limits_address(make_address(row.of)), make_address(row.expected)) << row.of;
  }
}

TEST(ConnectionLimits, ShareTheOpeningsOutAmongShards) {
  Loop loop;
  ConnectionLimits limits{{.openings = {.openings_max = 3, .openings_per_address_max = 3}, .shards = 2}};
  OpeningGate& gate = limits.gate(0);
  EXPECT_EQ(&gate, &limits.gate(0));
  EXPECT_NE(&gate, &limits.gate(1));
  std::vector<std::unique_ptr<OpeningPass>> passes;
  for (int i = 0; i < 3; ++i) {
    passes.push_back(std::make_unique<OpeningPass>(gate, loop.shard, make_address("10.0.0.1")));
    const auto entered = loop.start(passes.back()->enter());
    loop.shard.poll();
    EXPECT_EQ(entered->done(), i < 2);
  }
  EXPECT_EQ(limits.openings().open.load(), 2U);
  EXPECT_EQ(limits.openings().waiting.load(), 1U);
  passes.clear();
  loop.shard.poll();
}

}  // namespace
}  // namespace muster::net
