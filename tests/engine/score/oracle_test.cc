// Scorecards against the same figures computed from the whole list of events at once, for random lives of a county with
// disorder, duplicates, revisions, withdrawals and late events.
#include <cmath>
#include <set>

#include "fixture.h"

namespace tocsin::score::testing {
namespace {

// One row of figures as the definitions say, from all events that stand in the end.
struct Expected {
  std::map<std::string, int64_t> n;
  std::vector<double> response, closing;  // seconds
};
using Table = std::map<std::string, Expected>;  // by row key; "" is the total

// The events that count in the end, by what a router lets through and what is still remembered.
std::vector<Event> standing(const std::vector<Event>& life) {
  std::map<uint64_t, std::pair<int64_t, std::optional<Event>>> last;  // by uid: revision, and what it is now
  for (const Event& e : life) {
    const auto it = last.find(e.uid());
    const bool withdrawal = e.kind == EventKind::kWithdrawal;
    if (it != last.end()) {
      const bool again = withdrawal && e.revision == it->second.first && it->second.second.has_value();
      if (e.revision <= it->second.first && !again) continue;
    }
    last[e.uid()] = {e.revision, withdrawal ? std::nullopt : std::optional<Event>(e)};
  }
  std::vector<Event> out;
  for (const auto& [uid, entry] : last) {
    if (entry.second) out.push_back(*entry.second);
  }
  return out;
}

double seconds(DurationMs d) { return static_cast<double>(d / 1000); }

class Oracle {
 public:
  Oracle(std::vector<Event> events, TimeMs watermark, Tier tier)
      : events_(std::move(events)), watermark_(watermark), tier_(tier) {
    for (const Event& e : events_) single(e);
    std::map<std::string_view, std::vector<Event>> cases;
    for (const Event& e : events_) {
      if (!e.case_id.empty() && (e.kind == EventKind::kReport || e.stage != Stage::kNone))
        cases[e.case_id].push_back(e);
    }
    for (auto& [id, list] : cases) of_case(list);
    repeats();
  }
  Table table;

 private:
  std::string row(const Event& e) const {
    const std::string_view keys[] = {e.city, e.town, e.village, e.grid, e.duty};
    return std::string(keys[static_cast<size_t>(tier_)]);
  }
  template <typename F>
  void both(const Event& e, F&& f) {
    f(table[""]);
    if (!row(e).empty()) f(table[row(e)]);
  }
  void add(const Event& e, const std::string& what) {
    both(e, [&](Expected& x) { ++x.n[what]; });
  }
  void single(const Event& e) {
    if (e.satisfaction > 0) {
      add(e, "answers");
      both(e, [&](Expected& x) { x.n["answered"] += e.satisfaction; });
    }
    if (e.kind != EventKind::kReport) return;
    add(e, "reports");
    add(e, "from " + std::string(e.source));
    add(e, "grade " + std::to_string(e.grade));
    if (!e.attrs.empty()) add(e, "first");
    if (e.case_id.empty() && e.stage == Stage::kClosed) {
      for (const char* what : {"opened", "closed", "ever", "spot"}) add(e, what);
      add(e, "tier " + std::to_string(e.grade));
    }
  }

