// People's records beside the events: a replay of both logs puts what they did where it was done. Also whose alerts a
// sink gets.
#include "event/event_writer.h"
#include "fixture.h"
#include "runtime/pipeline.h"
#include "runtime/silence_record.h"

namespace tocsin::runtime {
namespace {

using testing::Feed;
using testing::kMinute;
using testing::kStart;

// Payloads are minutes: a report then, at a place of its own.
class MinuteDecoder final : public Decoder {
 public:
  bool decode(std::string_view payload, Arena&, Event& out, Rejection&) override {
    const int minute = std::stoi(std::string(payload));
    out = feed_.report("r" + std::to_string(minute), kStart + minute * kMinute, minute % 9);
    return true;
  }
  std::string masked(std::string_view) const override { return {}; }
  DurationMs lateness() const override { return 0; }
  std::string_view source_name() const override { return "grid"; }

 private:
  Feed feed_;
};

// One partition of records with the times at which the log took them, `page` at a poll.
class TimedSource final : public Source {
 public:
  TimedSource(std::string name, size_t page) : name_(std::move(name)), page_(page) {}
  void append(TimeMs taken, std::string text) { records_.emplace_back(taken, std::move(text)); }
  std::vector<std::string> partitions() const override { return {name_}; }
  Status seek(std::span<const uint64_t> offsets) override {
    next_ = offsets[0] == UINT64_MAX ? 0 : offsets[0];
    return {};
  }
  Result<PollState> poll(size_t max, DurationMs, std::vector<Record>& out) override {
    for (size_t n = 0; n < std::min(max, page_) && next_ < records_.size(); ++n) {
      Record r;
      r.offset = next_++;
      r.next_offset = next_;
      r.timestamp = records_[r.offset].first;
      r.payload = records_[r.offset].second;
      out.push_back(r);
    }
    if (!out.empty()) return PollState::kRecords;
    return ends ? PollState::kEnd : PollState::kIdle;
  }
  bool at_head(uint32_t) const override { return next_ == records_.size(); }
  bool ends = false;

 private:
  const std::string name_;
  const size_t page_;
  std::vector<std::pair<TimeMs, std::string>> records_;
  size_t next_ = 0;
};

class ListSink final : public Sink {
 public:
  explicit ListSink(std::string name) : name_(std::move(name)) {}
  std::string_view name() const override { return name_; }
  Result<uint64_t> resume(uint64_t floor) override { return floor; }
  Status publish(std::span<const Outgoing> batch) override {
    for (const Outgoing& o : batch) {
      held_ = o.sequence;
      texts.emplace_back(o.json);
    }
    return {};
  }
  uint64_t delivered() const override { return held_; }
  Status flush(DurationMs) override { return {}; }
  std::vector<std::string> texts;

