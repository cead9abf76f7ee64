// What becomes of the alerts that people know when another version of their rule takes over: each pair of ends.
#include "alert/takeover.h"

#include <gtest/gtest.h>

namespace tocsin::alert {
namespace {

constexpr TimeMs kNow = 10'000;

Record record(const std::string& id, Phase phase, uint32_t seq, AlertStatus status = AlertStatus::kOpen) {
  Record r;
  r.id = id;
  r.seq = seq;
  r.episode = 7;
  r.opened_at = 1'000 + seq;
  r.updated_at = 2'000;
  r.standing.phase = phase;
  r.standing.status = status;
  r.standing.total = 5;
  if (phase >= Phase::kEnded) r.standing.ended_at = 3'000;
  return r;
}

struct Result {
  std::vector<Record> records, filed;
  std::vector<Takeover> told;
};
Result over(std::vector<Record> records, std::vector<Record> former, std::vector<Record> filed = {}) {
  Result out{std::move(records), std::move(filed), {}};
  out.told = take_over(out.records, out.filed, std::move(former), kNow);
  return out;
}

TEST(Takeover, WhatNobodyKnowsIsOpenedFromTheBeginning) {
  const auto r = over({record("a", Phase::kLive, 4)}, {});
  ASSERT_EQ(r.told.size(), 1u);
  EXPECT_EQ(r.told[0].change.type, TransitionType::kOpened);
  EXPECT_EQ(r.told[0].change.reason, detect::Reason::kRule);
  EXPECT_EQ(r.told[0].change.time, kNow);
  EXPECT_EQ(r.told[0].change.after.told_total, 5u);
  EXPECT_EQ(r.records[0].seq, 0u);
  EXPECT_EQ(r.records[0].opened_at, 1'004) << "as the warm-up found it";
}

TEST(Takeover, WhatLivesGoesOnWithWhatPeopleDid) {
  Record known = record("a", Phase::kLive, 3, AlertStatus::kAssigned);
  known.assigned_to = "post-7";
  known.before = "{}";
  const auto r = over({record("a", Phase::kLive, 9)}, {known});
  ASSERT_EQ(r.told.size(), 1u);
  EXPECT_EQ(r.told[0].change.type, TransitionType::kAmended);
  EXPECT_EQ(r.told[0].before, "{}");
  EXPECT_EQ(r.records[0].seq, 3u);
  EXPECT_EQ(r.records[0].opened_at, 1'003);
  EXPECT_EQ(r.records[0].assigned_to, "post-7");
  EXPECT_EQ(r.records[0].standing.status, AlertStatus::kAssigned);
  EXPECT_TRUE(r.filed.empty());
}

TEST(Takeover, WhatHadEndedByItselfReopens) {
  for (const Phase phase : {Phase::kEnded, Phase::kFiled}) {
    const auto r = over({record("a", Phase::kLive, 9)}, {record("a", phase, 3, AlertStatus::kResolved)});
    ASSERT_EQ(r.told.size(), 1u);
    EXPECT_EQ(r.told[0].change.type, TransitionType::kReopened);
    EXPECT_EQ(r.told[0].change.after.status, AlertStatus::kOpen);
    EXPECT_EQ(r.records[0].seq, 3u);
    EXPECT_TRUE(r.filed.empty());
  }
}

TEST(Takeover, WhatAPersonClosedStaysClosed) {
  Record known = record("a", Phase::kEnded, 3, AlertStatus::kClosed);
  known.outcome = "false";
  for (const Phase phase : {Phase::kLive, Phase::kEnded}) {
    const auto r = over({record("a", phase, 9)}, {known});
    EXPECT_TRUE(r.told.empty());
    EXPECT_EQ(r.records[0].standing.phase, Phase::kEnded);
    EXPECT_EQ(r.records[0].standing.status, AlertStatus::kClosed);
    EXPECT_EQ(r.records[0].standing.ended_at, 3'000);
    EXPECT_EQ(r.records[0].outcome, "false");
    EXPECT_EQ(r.records[0].seq, 3u);
  }
}

TEST(Takeover, WhatBeganAndEndedUnheardStaysUnheard) {
  const auto r = over({record("a", Phase::kEnded, 2, AlertStatus::kResolved)}, {},
                      {record("b", Phase::kFiled, 4, AlertStatus::kResolved)});
  EXPECT_TRUE(r.told.empty());
  EXPECT_EQ(r.records[0].seq, 0u);
  EXPECT_EQ(r.filed[0].seq, 0u);
  // And is not filed as if people knew it, when one more version takes over.
  EXPECT_TRUE(over({}, r.filed).filed.empty());
}

TEST(Takeover, WhatWaitsOrHasEndedCountsOnFromWhatWasTold) {
  const auto waits = over({record("a", Phase::kPending, 0)}, {record("a", Phase::kFiled, 3, AlertStatus::kResolved)});
  EXPECT_TRUE(waits.told.empty());
  EXPECT_EQ(waits.records[0].seq, 3u);
  const auto ended = over({record("a", Phase::kEnded, 8, AlertStatus::kResolved)},
                          {record("a", Phase::kFiled, 3, AlertStatus::kResolved)});
  EXPECT_TRUE(ended.told.empty());
  EXPECT_EQ(ended.records[0].seq, 3u);
  EXPECT_TRUE(ended.filed.empty());
}

TEST(Takeover, WhatIsLeftIsFiledForPeople) {
  const auto r = over({record("a", Phase::kLive, 1)}, {record("b", Phase::kFiled, 3, AlertStatus::kResolved),
                                                       record("c", Phase::kEnded, 2, AlertStatus::kClosed)});
  ASSERT_EQ(r.filed.size(), 2u);
  for (const Record& f : r.filed) {
    EXPECT_EQ(f.standing.phase, Phase::kFiled);
    EXPECT_EQ(f.episode, 0u);
  }
}

TEST(Takeover, FiledAlertsHaveABoundAndTheEldestGo) {
  std::vector<Record> former;
  for (size_t i = 0; i < kMaxFiled + 10; ++i) {
    former.push_back(record("a" + std::to_string(i), Phase::kFiled, 1, AlertStatus::kResolved));
    former.back().standing.ended_at = static_cast<TimeMs>(i);
  }
  const auto r = over({}, std::move(former));
  ASSERT_EQ(r.filed.size(), kMaxFiled);
  EXPECT_EQ(r.filed.front().id, "a10");
}

TEST(Takeover, TimeNeverGoesBehindWhatWasTold) {
  Record known = record("a", Phase::kLive, 3);
  known.updated_at = kNow + 500;
  const auto r = over({record("a", Phase::kLive, 1)}, {known});
  EXPECT_EQ(r.told.at(0).change.time, kNow + 500);
}

}  // namespace
}  // namespace tocsin::alert