  void of_case(std::vector<Event>& list) {
    std::ranges::sort(list, [](const Event& a, const Event& b) {
      return std::make_tuple(a.occurred_at, a.stage, a.uid()) < std::make_tuple(b.occurred_at, b.stage, b.uid());
    });
    std::optional<Event> closing;
    bool ever = false;
    TimeMs reopened = kNoTime;
    for (const Event& e : list) {
      if (e.stage == Stage::kReopened && ever) closing.reset(), reopened = e.occurred_at;
      if (e.stage == Stage::kClosed || (e.stage == Stage::kEvaluated && !ever)) closing = e, ever = true;
    }
    std::set<std::string_view> channels;
    for (const Event& r : list) {
      if (r.kind != EventKind::kReport || !channels.insert(r.source).second) continue;
      add(r, "opened");
      if (ever && (!closing || closing->occurred_at >= r.occurred_at)) add(r, "ever");
      if (reopened != kNoTime && reopened >= r.occurred_at) add(r, "reopened");
      const auto answer = std::ranges::find_if(list, [&](const Event& e) {
        return e.kind != EventKind::kReport && e.stage != Stage::kNone && e.stage != Stage::kSupervised &&
               e.occurred_at >= r.occurred_at;
      });
      if (answer != list.end()) {
        both(r, [&](Expected& x) { x.response.push_back(seconds(answer->occurred_at - r.occurred_at)); });
      }
      if (!closing || closing->occurred_at < r.occurred_at) continue;
      add(r, "closed");
      add(r, "tier " + std::to_string(closing->grade != 0 ? closing->grade : r.grade));
      if (closing->kind == EventKind::kReport) continue;
      both(r, [&](Expected& x) { x.closing.push_back(seconds(closing->occurred_at - r.occurred_at)); });
    }
    deadlines(list);
  }

  void deadlines(const std::vector<Event>& list) {
    std::vector<Event> work;
    for (const Event& e : list) {
      if (e.stage != Stage::kNone && e.stage != Stage::kSupervised) work.push_back(e);
    }
    for (size_t i = 0; i < work.size(); ++i) {
      const Event& e = work[i];
      if (e.due_at == kNoTime) continue;
      if (i + 1 < work.size()) {
        add(e, work[i + 1].occurred_at <= e.due_at ? "met" : "missed");
      } else if (hour_of(e.due_at) < hour_of(watermark_)) {
        add(e, "missed");
      }
    }
  }

  void repeats() {
    for (const Event& e : events_) {
      if (e.kind != EventKind::kReport || e.place.empty()) continue;
      const bool repeat = std::ranges::any_of(events_, [&](const Event& o) {
        if (o.kind != EventKind::kReport || o.place != e.place || trouble_of(o.category) != trouble_of(e.category))
          return false;
        const bool before = std::make_pair(o.occurred_at, o.uid()) < std::make_pair(e.occurred_at, e.uid());
        return before && e.occurred_at - o.occurred_at <= 30 * kDay;
      });
      if (repeat) add(e, "repeats");
    }
  }