 private:
  const std::string name_;
  uint64_t held_ = 0;
};

struct Service {
  explicit Service(TimedSource& events, TimedSource& people) : store(state::make_memory_store()) {
    auto opened = Engine::open({}, testing::rules(), store.get(), testing::recompile);
    EXPECT_TRUE(opened);
    engine = std::move(*opened);
    publisher = std::make_unique<Publisher>(*engine);
    publisher->add(sink, Takes::kInForce);
    pipeline = std::make_unique<Pipeline>(*engine, *publisher, Pipeline::Options{}, nullptr);
    pipeline->add(events, [this](uint32_t) { return &decoder; });
    pipeline->add(people, [](uint32_t) { return nullptr; });
    EXPECT_TRUE(pipeline->open());
  }
  Pipeline::State step() {
    auto state = pipeline->step();
    EXPECT_TRUE(state);
    return *state;
  }
  std::unique_ptr<state::Store> store;
  MinuteDecoder decoder;
  ListSink sink{"list"};
  std::unique_ptr<Engine> engine;
  std::unique_ptr<Publisher> publisher;
  std::unique_ptr<Pipeline> pipeline;
};

TEST(People, AReplayOfBothLogsPutsActionsAndSilencesWhereTheyWere) {
  TimedSource events("events", 1000), people("people", 1000);
  Service live(events, people);
  const auto take = [&](int from, int to) {
    for (int m = from; m < to; ++m) events.append(kStart + m * kMinute, std::to_string(m));
    live.step();
  };
  take(0, 5);
  ASSERT_FALSE(live.sink.texts.empty());
  const std::string& first = live.sink.texts.front();
  const size_t id = first.find("\"id\":\"") + 6;
  alert::Action close;
  close.kind = alert::ActionKind::kClose;
  close.alert_id = first.substr(id, first.find('/', id) - id);
  close.by = "post-7";
  close.outcome = "false";
  close.at = kStart + 5 * kMinute - 1;
  people.append(close.at, action_record(close));
  live.step();
  take(5, 20);
  SilenceRecord silence{false, {}, kStart + 20 * kMinute - 1};
  silence.silence.id = "s-1";
  silence.silence.by = "post-7";
  silence.silence.reason = "road works";
  silence.silence.until = kStart + 60 * kMinute;
  people.append(silence.at, silence_record(silence));
  live.step();
  EXPECT_EQ(live.engine->policy().silences().size(), 1u);
  take(20, 40);
  SilenceRecord ends{true, {}, kStart + 40 * kMinute - 1};
  ends.silence.id = "s-1";
  people.append(ends.at, silence_record(ends));
  live.step();
  EXPECT_TRUE(live.engine->policy().silences().empty());
  ends.silence.id = "s-2";  // there is none: among the rejected
  people.append(ends.at, silence_record(ends));
  take(40, 60);
  EXPECT_EQ(live.engine->progress().totals.rejected, 1u);
  events.ends = people.ends = true;
  ASSERT_TRUE(live.pipeline->finish(1000));

  std::string told;
  for (const std::string& text : live.sink.texts) told += text + "\n";
  for (const char* what : {"alert.closed", "\"silenced_by\":[\"s-1\"]", "\"reason\":\"unsilenced\""}) {
    EXPECT_NE(told.find(what), std::string::npos) << what;
  }
  for (const size_t page : {1, 3, 1000}) {
    TimedSource again("events", page), acted("people", page);
    for (int m = 0; m < 60; ++m) again.append(kStart + m * kMinute, std::to_string(m));
    acted.append(close.at, action_record(close));
    acted.append(silence.at, silence_record(silence));
    ends.silence.id = "s-1";
    acted.append(ends.at, silence_record(ends));
    again.ends = acted.ends = true;
    Service replay(again, acted);
    while (replay.step() != Pipeline::State::kEnd) {
    }
    ASSERT_TRUE(replay.pipeline->finish(1000));
    EXPECT_EQ(replay.sink.texts, live.sink.texts) << "page " << page;
  }
}

TEST(People, ASilenceIsReadAsItIsWritten) {
  SilenceRecord r{false, {}, 7};
  r.silence = {"s-1", "post-7", "road \"works\"", kNoTime, 99, {"a", "b"}, "330282", detect::Severity::kOrange, false};
  const auto again = parse_silence_record(silence_record(r));
  ASSERT_TRUE(again.has_value());
  ASSERT_TRUE(*again);
  EXPECT_EQ((*again)->silence, r.silence);
  EXPECT_EQ((*again)->at, 7);
  EXPECT_FALSE(parse_silence_record(R"({"action":"close","alert":"x"})").has_value());
  EXPECT_FALSE(*parse_silence_record(R"({"action":"silence","silence":"x"})")) << "without an end";
  EXPECT_FALSE(*parse_silence_record(R"({"action":"silence","until":1})")) << "without an id";
  EXPECT_FALSE(*parse_silence_record(R"({"action":"silence","silence":"x","until":1,"severity":"pink"})"));
}

// Alerts of rules in shadow have a stream of their own.
TEST(People, ASinkGetsTheAlertsOfRulesInForceOrThoseInShadowOrBoth) {
  Feed feed;
  std::string text = testing::kRules;
  text.insert(text.find("    kind: cluster"), "    mode: shadow\n");
  auto engine = Engine::open({}, testing::rules(text), nullptr, testing::recompile);
  ASSERT_TRUE(engine);
  Publisher publisher(**engine);
  ListSink force("force"), shadow("shadow"), both("both");
  publisher.add(force, Takes::kInForce);
  publisher.add(shadow, Takes::kShadow);
  publisher.add(both, Takes::kAll);
  ASSERT_TRUE(publisher.open());
  const uint32_t p = (*engine)->add_partition("test", 0);
  for (int i = 0; i < 3; ++i) {
    (*engine)->accept(feed.report("r" + std::to_string(i), kStart + i, i), p, static_cast<uint64_t>(i) + 1, kNoTime);
  }
  auto told = (*engine)->commit();
  ASSERT_TRUE(told);
  publisher.pump(*told, kNoTime);
  ASSERT_EQ(force.texts.size(), 1u);
  EXPECT_NE(force.texts[0].find("\"rule\":\"places\""), std::string::npos);
  ASSERT_EQ(shadow.texts.size(), 1u);
  EXPECT_NE(shadow.texts[0].find("\"rule\":\"near\""), std::string::npos);
  EXPECT_EQ(both.texts.size(), 2u);
  EXPECT_EQ(publisher.depth(), 0u);
}

}  // namespace
}  // namespace tocsin::runtime
