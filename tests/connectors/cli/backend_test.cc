// The service's answers while the store and the book are not at the same commit, who sees what of an alert that moves,
// and what waits for what.
#include "connectors/cli/backend.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <future>
#include <latch>
#include <memory>

#include "alert/lifecycle.h"
#include "runtime/pipeline.h"
#include "tests/engine/runtime/fixture.h"

namespace tocsin::cli {
namespace {

using runtime::testing::Feed;
using runtime::testing::kMinute;
using runtime::testing::kStart;
using testing::ElementsAre;
using testing::HasSubstr;

const std::string kRules = std::string(runtime::testing::kSpread) + R"(  - id: seen
    kind: window
    from: [grid]
    where: kind == "report"
    key: [place]
    within: 1h
    fire: count() >= 1
    severity: yellow
    resolve: {quiet: 2h}
    summary: "{{count()}} at {{last(place)}}"
)";

class HandClock final : public Clock {
 public:
  TimeMs now() const override { return kStart; }
};

// A task that holds its lane until it is let go. The task owns what it waits on: it may still be about to wait when the
// holder has gone.
class Held {
 public:
  explicit Held(Worker& lane) {
    EXPECT_TRUE(lane.submit([gate = gate_](bool) {
      gate->entered.count_down();
      gate->open.wait();
    }));
    gate_->entered.wait();
  }
  ~Held() { gate_->open.count_down(); }

 private:
  struct Gate {
    std::latch entered{1}, open{1};
  };
  std::shared_ptr<Gate> gate_ = std::make_shared<Gate>();
};

class BackendTest : public testing::Test {
 protected:
  BackendTest() {
    auto opened = runtime::Engine::open({}, runtime::testing::rules(kRules), store_.get(), runtime::testing::recompile);
    EXPECT_TRUE(opened) << opened.error().message;
    engine_ = std::move(*opened);
    partition_ = engine_->add_partition("test", 10 * kMinute);
    log_ = *state::Log::open(*store_, {kIngestTopic, kActionsTopic, kAuditTopic}, {});
    ingest_ = std::make_unique<Ingest>(
        [](const std::string&) -> Result<std::unique_ptr<runtime::Decoder>> { return not_found("no feed"); },
        [](std::span<const std::string_view>) -> Result<uint64_t> { return uint64_t{0}; });
    audit_ = std::make_unique<AuditLog>(*log_, clock_);
    desk_ = std::make_unique<RuleDesk>(RuleDesk::Setup{.inputs = {},
                                                       .zone = TimeZone::utc(),
                                                       .key = {},
                                                       .known_sources = {},
                                                       .areas = {},
                                                       .backtest = {},
                                                       .log = *log_,
                                                       .outcomes = [] { return std::string(); }},
                                       lanes_.looks);
    backend_ =
        std::make_unique<ServiceBackend>(ServiceBackend::Parts{.engine = *engine_,
                                                               .store = *store_,
                                                               .log = *log_,
                                                               .ingest = *ingest_,
                                                               .audit = *audit_,
                                                               .clock = clock_,
                                                               .reload = [](http::Completion<http::ReloadResult>) {},
                                                               .readiness = [] { return std::vector<http::Check>(); },
                                                               .desk = *desk_,
                                                               .status = status_,
                                                               .lanes = lanes_,
                                                               .zone = *TimeZone::load("Asia/Shanghai"),
                                                               .follow_clock = false});
  }
  void report(const std::string& id, int place, int town) {
    ++events_;
    engine_->accept(feed_.report(id, kStart + events_ * 1000, place, town), partition_, static_cast<uint64_t>(events_),
                    kNoTime);
    ASSERT_TRUE(engine_->commit());
    backend_->committed(engine_->progress().outbox);
  }
  std::vector<std::string> listed(const std::string& scope) {
    http::AlertQuery query;
    query.scope = scope;
    const auto page = backend_->alerts(query);
    EXPECT_TRUE(page) << page.error().message;
    std::vector<std::string> out;
    if (page) {
      for (const std::string& json : page->alerts) out.push_back(json.substr(json.find("\"rule\":\"") + 8, 4));
    }
    return out;
  }
  Result<http::AlertDetail> detail(const std::string& id, const http::View& view = {}, uint32_t before = UINT32_MAX) {
    std::promise<Result<http::AlertDetail>> told;
    backend_->alert(id, view, before, [&](Result<http::AlertDetail> d) { told.set_value(std::move(d)); });
    return told.get_future().get();
  }
  Result<std::string> silenced(rule::Silence silence) {
    std::promise<Result<std::string>> told;
    backend_->silence(std::move(silence), [&](Result<std::string> id) { told.set_value(std::move(id)); });
    return told.get_future().get();
  }
  std::string id_of(const std::string& rule) {
    std::string out;
    engine_->book().each({}, [&](const runtime::AlertLine& l) {
      if (l.rule_id == rule) out = l.alert_id;
      return true;
    });
    return out;
  }