  const std::vector<Event> events_;
  const TimeMs watermark_;
  const Tier tier_;
};

void expect_durations(const Durations& got, std::vector<double> exact, const std::string& where) {
  ASSERT_EQ(got.n, exact.size()) << where;
  if (exact.empty()) return;
  std::ranges::sort(exact);
  const auto at = [&](double q) {
    return exact[static_cast<size_t>(std::ceil(q * static_cast<double>(exact.size()))) - 1];
  };
  EXPECT_NEAR(*got.median, at(0.5), 0.02 * at(0.5)) << where;
  EXPECT_NEAR(*got.p90, at(0.9), 0.02 * at(0.9)) << where;
}

void expect_row(const Card& card, const Figures& f, Expected x, const std::string& where) {
  const auto n = [&](const std::string& what) { return static_cast<uint64_t>(x.n[what]); };
  EXPECT_EQ(f.reports, n("reports")) << where;
  for (size_t i = 0; i < card.channels.size(); ++i) EXPECT_EQ(f.by_channel[i], n("from " + card.channels[i])) << where;
  for (size_t g = 0; g < 5; ++g) {
    EXPECT_EQ(f.by_grade[g], n("grade " + std::to_string(g))) << where;
    EXPECT_EQ(f.settled_at[g], n("tier " + std::to_string(g))) << where << " tier " << g;
  }
  EXPECT_EQ(f.opened, n("opened")) << where;
  EXPECT_EQ(f.closed, n("closed")) << where;
  EXPECT_EQ(f.ever_closed, n("ever")) << where;
  EXPECT_EQ(f.on_spot, n("spot")) << where;
  EXPECT_EQ(f.reopened, n("reopened")) << where;
  EXPECT_EQ(f.due_met, n("met")) << where;
  EXPECT_EQ(f.due_missed, n("missed")) << where;
  EXPECT_EQ(f.repeats, n("repeats")) << where;
  EXPECT_EQ(f.first_reports, n("first")) << where;
  EXPECT_EQ(f.satisfaction_n(), n("answers")) << where;
  if (n("answers") > 0) {
    EXPECT_DOUBLE_EQ(*f.satisfaction(), static_cast<double>(n("answered")) / static_cast<double>(n("answers")))
        << where;
  }
  expect_durations(f.response, x.response, where + " response");
  expect_durations(f.closing, x.closing, where + " closing");
}

class Life : public ::testing::TestWithParam<uint32_t> {};

TEST_P(Life, FiguresAreThoseOfTheDefinitions) {
  Feed feed;
  const std::vector<Event> events = life(feed, GetParam(), 600);
  Keeper keeper({});
  Driver driver(keeper);
  std::mt19937 random(GetParam());
  for (const Event& e : events) {
    driver.take(e);
    if (random() % 50 == 0) driver.close();
  }
  driver.close();
  ASSERT_EQ(card(keeper).too_old, 0U) << "the life is short enough that nothing is forgotten";
  for (const Tier tier : {Tier::kCity, Tier::kTown, Tier::kVillage, Tier::kGrid, Tier::kDuty}) {
    Oracle oracle(standing(events), driver.watermark(), tier);
    Cut cut{.tier = tier, .from = kFirstDay - 10, .to = kFirstDay + 200};
    const Card c = card(keeper, cut);
    expect_row(c, c.total.now, oracle.table[""], "total");
    for (const Row& r : c.rows) {
      ASSERT_TRUE(oracle.table.contains(r.key)) << r.key;
      expect_row(c, r.now, oracle.table[r.key], std::string(name_of(tier)) + " " + r.key);
    }
    oracle.table.erase("");
    EXPECT_EQ(c.rows.size(), oracle.table.size());
  }
}

TEST_P(Life, TheBytesAreTheSameForAnyCutsAndRestarts) {
  Feed feed;
  const std::vector<Event> events = life(feed, GetParam(), 900);
  Keeper whole({});
  Driver one(whole);
  for (const Event& e : events) one.take(e);
  one.close();
  const Pieces expected = pieces(whole);

  std::mt19937 random(GetParam() * 31);
  auto keeper = std::make_unique<Keeper>(Options{});
  TimeMs watermark = 0;
  uint64_t position = 0;
  Pieces stored;
  std::vector<std::string> notes;  // since it was stored
  for (const Event& e : events) {
    watermark = std::max(watermark, e.occurred_at - 10 * kMinute);
    keeper->event(e, e.uid(), ++position, watermark);
    if (random() % 7 != 0) continue;
    notes.push_back(keeper->close({}, watermark, no_rule));
    ASSERT_TRUE(keeper->apply(notes.back()));
    if (random() % 8 == 0) {  // a checkpoint
      keeper->take_changed(0, [&](const std::string& name, std::string bytes) {
        bytes.empty() ? static_cast<void>(stored.erase(name)) : static_cast<void>(stored[name] = std::move(bytes));
      });
      notes.clear();
    }
    if (random() % 12 == 0) {  // a crash
      keeper = std::make_unique<Keeper>(Options{});
      load(*keeper, stored);
      for (const std::string& n : notes) ASSERT_TRUE(keeper->apply(n));
      keeper->ready();
    }
  }
  ASSERT_TRUE(keeper->apply(keeper->close({}, watermark, no_rule)));
  const Pieces got = pieces(*keeper);
  ASSERT_EQ(got.size(), expected.size());
  for (const auto& [name, bytes] : expected) EXPECT_TRUE(got.contains(name) && got.at(name) == bytes) << name;
}

INSTANTIATE_TEST_SUITE_P(Seeds, Life, ::testing::Range(1U, 13U));

}  // namespace
}  // namespace tocsin::score::testing
