#include "runtime/pipeline.h"

#include <algorithm>
#include <tuple>

#include "event/event_writer.h"
#include "runtime/silence_record.h"

namespace tocsin::runtime {

void Pipeline::add(Source& source, const std::function<Decoder*(uint32_t)>& decoder) {
  inputs_.push_back({&source, decoder, 0, 0, false});
}

Status Pipeline::open() {
  for (Input& input : inputs_) {
    const std::vector<std::string> names = input.source->partitions();
    input.first_lane = lanes_.size();
    input.lanes = names.size();
    std::vector<uint64_t> offsets;
    for (uint32_t i = 0; i < names.size(); ++i) {
      Decoder* decoder = input.decoder(i);
      const uint32_t p = engine_.add_partition(names[i], decoder == nullptr ? 0 : decoder->lateness());
      offsets.push_back(engine_.next_offset(p));
      Lane& lane = lanes_.emplace_back();
      lane.source = input.source;
      lane.index = i;
      lane.partition = p;
      lane.decoder = decoder;
      lane.name = names[i];
      // Actions carry no event time; a lane that has brought nothing yet must not hold back a live service.
      // One that the state has read does: what it missed while the service was away must not be late.
      const bool known = engine_.has_history(p);
      lane.idle = decoder == nullptr || (clock_ != nullptr && !known);
      if (lane.idle) engine_.set_idle(p, true);
    }
    if (auto s = input.source->seek(offsets); !s) return s;
    input.source->on_arrival([wake = wake_] { wake->notify(); });
  }
  return publisher_.open();
}

bool Pipeline::batch_full() const {
  return engine_.pending_events() >= options_.batch_events || engine_.pending_bytes() >= options_.batch_bytes;
}

bool Pipeline::all_ended() const {
  return std::ranges::all_of(inputs_, [](const Input& i) { return i.ended; }) && drained();
}

bool Pipeline::drained() const {
  return std::ranges::all_of(lanes_, [](const Lane& l) { return l.items.empty(); });
}

void Pipeline::decode(Lane& lane, const Record& record, std::string_view payload, Arena& arena, Item& item) {
  item.offset = record.offset;
  item.next_offset = record.next_offset;
  item.log_time = record.timestamp;
  item.payload = payload;
  if (lane.decoder == nullptr) {
    item.what = Item::What::kAction;
    return;
  }
  Rejection why;
  if (!record.fault.empty()) {
    why.reason = record.fault;
    why.message = "the record could not be read whole";
  } else if (lane.decoder->decode(payload, arena, item.event, why)) {
    const TimeMs present = clock_ != nullptr ? clock_->now() : options_.future_of_log ? record.timestamp : kNoTime;
    const bool ahead = present != kNoTime && item.event.occurred_at > present + options_.future;
    item.what = ahead ? Item::What::kRejected : Item::What::kEvent;
    if (!ahead) return;
    why.reason = "time_in_future";
    why.message = "occurred_at lies ahead of this machine's clock; check the sender's clock and time zone";
  } else if (why.reason.empty() || why.reason == "skipped") {
    item.what = Item::What::kSkip;
    return;
  }
  item.what = Item::What::kRejected;
  item.reason = why.reason;
  item.message = std::move(why.message);
}

void Pipeline::reject(Lane& lane, const Item& item) {
  DeadLetter letter;
  letter.partition = lane.name;
  letter.offset = item.offset;
  letter.place = lane.source->place(lane.index, item.offset);
  letter.source = lane.decoder == nullptr ? "actions" : std::string(lane.decoder->source_name());
  letter.reason = item.reason;
  letter.message = item.message;
  letter.masked = lane.decoder == nullptr ? std::string() : lane.decoder->masked(item.payload);
  letter.log_time = item.log_time;
  if (first_rejection_.empty() && lane.decoder != nullptr) {
    first_rejection_ = letter.place + ": " + (letter.message.empty() ? letter.reason : letter.message);
  }
  engine_.reject(std::move(letter), lane.partition, item.next_offset);
}

bool Pipeline::apply_silence(Lane& lane, const Item& item) {
  auto record = parse_silence_record(item.payload);
  if (!record.has_value()) return false;
  Item fault = item;
  fault.reason = "malformed";
  if (*record) {
    SilenceRecord& r = **record;
    if (r.at == kNoTime) r.at = item.log_time;
    const bool done = r.ends ? engine_.unsilence(r.silence.id, r.at, lane.partition, item.next_offset, fault.message)
                             : engine_.silence(r.silence, lane.partition, item.next_offset, fault.message);
    if (done) return true;
    fault.reason = "unknown_silence";
  } else {
    fault.message = record->error().message;
  }
  reject(lane, fault);
  return true;
}

void Pipeline::apply_action(Lane& lane, const Item& item) {
  if (apply_silence(lane, item)) return;
  auto action = parse_action_record(item.payload);
  if (action) {
    if (action->at == kNoTime) action->at = item.log_time;
    if (engine_.act(*action, lane.partition, item.next_offset, item.log_time)) return;
  }
  Item fault = item;
  fault.reason = action ? "unknown_alert" : "malformed";
  fault.message = action ? "there is no alert " + action->alert_id : action.error().message;
  reject(lane, fault);
}

Outcome Pipeline::accept(const Lane& lane, const Item& item) {
  constexpr uint64_t kSampled = 64;
  const bool measured = ticker && ++accepted_ % kSampled == 0;
  const uint64_t begin = measured ? ticker() : 0;
  const Outcome outcome = engine_.accept(item.event, lane.partition, item.next_offset, item.log_time);
  if (measured) eval_latency_.record_ns(ticker() - begin);
  return outcome;
}

void Pipeline::apply(Lane& lane, Item& item) {
  moved_ = true;
  if (clock_ != nullptr) lane.last_record = clock_->now();
  switch (item.what) {
    case Item::What::kEvent:
      if (item.event.occurred_at > options_.until) {  // earlier ones may still follow, within the lateness
        past_until_ = item.event.occurred_at - lane.decoder->lateness() > options_.until;
        return;
      }
      lane.idle = false;
      if (pace) pace(item.event.occurred_at);
      if (accept(lane, item) == Outcome::kLate) {
        std::string json;
        append_event(json, item.event);
        engine_.keep_late(std::move(json));
      }
      return;
    case Item::What::kRejected:
      return reject(lane, item);
    case Item::What::kAction:
      return apply_action(lane, item);
    case Item::What::kSkip:
      return engine_.skip(lane.partition, item.next_offset);
  }
}

// One record is decoded ahead of the one that is applied, so that what the router will ask of the next is on its way
// from memory meanwhile.
void Pipeline::take_direct(Lane& lane) {
  Item* waiting = nullptr;
  for (size_t i = 0; i < records_.size() && !past_until_; ++i) {
    Direct& d = direct_[i % direct_.size()];
    d.arena.reset();
    d.item.event = Event();
    decode(lane, records_[i], records_[i].payload, d.arena, d.item);
    if (d.item.what == Item::What::kEvent) engine_.fetch(d.item.event);
    if (waiting != nullptr) apply(lane, *waiting);
    waiting = &d.item;
  }
  if (waiting != nullptr && !past_until_) apply(lane, *waiting);
}

void Pipeline::read_ahead(Lane& lane, const Record& record) {
  if (lane.items.empty()) lane.arena->reset();
  constexpr size_t kPadding = 64;  // that simdjson may read past the end
  char* copy = static_cast<char*>(lane.arena->allocate(record.payload.size() + kPadding, 1));
  std::copy(record.payload.begin(), record.payload.end(), copy);
  Record kept = record;
  if (!record.fault.empty()) kept.fault = lane.arena->copy(record.fault);  // the source's next poll takes it back
  lane.items.emplace_back();
  decode(lane, kept, {copy, record.payload.size()}, *lane.arena, lane.items.back());
}

// A damaged part of a log (a compressed file that was cut off) is told and passed over; what was readable has been
// read.
Result<PollState> Pipeline::read(Source& source, size_t max, DurationMs wait) {
  auto state = source.poll(max, wait, records_);
  if (state || state.error().code != Code::kCorrupt) return state;
  if (!damage_.empty() && damage_.back() == state.error().message) return state;  // told, and no way past it
  damage_.push_back(state.error().message);
  return PollState::kRecords;
}

// One lane: records go straight through, nothing is copied.
Result<bool> Pipeline::fill_direct() {
  Input& input = inputs_[0];
  bool first = true;
  while (!batch_full() && !past_until_ && !input.ended) {
    records_.clear();
    const size_t room = options_.batch_events - engine_.pending_events();
    auto state = read(*input.source, room, first && clock_ != nullptr ? options_.poll_wait : 0);
    if (!state) return state.error();
    take_direct(lanes_[0]);
    if (*state == PollState::kEnd) input.ended = true;
    if (*state == PollState::kIdle) break;
    first = false;
  }
  return true;
}

Result<bool> Pipeline::poll(Input& input, DurationMs wait) {
  records_.clear();
  auto state = read(*input.source, options_.batch_events, wait);
  if (!state) return state.error();
  for (const Record& r : records_) {
    Lane& lane = lanes_[input.first_lane + r.partition];
    read_ahead(lane, r);
    const bool full = lane.arena->capacity() > options_.lane_bytes && !lane.items.empty();
    if (full && !lane.held) {
      lane.held = true;
      input.source->hold(lane.index, true);
    }
  }
  if (*state == PollState::kEnd) input.ended = true;
  return !records_.empty();
}

// True: the merge has to wait for this lane, because it has a backlog but brought nothing yet.
bool Pipeline::starving(const Lane& lane) {
  if (!lane.items.empty()) return false;
  for (const Input& input : inputs_) {
    if (input.source == lane.source && input.ended) return false;
  }
  return !lane.source->at_head(lane.index);
}

// A person acted on what was known when the log took the action: the events that it had by then.
bool Pipeline::acted_before(const Item& action, const Item& event) {
  if (action.log_time == kNoTime) return true;
  return action.log_time <= (event.log_time != kNoTime ? event.log_time : event.event.occurred_at);
}

// Of one time, the one that its log took first; then by name, so that it does not matter who stands in which partition.
bool Pipeline::goes_first(const Item& a, const Item& b) {
  if (a.what == Item::What::kAction && b.what == Item::What::kEvent) return acted_before(a, b);
  if (a.what == Item::What::kEvent && b.what == Item::What::kAction) return !acted_before(b, a);
  if (a.what != Item::What::kEvent || b.what != Item::What::kEvent) {
    return a.what != Item::What::kEvent && b.what == Item::What::kEvent;
  }
  if (a.event.occurred_at != b.event.occurred_at) return a.event.occurred_at < b.event.occurred_at;
  if (a.log_time != b.log_time) return a.log_time < b.log_time;
  return std::tie(a.event.source, a.event.id) < std::tie(b.event.source, b.event.id);
}

// Lanes of events first, then people's: an action is compared with the event that goes first.
Pipeline::Lane* Pipeline::earliest() {
  Lane* best = nullptr;
  for (Lane& lane : lanes_) {
    if (lane.items.empty() || lane.decoder == nullptr) continue;
    if (best == nullptr || goes_first(lane.items.front(), best->items.front())) best = &lane;
  }
  for (Lane& lane : lanes_) {
    if (lane.items.empty() || lane.decoder != nullptr) continue;
    if (best == nullptr || goes_first(lane.items.front(), best->items.front())) best = &lane;
  }
  return best;
}

// A replay: a lane that has ended lets time go on without it, until a part that is moved on has more of it.
void Pipeline::rest(Lane& lane, bool idle) {
  if (lane.decoder == nullptr && !idle) return;
  lane.idle = idle;
  engine_.set_idle(lane.partition, idle);
}

Result<bool> Pipeline::fill_merged() {
  bool waited = false;
  while (!batch_full() && !past_until_) {
    bool wanting = false;
    for (Lane& lane : lanes_) {
      if (!starving(lane)) {
        lane.waiting_since = kNoTime;
        if (clock_ == nullptr && lane.idle != lane.items.empty()) rest(lane, lane.items.empty());
        continue;
      }
      if (clock_ == nullptr && lane.idle) rest(lane, false);
      const TimeMs now = clock_ == nullptr ? 0 : clock_->now();
      if (lane.waiting_since == kNoTime) lane.waiting_since = now;
      wanting = wanting || clock_ == nullptr || now - lane.waiting_since < options_.patience;
    }
    Lane* lane = wanting ? nullptr : earliest();
    if (lane == nullptr) {
      wake_->arm();
      bool changed = false;  // records, or an input's end: both may mean that no lane has to be waited for any more
      for (Input& input : inputs_) {
        if (input.ended) continue;
        auto any = poll(input, 0);
        if (!any) return any.error();
        changed = changed || *any || input.ended;
      }
      if (changed) continue;
      if (waited || all_ended() || moved_) break;
      wake_->wait(options_.poll_wait);  // nothing anywhere, so no source stands behind another
      waited = true;
      continue;
    }
    apply(*lane, lane->items.front());
    if (past_until_) break;
    lane->items.pop_front();
    if (lane->held && lane->items.empty()) {
      lane->held = false;
      lane->source->hold(lane->index, false);
    }
  }
  return true;
}

// Live: partitions that are quiet at the head of their log follow the clock, so that deadlines fire in quiet streams.
void Pipeline::tick() {
  if (clock_ == nullptr) return;
  const TimeMs now = clock_->now();
  for (Lane& lane : lanes_) {
    if (lane.decoder == nullptr || !lane.items.empty()) continue;
    if (lane.last_record == kNoTime) lane.last_record = now;
    if (!lane.source->at_head(lane.index) || now - lane.last_record < options_.idle_after) continue;
    lane.idle = false;
    engine_.follow_clock(lane.partition, now);
  }
}

// A busy service stores with its commits how far the sinks are; one with nothing to commit does so by itself, at most
// once a second. A replay stores it at its end.
Status Pipeline::keep_deliveries() {
  constexpr DurationMs kPause = 1'000;
  if (clock_ == nullptr) return {};
  const TimeMs now = clock_->now();
  const bool clock_went_back = now < deliveries_kept_;
  if (deliveries_kept_ != kNoTime && now - deliveries_kept_ < kPause && !clock_went_back) return {};
  deliveries_kept_ = now;
  return engine_.keep_deliveries();
}

Status Pipeline::commit() {
  const uint64_t before = engine_.progress().commit;
  auto fresh = engine_.commit();
  if (!fresh) return fresh.error();
  publisher_.pump(*fresh, clock_ == nullptr ? kNoTime : clock_->now());
  for (const Input& input : inputs_) {
    committed_offsets_.clear();
    for (size_t i = 0; i < input.lanes; ++i) {
      committed_offsets_.push_back(engine_.next_offset(lanes_[input.first_lane + i].partition));
    }
    input.source->committed(committed_offsets_);
  }
  if (after_commit) after_commit();
  return engine_.progress().commit == before ? keep_deliveries() : Status();
}

Result<Pipeline::State> Pipeline::step() {
  moved_ = false;
  auto filled = lanes_.size() == 1 ? fill_direct() : fill_merged();
  if (!filled) return filled.error();
  tick();
  if (auto s = commit(); !s) return s.error();
  if (all_ended() || past_until_) return State::kEnd;
  return moved_ ? State::kBusy : State::kIdle;
}

Status Pipeline::finish(DurationMs wait) {
  const TimeMs end = options_.until == kNever ? engine_.greatest_event_time() : options_.until + 1;
  if (end != kNoTime) engine_.advance_to(end);
  return stop(wait);
}

Status Pipeline::stop(DurationMs wait) {
  engine_.request_checkpoint();
  if (auto s = commit(); !s) return s;
  while (engine_.under_way()) {
    if (auto s = commit(); !s) return s;
  }
  const Status flushed = publisher_.flush(wait);
  engine_.request_checkpoint();
  do {
    auto last = engine_.commit();
    if (!last) return last.error();
  } while (engine_.under_way());
  return flushed;
}

std::vector<Pipeline::LaneView> Pipeline::lanes() const {
  std::vector<LaneView> out;
  for (const Lane& lane : lanes_) {
    out.push_back({lane.name, lane.decoder == nullptr ? "actions" : std::string(lane.decoder->source_name()),
                   lane.source->at_head(lane.index), lane.decoder == nullptr,
                   engine_.partition_watermark(lane.partition)});
  }
  return out;
}

}  // namespace tocsin::runtime