  HandClock clock_;
  Feed feed_;
  int events_ = 0;
  std::unique_ptr<state::Store> store_ = state::make_memory_store();
  std::unique_ptr<runtime::Engine> engine_;
  uint32_t partition_ = 0;
  std::unique_ptr<state::Log> log_;
  std::unique_ptr<Ingest> ingest_;
  std::unique_ptr<AuditLog> audit_;
  ServiceStatus status_{kStart};
  std::unique_ptr<RuleDesk> desk_;
  std::unique_ptr<ServiceBackend> backend_;
  Lanes lanes_{8};  // ends before what its tasks use
};

constexpr char kTown[] = "330282001", kOther[] = "330282002";

// A checkpoint drops an old alert from the store a moment before it leaves the book.
TEST_F(BackendTest, AListPassesOverAnAlertWhoseTextIsGone) {
  report("1", 1, 1);
  ASSERT_THAT(listed(""), testing::UnorderedElementsAre("spre", "seen"));
  state::Batch batch;
  batch.deletes.push_back({state::Table::kAlerts, runtime::latest_key(id_of("seen"))});
  ASSERT_TRUE(store_->write(batch, true));
  EXPECT_THAT(listed(""), ElementsAre("spre"));
  EXPECT_EQ(detail(id_of("seen")).error().code, Code::kNotFound);
  std::promise<Result<http::AlertPage>> many;
  backend_->many_alerts({}, [&](Result<http::AlertPage> page) { many.set_value(std::move(page)); });
  const auto page = many.get_future().get();
  ASSERT_TRUE(page);
  EXPECT_EQ(page->alerts.size(), 1u);
}

// The store is written before the book: an alert that has just left the town is not shown to it by its new text.
TEST_F(BackendTest, TheStoredLineSaysWhoSeesTheText) {
  report("1", 1, 1);
  const std::string id = id_of("spread");
  auto stored = stored_alert(*store_, id);
  ASSERT_TRUE(stored);
  stored->line.town = kOther;
  stored->line.city = "330283";
  std::string bytes;
  Writer w(bytes);
  runtime::encode(w, stored->line);
  w.str(stored->json);
  state::Batch batch;
  batch.puts.push_back({state::Table::kAlerts, runtime::latest_key(id), bytes});
  ASSERT_TRUE(store_->write(batch, true));
  EXPECT_THAT(listed(kTown), ElementsAre("seen"));
  EXPECT_THAT(listed("").size(), 2u);
  EXPECT_EQ(detail(id, {kTown, false}).error().code, Code::kNotFound);
  for (const bool related : {false, true}) {
    std::promise<Result<std::string>> answer;
    const auto done = [&](Result<std::string> r) { answer.set_value(std::move(r)); };
    related ? backend_->related(id, {kTown, false}, done) : backend_->evidence(id, {kTown, false}, done);
    const auto told = answer.get_future().get();
    ASSERT_FALSE(told) << *told;
    EXPECT_EQ(told.error().code, Code::kNotFound);
  }
}

// What enters and leaves a part of the county stands in the entries: it does not depend on how far back the history
// goes.
TEST_F(BackendTest, WhatLeavesIsToldAlsoWhereTheHistoryIsCut) {
  report("1", 1, 1);
  report("2", 2, 1);
  const uint64_t before = engine_->progress().outbox;
  report("3", 3, 2);  // `spread` grows to the whole city
  state::Batch cut;
  cut.ranges.push_back({state::Table::kOutbox, state::big_endian(0), state::big_endian(before + 1)});
  ASSERT_TRUE(store_->write(cut, true));
  const auto page = backend_->transitions_after(0, 100, 1 << 20);
  ASSERT_TRUE(page);
  EXPECT_EQ(page->oldest, before + 1);
  const auto grown = std::ranges::find(page->items, id_of("spread"), &http::StreamItem::alert_id);
  ASSERT_NE(grown, page->items.end());
  EXPECT_EQ(grown->before.town, kTown);
  EXPECT_TRUE(grown->before.under(kTown));
  EXPECT_FALSE(grown->area.under(kTown));
  EXPECT_TRUE(grown->area.under("330282"));
  const auto told = detail(id_of("spread"));
  ASSERT_TRUE(told);
  EXPECT_EQ(told->history.size(), 1u) << "what is no longer kept is left out";
}

TEST_F(BackendTest, TheHistoryThatATownSeesIsItsOwn) {
  report("1", 1, 1);
  report("2", 3, 2);
  report("3", 3, 2);
  const std::string id = id_of("spread");
  EXPECT_EQ(detail(id, {kTown, false}).error().code, Code::kNotFound) << "it has outgrown it";
  const auto all = detail(id, {"330282", false});
  ASSERT_TRUE(all);
  EXPECT_GE(all->history.size(), 2u);
}

// A rule was in shadow once: what it said then is for planners, also where the alert itself is for all.
TEST_F(BackendTest, TheHistoryOfTheTimeInShadowIsForPlanners) {
  report("1", 1, 1);
  report("2", 2, 1);
  const std::string id = id_of("spread");
  ASSERT_EQ(detail(id)->history.size(), 2u);
  const auto page = backend_->transitions_after(0, 100, 1 << 20);
  const auto first = std::ranges::find(page->items, id, &http::StreamItem::alert_id);
  const std::string key = state::big_endian(first->sequence);
  const auto stored = store_->get(state::Table::kOutbox, key);
  ASSERT_TRUE(stored);
  runtime::OutboxEntry entry = runtime::decode_outbox(*stored);
  entry.shadow = true;
  state::Batch batch;
  batch.puts.push_back({state::Table::kOutbox, key, runtime::encode_outbox(entry)});
  ASSERT_TRUE(store_->write(batch, true));
  EXPECT_EQ(detail(id)->history.size(), 1u);
  EXPECT_EQ(detail(id, {"", true})->history.size(), 2u);
}

TEST_F(BackendTest, ALongHistoryIsToldInPieces) {
  report("1", 1, 1);
  const std::string id = id_of("seen");
  const auto only = store_->get(state::Table::kAlerts, runtime::history_key(id, 1));
  ASSERT_TRUE(only);
  state::Batch batch;
  for (uint32_t seq = 2; seq <= 450; ++seq) {
    batch.puts.push_back({state::Table::kAlerts, runtime::history_key(id, seq), *only});
  }
  ASSERT_TRUE(store_->write(batch, true));
  auto told = detail(id);
  EXPECT_EQ(told->history.size(), http::AlertDetail::kMostHistory);
  EXPECT_EQ(told->earlier, 250u);
  told = detail(id, {}, 251);
  EXPECT_EQ(told->history.size(), 200u);
  EXPECT_EQ(told->earlier, 50u);
  told = detail(id, {}, 51);
  EXPECT_EQ(told->history.size(), 50u);
  EXPECT_EQ(told->earlier, 0u);
}

TEST_F(BackendTest, AnAlertsHistoryIsReadBesideTheServersThread) {
  report("1", 1, 1);
  std::promise<std::thread::id> told;
  {
    const Held context(lanes_.context);
    backend_->alert(id_of("seen"), {}, UINT32_MAX,
                    [&](const Result<http::AlertDetail>&) { told.set_value(std::this_thread::get_id()); });
  }
  EXPECT_NE(told.get_future().get(), std::this_thread::get_id());
}

// A page ends at an alert that is gone, or has left the asker's area, by the time that the next one is asked for.
TEST_F(BackendTest, ACursorOutlivesItsAlert) {
  report("1", 1, 1);
  report("2", 2, 1);
  http::AlertQuery query;
  query.limit = 1;
  query.cursor = std::to_string(kStart + 30 * kMinute) + ".gone";
  const auto first = backend_->alerts(query);
  ASSERT_TRUE(first) << first.error().message;
  EXPECT_EQ(first->alerts.size(), 1u);
  query.scope = kOther;  // not theirs: the cursor is a place in the order, and shows them nothing
  query.cursor = first->next;
  const auto other = backend_->alerts(query);
  ASSERT_TRUE(other) << other.error().message;
  EXPECT_TRUE(other->alerts.empty());
  for (const char* none : {"x", ".", "1.", "a.b", "99999999999999999999.a"}) {
    query.cursor = none;
    EXPECT_EQ(backend_->alerts(query).error().code, Code::kInvalid) << none;
  }
}

// What the engine would pass over is refused while somebody is there to be told.
TEST_F(BackendTest, SilencesHaveBounds) {
  constexpr DurationMs kDay = 24 * 60 * kMinute;
  rule::Silence s;
  s.by = "duty";
  s.until = kStart + 401 * kDay;
  EXPECT_EQ(silenced(s).error().code, Code::kInvalid);
  s.until = kStart + 399 * kDay;
  for (int i = 0; i < 100; ++i) {
    s.reason = "road works " + std::to_string(i);
    ASSERT_TRUE(silenced(s)) << i;
  }
  s.reason = "one more";
  const auto refused = silenced(s);
  ASSERT_FALSE(refused) << "also while they are on their way through the log";
  EXPECT_EQ(refused.error().code, Code::kConflict);
  EXPECT_THAT(refused.error().message, HasSubstr("end one"));
  s.by = "another";
  EXPECT_TRUE(silenced(s));
  std::map<std::string, rule::Silence> all;
  for (int i = 0; i < 1000; ++i) all["s-" + std::to_string(i)] = s;
  backend_->set_silences(all);
  s.by = "third";
  EXPECT_EQ(silenced(s).error().code, Code::kConflict);
}

// Silences end in event time: one whose end is past would be taken and never be seen.
TEST_F(BackendTest, ASilenceThatHasEndedAlreadyIsRefused) {
  rule::Silence s;
  s.by = "duty";
  s.reason = "road works";
  s.until = kStart - 1;
  EXPECT_TRUE(silenced(s)) << "nothing has come: there is no event time yet";
  report("1", 1, 1);
  ASSERT_NE(engine_->watermark(), kNoTime);
  runtime::Publisher publisher(*engine_);
  const runtime::Pipeline pipeline(*engine_, publisher, {}, nullptr);
  status_.refresh(*engine_, publisher, pipeline, {}, *log_, kStart);
  ASSERT_EQ(status_.watermark(), engine_->watermark());
  s.until = engine_->watermark();
  const auto refused = silenced(s);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kInvalid);
  const std::string at = format_time(engine_->watermark(), *TimeZone::load("Asia/Shanghai"));
  EXPECT_THAT(refused.error().message, HasSubstr("until is past: it is " + at + ", and event time stands at " + at));
  s.until = engine_->watermark() + 1;
  EXPECT_TRUE(silenced(s));
}

