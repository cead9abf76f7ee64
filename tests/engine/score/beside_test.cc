// Questions while events are counted: they take turns, and a long question does not make what is counted wait for its
// end.
#include <atomic>
#include <thread>

#include "fixture.h"

namespace tocsin::score::testing {
namespace {

// Reports at many places of many grids, each place three times on other days.
void fill(Driver& driver, int places) {
  Feed feed;
  for (int round = 0; round < 3; ++round) {
    for (int i = 0; i < places; ++i) {
      Event e = feed.report("r" + std::to_string(round) + "-" + std::to_string(i), kStart + round * 2 * kDay);
      e.town = "330282101";
      e.village = feed.text("330282101" + std::to_string(100 + i % 800));
      e.grid = feed.text(std::string(e.village) + std::to_string(i / 800 % 40));
      e.place = feed.text("place " + std::to_string(i));
      driver.take(e);
      if (i % 5000 == 0) driver.close();
    }
  }
  driver.close();
}

// How many batches are counted wholly within one answer, the most of some answers.
template <typename Ask>
int counted_within(Keeper& keeper, Driver& driver, Ask ask) {
  constexpr int kAnswers = 12;
  std::atomic<int> asked{0}, answered{0};
  std::thread reader([&] {
    for (int i = 0; i < kAnswers; ++i) {
      ++asked;
      ask();
      ++answered;
    }
  });
  int most = 0, now = 0, of = -1;
  Feed feed;
  for (int i = 0; answered < kAnswers; ++i) {
    const int before = asked, done = answered;
    driver.take(feed.report("new" + std::to_string(i), kStart + 6 * kDay));
    driver.close();
    if (before == done || answered != done) continue;  // nobody was asking, or it ended meanwhile
    now = before == of ? now + 1 : 1;
    of = before;
    most = std::max(most, now);
  }
  reader.join();
  EXPECT_GT(keeper.bytes(), 0U);
  return most;
}

TEST(Beside, BatchesAreCountedWhilePlacesAreListed) {
  Keeper keeper(Options{});
  Driver driver(keeper);
  fill(driver, 40'000);
  PlaceCut cut;
  cut.from = kFirstDay;
  cut.to = kFirstDay + 30;
  ASSERT_EQ(keeper.places(cut)->found, 40'000U);
  // The lock is given up sixty-four times; held throughout, at most one batch ends while it is asked, and one after.
  EXPECT_GE(counted_within(keeper, driver, [&] { ASSERT_EQ(keeper.places(cut)->found, 40'000U); }), 5);
}

TEST(Beside, ACardIsTheSameWhetherItsNamesWereTakenAtOnceOrNot) {
  Keeper keeper(Options{});
  Driver driver(keeper);
  fill(driver, 32'000);  // more spots than are taken in a turn
  const Card c = card(keeper, {.tier = Tier::kGrid, .from = kFirstDay, .to = kFirstDay + 30});
  EXPECT_EQ(c.total.now.reports, 96'000U);
  uint64_t reports = 0;
  for (const auto& row : c.rows) reports += row.now.reports;
  EXPECT_EQ(reports, 96'000U);
  EXPECT_GT(c.rows.size(), 4096U);
}

}  // namespace
}  // namespace tocsin::score::testing
