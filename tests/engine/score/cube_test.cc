#include "score/cube.h"

#include <gtest/gtest.h>

#include <map>
#include <random>

namespace tocsin::score {
namespace {

using Counts = std::map<Key, int64_t>;

Counts counts_of(const Slice& slice) {
  Counts out;
  for (const auto& [day, block] : slice.blocks) {
    BlockReader in(*block);
    SpotId spot = 0;
    std::string_view counts;
    while (in.next_spot(spot, counts)) {
      EXPECT_TRUE(for_each_count(counts, [&, number = day](SortId sort, Measure m, uint64_t n) {
        out[key_of(number, spot, sort, m)] += static_cast<int64_t>(n);
      }));
    }
    EXPECT_TRUE(in.ok());
  }
  for (const Key k : slice.added) ++out[k];
  for (const Key k : slice.removed) --out[k];
  std::erase_if(out, [](const auto& e) { return e.second == 0; });
  return out;
}

TEST(Cube, KeysHoldTheirParts) {
  const Key k = key_of(kMaxDay, kAlertSpot | 5, kAlertSort | 7, measure::kEnd - 1);
  EXPECT_EQ(day_of(k), kMaxDay);
  EXPECT_EQ(spot_of(k), kAlertSpot | 5);
  EXPECT_EQ(sort_of(k), kAlertSort | 7);
  EXPECT_EQ(measure_of(k), measure::kEnd - 1);
}

TEST(Cube, CountsAreExactHoweverTheyAreFoldedStoredAndLoaded) {
  std::mt19937 random(3);
  Cube cube;
  Counts expected;
  std::map<int64_t, std::string> stored;
  std::vector<Key> there;
  for (int i = 0; i < 60'000; ++i) {
    if (!there.empty() && random() % 4 == 0) {
      const size_t at = random() % there.size();
      cube.remove(there[at]);
      --expected[there[at]];
      there[at] = there.back();
      there.pop_back();
    } else {
      const Key k = key_of(20'000 + static_cast<int64_t>(random() % 40),
                           static_cast<SpotId>(random() % 300) | (random() % 9 == 0 ? kAlertSpot : 0),
                           static_cast<SortId>(random() % 50), static_cast<Measure>(random() % 60));
      cube.add(k);
      ++expected[k];
      there.push_back(k);
    }
    if (random() % 5000 == 0) cube.fold();
    if (random() % 9000 == 0) {
      cube.fold();
      cube.take_changed([&](int64_t day, std::string bytes) { stored[day] = std::move(bytes); });
    }
  }
  std::erase_if(expected, [](const auto& e) { return e.second == 0; });
  EXPECT_EQ(counts_of(cube.slice(0, kMaxDay)), expected);
  cube.fold();
  EXPECT_EQ(counts_of(cube.slice(0, kMaxDay)), expected);
  cube.take_changed([&](int64_t day, std::string bytes) { stored[day] = std::move(bytes); });
  Cube loaded;
  for (const auto& [day, bytes] : stored) {
    if (!bytes.empty()) {
      ASSERT_TRUE(loaded.load(day, bytes));
    }
  }
  EXPECT_EQ(counts_of(loaded.slice(0, kMaxDay)), expected);
  const Slice some = loaded.slice(20'003, 20'005);
  EXPECT_EQ(some.blocks.size(), 3U);
}

TEST(Cube, DaysThatWereDroppedStayGone) {
  Cube cube;
  cube.add(key_of(10, 1, 1, 0));
  cube.add(key_of(20, 1, 1, 0));
  cube.fold();
  cube.drop_before(15);
  cube.add(key_of(10, 1, 1, 0));  // comes too late
  EXPECT_EQ(counts_of(cube.slice(0, 100)).size(), 1U);
  cube.fold();
  EXPECT_EQ(counts_of(cube.slice(0, 100)).size(), 1U);
  std::map<int64_t, std::string> told;
  cube.take_changed([&](int64_t day, std::string bytes) { told[day] = std::move(bytes); });
  EXPECT_TRUE(told.at(10).empty());
  EXPECT_FALSE(told.at(20).empty());
}

TEST(Cube, ASliceDoesNotChangeWithTheCube) {
  Cube cube;
  cube.add(key_of(10, 1, 1, 0));
  cube.fold();
  const Slice before = cube.slice(0, 100);
  cube.add(key_of(10, 1, 1, 0));
  cube.fold();
  EXPECT_EQ(counts_of(before).begin()->second, 1);
  EXPECT_EQ(counts_of(cube.slice(0, 100)).begin()->second, 2);
}

TEST(Cube, BrokenBytesAreRefused) {
  Cube cube;
  EXPECT_FALSE(cube.load(1, std::string("\x01\x7f\x01", 3)));
  EXPECT_FALSE(cube.load(1, std::string(3, '\xff')));
}

}  // namespace
}  // namespace tocsin::score