// How time moves is told to those who count from now.
TEST_F(BackendTest, TheStatusSaysHowTimeMoves) { EXPECT_THAT(backend_->status({}), HasSubstr(R"("time":"log")")); }

// Who follows the stream is told that the silences are others, without a transition.
TEST_F(BackendTest, ChangedSilencesAreToldToTheListener) {
  std::vector<uint64_t> heads;
  backend_->set_listener([&](uint64_t head) { heads.push_back(head); });
  const auto number = [&] {
    const auto page = backend_->transitions_after(0, 0, 0);
    EXPECT_TRUE(page);
    return page ? page->silences : 0;
  };
  const uint64_t before = number();
  rule::Silence s;
  s.by = "duty";
  backend_->set_silences({{"s-1", s}});
  EXPECT_THAT(heads, ElementsAre(0u));
  const uint64_t made = number();
  EXPECT_NE(made, before);
  backend_->set_silences({{"s-1", s}});  // as after each commit
  EXPECT_EQ(heads.size(), 1u);
  EXPECT_EQ(number(), made);
  backend_->set_silences({});
  EXPECT_EQ(heads.size(), 2u);
  EXPECT_NE(number(), made);
  backend_->set_listener({});
}

// A scorecard or a map at work delays nobody who acts, nor who looks at an alert.
TEST_F(BackendTest, WhatIsQuickDoesNotWaitBehindWhatIsNot) {
  report("1", 1, 1);
  const std::string id = id_of("seen");
  const Held figures(lanes_.figures);
  std::promise<Result<std::string>> evidence;
  backend_->evidence(id, {}, [&](Result<std::string> r) { evidence.set_value(std::move(r)); });
  EXPECT_TRUE(evidence.get_future().get());
  const Held looks(lanes_.looks), context(lanes_.context);
  EXPECT_EQ(listed("").size(), 2u);
  alert::Action action;
  action.kind = alert::ActionKind::kAcknowledge;
  action.alert_id = id;
  action.by = "duty";
  std::promise<Result<uint64_t>> acted;
  backend_->act(action, {}, [&](Result<uint64_t> r) { acted.set_value(std::move(r)); });
  const auto offset = acted.get_future().get();
  ASSERT_TRUE(offset);
  EXPECT_EQ(*offset, 0u);
  EXPECT_EQ(log_->end_offset(kActionsTopic), 1u);
}

