#pragma once
// A vocabulary for tests of scorecards: events that own their texts, a random life of a small county, a keeper's whole
// state as text.
#include <gtest/gtest.h>

#include <deque>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "score/card_json.h"
#include "score/keeper.h"

namespace tocsin::score::testing {

inline constexpr TimeMs kStart = 1'748'736'000'000;  // 2025-06-01T00:00:00Z
inline constexpr DurationMs kMinute = 60'000, kHour = 60 * kMinute, kDay = 24 * kHour;
inline constexpr int64_t kFirstDay = kStart / kDay;

class Feed {
 public:
  std::string_view text(std::string s) { return texts_.emplace_back(std::move(s)); }
  Event event(const std::string& source, const std::string& id, EventKind kind, TimeMs time) {
    Event e;
    e.source = text(source);
    e.id = text(id);
    e.kind = kind;
    e.occurred_at = time;
    e.category = "city.facility";
    e.city = "330282";
    return e;
  }
  Event report(const std::string& id, TimeMs time, const std::string& of_case = "") {
    Event e = event("grid", id, EventKind::kReport, time);
    e.case_id = text(of_case);
    return e;
  }
  Event stage(const std::string& id, TimeMs time, const std::string& of_case, Stage stage, TimeMs due = kNoTime) {
    Event e = event("grid", id, EventKind::kTransition, time);
    e.case_id = text(of_case);
    e.stage = stage;
    e.due_at = due;
    return e;
  }

 private:
  std::deque<std::string> texts_;
};

inline std::string_view no_rule(const alert::Transition&) { return "rule"; }

// Hands events to a keeper as the engine does.
class Driver {
 public:
  explicit Driver(Keeper& keeper, TimeMs lateness = 10 * kMinute) : keeper_(keeper), lateness_(lateness) {}
  void take(const Event& e) {
    watermark_ = std::max(watermark_, e.occurred_at - lateness_);
    keeper_.event(e, e.uid(), ++position_, watermark_);
  }
  void close(std::span<const alert::Transition> transitions = {}) {
    ASSERT_TRUE(keeper_.apply(keeper_.close(transitions, watermark_, no_rule)));
  }
  void advance(TimeMs t) {
    watermark_ = std::max(watermark_, t);
    close();
  }
  TimeMs watermark() const { return watermark_; }
  uint64_t position() const { return position_; }

 private:
  Keeper& keeper_;
  TimeMs lateness_, watermark_ = 0;
  uint64_t position_ = 0;
};

using Pieces = std::map<std::string, std::string>;

// Everything that a checkpoint of it would hold.
inline Pieces pieces(Keeper& keeper) {
  Pieces out;
  keeper.mark_all();
  keeper.take_changed(0, [&](const std::string& name, std::string bytes) {
    if (!bytes.empty()) out[name] = std::move(bytes);
  });
  return out;
}

inline void load(Keeper& keeper, const Pieces& pieces) {
  for (const auto& [name, bytes] : pieces) {
    const Status s = keeper.load(name, bytes);
    ASSERT_TRUE(s) << s.error().message;
  }
  keeper.loaded();
}

inline Card card(const Keeper& keeper, Cut cut = {}) {
  if (cut.to == 0) cut.from = kFirstDay - 400, cut.to = kFirstDay + 390;
  auto c = keeper.card(cut);
  EXPECT_TRUE(c) << c.error().message;
  return std::move(*c);
}
inline Figures total(const Keeper& keeper) { return card(keeper).total.now; }

// Reports, stages in any order, evaluations; some events twice, revised, withdrawn, late, or withdrawn before they
// come.
inline std::vector<Event> life(Feed& feed, uint32_t seed, int n) {
  std::mt19937 random(seed);
  const auto upto = [&](int k) { return static_cast<int>(random() % static_cast<uint32_t>(k)); };
  const char* sources[] = {"grid", "police110", "hotline12345", "visit"};
  const char* categories[] = {"water.flooding.road",
                              "water.flooding.residential",
                              "water.drainage",
                              "noise.social.bar",
                              "noise.social",
                              "safety.fire",
                              "dispute"};
  std::vector<Event> out;
  const auto fill = [&](Event& e) {
    const int town = 1 + upto(3), village = 1 + upto(2), grid = 1 + upto(2);
    e.town = feed.text("33028210" + std::to_string(town));
    e.village = upto(20) == 0 ? "" : feed.text(std::string(e.town) + "20" + std::to_string(village));
    e.grid = e.village.empty() ? "" : feed.text(std::string(e.village) + "00" + std::to_string(grid));
    e.category = categories[upto(7)];
    e.grade = static_cast<uint8_t>(upto(5));
    e.duty = upto(4) == 0 ? "" : feed.text("post " + std::to_string(upto(6)));
    e.place = upto(3) == 0 ? "" : feed.text("place " + std::to_string(upto(25)));
    e.reporter = upto(2) == 0 ? "" : feed.text("token " + std::to_string(upto(9)));
    if (upto(3) == 0) e.lon = 121.2 + 0.001 * upto(100), e.lat = 30.1 + 0.001 * upto(100);
  };
  TimeMs now = kStart + 30 * kDay;
  for (int i = 0; i < n; ++i) {
    now += upto(12 * 60) * kMinute / 10;
    const TimeMs time = now - (upto(4) == 0 ? upto(300) * kHour : upto(9) * kMinute);
    const auto kind = upto(10) < 4    ? EventKind::kReport
                      : upto(12) == 0 ? EventKind::kEvaluation
                                      : EventKind::kTransition;
    Event e = feed.event(sources[upto(4)], "e" + std::to_string(i), kind, time);
    fill(e);
    if (upto(5) != 0) e.case_id = feed.text("case " + std::to_string(upto(n / 8 + 1)));
    if (kind != EventKind::kReport || upto(3) == 0) e.stage = static_cast<Stage>(upto(10));
    if (upto(3) == 0) e.due_at = time + (upto(90) - 10) * kHour;
    if (kind == EventKind::kEvaluation) e.satisfaction = static_cast<uint8_t>(1 + upto(5));
    static constexpr NamedText kRewarded[] = {{"rewarded", "true"}};
    if (upto(9) == 0) e.attrs = kRewarded;
    out.push_back(e);
    const int dice = upto(20);
    if (dice == 0) out.push_back(e);
    if (dice == 1 || dice == 2) {
      Event revised = e;
      revised.revision = 1 + upto(2);
      fill(revised);
      if (upto(2) == 0) revised.occurred_at -= upto(60) * kHour;
      if (upto(4) == 0) revised.kind = EventKind::kWithdrawal;
      if (upto(2) == 0) std::swap(out.back(), revised);  // the higher revision comes first
      out.push_back(revised);
    }
    if (dice == 3 && out.size() > 40) {
      const size_t at = out.size() - 1 - static_cast<size_t>(upto(40));
      Event gone = out[at];
      gone.kind = EventKind::kWithdrawal;
      out.push_back(gone);
    }
    if (dice == 4 && out.size() > 200) out.push_back(out[out.size() - 1 - static_cast<size_t>(upto(200))]);
  }
  return out;
}

}  // namespace tocsin::score::testing
