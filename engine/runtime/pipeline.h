#pragma once
// The loop around the engine: polls sources, decodes records, keeps partitions in step, commits, publishes. Live it
// follows the clock that is handed in; a replay has none, and only the log moves time.
//
// Several partitions are merged by event time: the earliest head goes first. A partition that still has a backlog is
// waited for, one at the head of its log is not, so that catching up after an outage neither floods state nor rings
// false alarms.
#include <array>
#include <deque>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/clock.h"
#include "runtime/engine.h"
#include "runtime/ports.h"
#include "runtime/publisher.h"
#include "runtime/wake.h"

namespace tocsin::runtime {

class Pipeline {
 public:
  struct Options {
    size_t batch_events = 8192;
    size_t batch_bytes = 4u << 20;   // of delta
    DurationMs poll_wait = 20;       // how long one step may wait for a first record
    DurationMs idle_after = 30'000;  // live: a partition at its head with nothing new for so long follows the clock
    DurationMs patience = 2'000;   // live: how long a partition with a backlog that brings nothing holds the others up
    DurationMs future = kHourMs;   // live: an event further ahead of the clock is refused
    bool future_of_log = false;    // replay: the same, measured at when the log took it
    TimeMs until = kNever;         // replay: events after it are left alone, and time goes on to it
    size_t lane_bytes = 8u << 20;  // read ahead per partition
  };
  // `clock` null: a replay. Everything must outlive the pipeline.
  Pipeline(Engine& engine, Publisher& publisher, Options options, const Clock* clock)
      : engine_(engine), publisher_(publisher), options_(options), clock_(clock) {}

  // A source whose records `decoder(partition)` reads; a null decoder means people's actions. Before open().
  void add(Source& source, const std::function<Decoder*(uint32_t partition)>& decoder);
  // Registers partitions, seeks to where the state is, asks the sinks what they hold.
  Status open();

  enum class State {
    kBusy,  // there may be more at once
    kIdle,  // nothing now
    kEnd    // every source has ended (replay), or `until` is reached
  };
  // One batch: reads, judges, commits, publishes. Live it waits up to poll_wait for something to do.
  Result<State> step();
  // After kEnd: time goes on to the end of the input (or to `until`), then flushes the sinks.
  Status finish(DurationMs wait);
  // A clean stop of a live service: a checkpoint, then flushes the sinks. kUnavailable: a sink did not take everything
  // in time; the state keeps it, and the next run offers it again.
  Status stop(DurationMs wait);

  struct LaneView {
    std::string partition, source;  // source: as its decoder calls it; of people's actions "actions"
    bool at_head = false;
    bool actions = false;
    TimeMs watermark = kNoTime;  // kNoTime: no event yet, or it does not hold time back
  };
  std::vector<LaneView> lanes() const;
  // Nothing that was polled waits for its turn.
  bool drained() const;
  // Taking one event in (conditions, keys, cells of all rules that it may concern); every 64th is measured.
  const LatencyHistogram& eval_latency() const { return eval_latency_; }

  // Parts of the input that could not be read, a sentence each; everything else was.
  const std::vector<std::string>& damage() const { return damage_; }
  // "grid.ndjson:7: not a JSON object" of the first record that was rejected since the pipeline was opened (people's
  // actions apart); empty: none was.
  const std::string& first_rejection() const { return first_rejection_; }
  // Called after each commit, on the pipeline's thread.
  std::function<void()> after_commit;
  // Replay at a visible pace: called before an event is taken in, with its time; may hold the thread.
  std::function<void(TimeMs)> pace;
  // Steady nanoseconds for eval_latency(), injected; null: not measured.
  std::function<uint64_t()> ticker;

 private:
  struct Item {
    enum class What : uint8_t { kEvent, kRejected, kAction, kSkip } what;
    uint64_t offset, next_offset;
    TimeMs log_time;
    Event event;               // kEvent
    std::string_view payload;  // kRejected
    std::string_view reason;   // kRejected
    std::string message;       // kRejected
  };
  struct Lane {
    Source* source;
    uint32_t index;      // within the source
    uint32_t partition;  // of the engine
    Decoder* decoder;    // null: actions
    std::string name;
    std::unique_ptr<Arena> arena = std::make_unique<Arena>(256 * 1024);
    std::deque<Item> items;  // read ahead
    bool ended = false;
    bool held = false;
    bool idle = false;
    TimeMs last_record = kNoTime;  // by the clock
    TimeMs waiting_since = kNoTime;
  };
  struct Input {
    Source* source;
    std::function<Decoder*(uint32_t)> decoder;
    size_t first_lane = 0;
    size_t lanes = 0;
    bool ended = false;
  };

  Result<PollState> read(Source& source, size_t max, DurationMs wait);
  Result<bool> poll(Input& input, DurationMs wait);
  void take_direct(Lane& lane);
  void read_ahead(Lane& lane, const Record& record);
  void decode(Lane& lane, const Record& record, std::string_view payload, Arena& arena, Item& item);
  void apply(Lane& lane, Item& item);
  Outcome accept(const Lane& lane, const Item& item);
  void apply_action(Lane& lane, const Item& item);
  // False: the record is not of a silence.
  bool apply_silence(Lane& lane, const Item& item);
  static bool acted_before(const Item& action, const Item& event);
  void reject(Lane& lane, const Item& item);
  bool batch_full() const;
  Result<bool> fill_direct();
  Result<bool> fill_merged();
  bool starving(const Lane& lane);
  void rest(Lane& lane, bool idle);
  static bool goes_first(const Item& a, const Item& b);
  Lane* earliest();
  void tick();
  Status commit();
  Status keep_deliveries();
  bool all_ended() const;

  Engine& engine_;
  Publisher& publisher_;
  const Options options_;
  const Clock* const clock_;
  const std::shared_ptr<Wake> wake_ = std::make_shared<Wake>();  // sources may call it after the pipeline's end
  std::vector<Input> inputs_;
  std::vector<Lane> lanes_;
  std::vector<Record> records_;
  std::vector<std::string> damage_;
  std::string first_rejection_;
  struct Direct {
    Item item{};
    Arena arena{64 * 1024};
  };
  std::array<Direct, 2> direct_;
  bool past_until_ = false;
  bool moved_ = false;  // this step took in at least one record
  LatencyHistogram eval_latency_;
  uint64_t accepted_ = 0;
  TimeMs deliveries_kept_ = kNoTime;
  std::vector<uint64_t> committed_offsets_;
};

// People's actions as records of the log:
// {"alert":…,"action":"acknowledge","by":…,"to":…,"outcome":…,"note":…,"at":ms}.
std::string action_record(const alert::Action& action);
Result<alert::Action> parse_action_record(std::string_view payload);

}  // namespace tocsin::runtime
