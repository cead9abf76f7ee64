// absence with `extend`: an event sets a new deadline, before the old one or after it; it may itself be corrected.
#include "fixture.h"
#include "runtime/engine.h"

namespace tocsin::runtime {
namespace {

using testing::Feed;
using testing::kMinute;
using testing::kStart;

constexpr DurationMs kHour = 60 * kMinute;

std::string rule_with(const std::string& span) {
  return "rules:\n  - id: r\n    kind: absence\n    from: [grid]\n    key: [case]\n    after: stage == \"accepted\"\n"
         "    expect: stage == \"closed\"\n    " +
         span +
         "\n    extend: {when: 'attrs[\"state\"] == \"extended\" && has(due_at)', until: due_at}\n"
         "    severity: {orange: elapsed >= 2.0, yellow: elapsed >= 1.0}\n    summary: '{{due_at}}'\n";
}

class Extension : public ::testing::Test {
 protected:
  void open(const std::string& span, DurationMs lateness = 0) {
    auto opened = Engine::open({}, testing::rules(rule_with(span), lateness), nullptr, testing::recompile);
    ASSERT_TRUE(opened);
    engine_ = std::move(*opened);
    partition_ = engine_->add_partition("test", lateness);
  }
  Event extended(const std::string& id, TimeMs time, TimeMs due) {
    Event e = feed_.stage(id, time, "c", Stage::kProcessing);
    static const NamedText kState[] = {{"state", "extended"}};
    e.attrs = kState;
    e.due_at = due;
    return e;
  }
  Event stage(const std::string& id, TimeMs time, Stage stage, TimeMs due = kNoTime) {
    Event e = feed_.stage(id, time, "c", stage);
    e.due_at = due;
    return e;
  }
  std::string take(const Event& e) {
    engine_->accept(e, partition_, ++offset_, kNoTime);
    return commit();
  }
  std::string until(TimeMs t) {
    engine_->advance_to(t);
    return commit();
  }
  // type, reason and severity of what was published.
  std::string commit() {
    auto made = engine_->commit();
    EXPECT_TRUE(made);
    std::string out;
    for (const Outgoing& o : *made) {
      for (const char* name : {"\"type\":\"tocsin.alert.", "\"reason\":\"", "\"severity\":\""}) {
        const size_t at = o.json.find(name) + std::string_view(name).size();
        out += std::string(o.json.substr(at, o.json.find('"', at) - at)) + " ";
      }
    }
    return out;
  }

  Feed feed_;
  std::unique_ptr<Engine> engine_;
  uint32_t partition_ = 0;
  uint64_t offset_ = 0;
};

TEST_F(Extension, BeforeTheDeadlineMovesIt) {
  for (const char* span : {"within: 4h", "until: due_at"}) {
    open(span);
    take(stage("a", kStart, Stage::kAccepted, kStart + 4 * kHour));
    take(extended("x", kStart + kHour, kStart + 8 * kHour));
    EXPECT_EQ(until(kStart + 8 * kHour), "") << span;
    EXPECT_EQ(until(kStart + 8 * kHour + 1), "opened deadline yellow ") << span;
    EXPECT_EQ(until(kStart + 16 * kHour + 1), "escalated deadline orange ") << "twice the longer span, " << span;
  }
}

TEST_F(Extension, AfterTheDeadlineTakesTheAlertBackAndANewOneReopensIt) {
  open("within: 4h");
  take(stage("a", kStart, Stage::kAccepted));
  EXPECT_EQ(until(kStart + 5 * kHour), "opened deadline yellow ");
  EXPECT_EQ(take(extended("x", kStart + 5 * kHour, kStart + 10 * kHour)), "resolved recovered yellow ");
  EXPECT_EQ(until(kStart + 10 * kHour + 1), "reopened deadline yellow ");
  EXPECT_EQ(take(stage("b", kStart + 11 * kHour, Stage::kClosed)), "resolved stage yellow ");
}

TEST_F(Extension, TheLastOneCounts) {
  open("until: due_at", kHour);
  take(stage("a", kStart, Stage::kAccepted, kStart + 4 * kHour));
  take(extended("y", kStart + 2 * kHour, kStart + 6 * kHour));
  take(extended("x", kStart + 2 * kHour - 10 * kMinute, kStart + 9 * kHour));  // said earlier, though it comes later
  EXPECT_EQ(until(kStart + 6 * kHour + 1), "opened deadline yellow ");
}

TEST_F(Extension, AWithdrawnOneNeverWas) {
  open("within: 4h");
  take(stage("a", kStart, Stage::kAccepted));
  Event x = extended("x", kStart + kHour, kStart + 10 * kHour);
  take(x);
  EXPECT_EQ(until(kStart + 6 * kHour), "");
  x.kind = EventKind::kWithdrawal;
  x.revision = 1;
  EXPECT_EQ(take(x), "opened deadline yellow ");
}

TEST_F(Extension, OfAnotherCaseOrBeforeTheStartMeansNothing) {
  open("within: 4h", kHour);
  Event other = extended("o", kStart + kHour, kStart + 10 * kHour);
  other.case_id = "d";
  take(extended("x", kStart - 1, kStart + 10 * kHour));
  take(stage("a", kStart, Stage::kAccepted));
  take(other);
  EXPECT_EQ(until(kStart + 4 * kHour + 1), "opened deadline yellow ");
}

}  // namespace
}  // namespace tocsin::runtime
