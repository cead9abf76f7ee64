// Questions while events are counted: they take turns, and a long question does not make what is counted wait for its
// end.
#include <atomic>
#include <chrono>
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

using Clock = std::chrono::steady_clock;
struct Stretch {
  Clock::time_point begin, end;
};

// The longest that a batch waited during an answer, as a share of the answer's time: the least of some answers, because
// the machine may hold a thread up for longer than any lock.
template <typename Ask>
double held_up(Driver& driver, Ask ask) {
  constexpr int kAnswers = 12;
  std::atomic<bool> over{false};
  std::vector<Stretch> answers, batches;
  std::thread reader([&] {
    for (int i = 0; i < kAnswers; ++i) {
      const auto begin = Clock::now();
      ask();
      answers.push_back({begin, Clock::now()});
    }
    over = true;
  });
  Feed feed;
  for (int i = 0; !over; ++i) {
    driver.take(feed.report("new" + std::to_string(i), kStart + 6 * kDay));
    const auto begin = Clock::now();
    driver.close();
    batches.push_back({begin, Clock::now()});
  }
  reader.join();
  double least = 1;
  for (const Stretch& a : answers) {
    Clock::duration longest{};
    for (const Stretch& b : batches) longest = std::max(longest, std::min(a.end, b.end) - std::max(a.begin, b.begin));
    least = std::min(least, static_cast<double>(longest.count()) / static_cast<double>((a.end - a.begin).count()));
  }
  return least;
}

TEST(Beside, BatchesAreCountedWhilePlacesAreListed) {
  Keeper keeper(Options{});
  Driver driver(keeper);
  fill(driver, 40'000);
  PlaceCut cut;
  cut.from = kFirstDay;
  cut.to = kFirstDay + 30;
  ASSERT_EQ(keeper.places(cut)->found, 40'000U);
  // The lock is given up sixty-four times; held throughout, a batch would wait for nearly all of each answer.
  EXPECT_LT(held_up(driver, [&] { EXPECT_EQ(keeper.places(cut)->found, 40'000U); }), 0.4);
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
