#include "base/histogram.hpp"
#include "base/rate_window.hpp"

#include <gtest/gtest.h>

#include <vector>

namespace muster {
namespace {

using namespace std::chrono_literals;

TEST(Histogram, BucketsMeetWithoutGapAndAreAQuarterWide) {
  for (std::size_t bucket = 0; bucket + 2 < HistogramScale::kBuckets; ++bucket) {
    const std::uint64_t last = HistogramScale::last_of(bucket);
    ASSERT_EQ(HistogramScale::bucket_of(last), bucket) << last;
    ASSERT_EQ(HistogramScale::bucket_of(last + 1), bucket + 1) << last;
    if (bucket > 0) {
      const std::uint64_t before = HistogramScale::last_of(bucket - 1);
      ASSERT_LE(last - before, std::max<std::uint64_t>(1, (before + 1) / 4));
    }
  }
  EXPECT_EQ(HistogramScale::bucket_of(UINT64_MAX), HistogramScale::kBuckets - 1);
}

TEST(Histogram, QuantilesAreNeverTooLowAndAtMostAQuarterTooHigh) {
  Histogram histogram;
  EXPECT_EQ(histogram.figures().quantile(0.99), 0u);
  for (std::uint64_t value = 1; value <= 10'000; ++value) histogram.record(value * 1000);
  const HistogramFigures figures = histogram.figures();
  EXPECT_EQ(figures.count, 10'000u);
  EXPECT_EQ(figures.sum, 50'005'000'000u);
  EXPECT_EQ(figures.max, 10'000'000u);
  for (const double share : {0.01, 0.5, 0.9, 0.99}) {
    const double exact = share * 10'000'000;
    EXPECT_GE(static_cast<double>(figures.quantile(share)), exact);
    EXPECT_LE(static_cast<double>(figures.quantile(share)), exact * 1.25);
  }
  EXPECT_EQ(figures.quantile(1), 10'000'000u) << "never beyond what there was";
}

TEST(Histogram, CountsUpToBoundsAreExact) {
  Histogram histogram;
  for (std::uint64_t value = 0; value < 5000; ++value) histogram.record(value);
  const HistogramFigures figures = histogram.figures();
  for (std::uint64_t bound = 1; bound < 4096; bound = 2 * bound + 1) {
    EXPECT_EQ(figures.count_up_to(bound), bound + 1) << bound;
  }
}

TEST(RateWindow, LooksAtWholeSecondsOnly) {
  const SteadyTime start{100s};
  RateWindow window{start};
  EXPECT_EQ(window.per_second(start + 500ms, 10s), 0) << "within the first second there is nothing to say";
  for (int second = 0; second < 100; ++second) {
    window.add(start + std::chrono::seconds{second}, 7);
    window.add(start + std::chrono::seconds{second} + 999ms, 3);
    window.add(start + std::chrono::seconds{second} + 999ms, 0);
    const SteadyTime next = start + std::chrono::seconds{second + 1};
    ASSERT_DOUBLE_EQ(window.per_second(next, 10s), 10) << second;
    ASSERT_DOUBLE_EQ(window.per_second(next, 60s), 10) << second;
  }
  EXPECT_DOUBLE_EQ(window.per_second(start + 105s, 10s), 5) << "half of them had nothing";
  EXPECT_DOUBLE_EQ(window.per_second(start + 110s, 10s), 0);
  EXPECT_DOUBLE_EQ(window.per_second(start + 10'000s, 60s), 0);
  EXPECT_DOUBLE_EQ(window.per_second(start + 100s, 3600s), 10) << "no longer than it remembers";
}

}  // namespace
}  // namespace muster