// The disk is not waited for on the server's thread.
TEST_F(BackendTest, AnActionIsWrittenBesideTheServersThread) {
  report("1", 1, 1);
  alert::Action action;
  action.kind = alert::ActionKind::kComment;
  action.alert_id = id_of("seen");
  action.by = "duty";
  std::promise<std::thread::id> acted, silenced, ended;
  {
    const Held actions(lanes_.actions);
    backend_->act(action, {}, [&](const Result<uint64_t>&) { acted.set_value(std::this_thread::get_id()); });
    rule::Silence silence;
    silence.by = "duty";
    silence.until = kStart + kMinute;
    backend_->silence(silence, [&](const Result<std::string>&) { silenced.set_value(std::this_thread::get_id()); });
    backend_->set_silences({{"s-1", silence}});
    backend_->expire_silence("s-1", "duty", {},
                             [&](const Result<uint64_t>&) { ended.set_value(std::this_thread::get_id()); });
    EXPECT_EQ(log_->end_offset(kActionsTopic), 0u);
  }
  for (auto* promise : {&acted, &silenced, &ended}) {
    EXPECT_NE(promise->get_future().get(), std::this_thread::get_id());
  }
  EXPECT_EQ(log_->end_offset(kActionsTopic), 3u);
}

}  // namespace
}  // namespace tocsin::cli
