#include "runtime/publisher.h"

#include <algorithm>
#include <functional>

namespace tocsin::runtime {

Status Publisher::open() {
  for (Lane& lane : lanes_) {
    const uint64_t floor = engine_.sink_floor(std::string(lane.sink->name()));
    auto held = lane.sink->resume(floor);
    if (!held) return held.error();
    lane.offered = std::max(floor, *held);
  }
  return {};
}

void Publisher::offer(Lane& lane, std::span<const Outgoing> batch) {
  const uint64_t last = batch.back().sequence;
  const auto foreign = [&](const Outgoing& o) {
    return lane.takes != Takes::kAll && o.shadow != (lane.takes == Takes::kShadow);
  };
  if (std::ranges::any_of(batch, foreign)) {
    scratch_.clear();
    std::ranges::copy_if(batch, std::back_inserter(scratch_), std::not_fn(foreign));
    batch = scratch_;
    if (batch.empty()) {
      lane.offered = last;
      return;
    }
  }
  const Status s = lane.sink->publish(batch);
  if (s) {
    lane.offered = last;
    lane.published = batch.back().sequence;
  } else if (s.error().code != Code::kExhausted) {
    lane.fault = s.error().message;
  }
}

// What a sink is not offered (shadow alerts) counts as delivered with what stands before it, and stays so.
uint64_t Publisher::delivered(const Lane& lane) {
  const uint64_t done = lane.sink->delivered();
  return std::max(lane.told, done >= lane.published ? std::max(done, lane.offered) : done);
}

void Publisher::note_delivered(Lane& lane) {
  lane.told = delivered(lane);
  engine_.sink_delivered(std::string(lane.sink->name()), lane.told);
}

// Reads what the sink has not been offered from the store, in pages. False: it cannot take more now.
bool Publisher::catch_up(Lane& lane, uint64_t until) {
  constexpr size_t kPage = 256;
  while (lane.offered < until && lane.fault.empty()) {
    std::vector<std::pair<std::string, std::string>> texts;  // owns what the page points to
    std::vector<Outgoing> page;
    texts.reserve(kPage);
    const Status read = engine_.read_outbox(lane.offered + 1, kPage, [&](const Outgoing& o) {
      if (o.sequence > until) return;
      texts.emplace_back(o.alert_id, o.json);
      page.push_back({o.sequence, texts.back().first, texts.back().second, o.cause_timestamp, o.shadow, o.muted});
    });
    if (!read) {
      lane.fault = read.error().message;
      return false;
    }
    if (page.empty()) {
      lane.fault = "it could not take transition " + std::to_string(lane.offered + 1) +
                   ", and no state keeps it to be offered again";
      return false;
    }
    if (page.front().sequence != lane.offered + 1) {
      lane.fault = "it was away for longer than the history reaches: transitions " + std::to_string(lane.offered + 1) +
                   " to " + std::to_string(page.front().sequence - 1) + " are no longer kept";
      return false;
    }
    const uint64_t before = lane.offered;
    offer(lane, page);
    if (lane.offered == before) return false;
  }
  return lane.fault.empty();
}

void Publisher::pump(std::span<const Outgoing> fresh, TimeMs now) {
  for (Lane& lane : lanes_) {
    if (!lane.fault.empty()) continue;
    const uint64_t head = engine_.outbox();
    const uint64_t first = fresh.empty() ? head + 1 : fresh.front().sequence;
    if (lane.offered + 1 < first && !catch_up(lane, first - 1)) continue;
    if (!fresh.empty() && lane.offered < fresh.back().sequence) {
      offer(lane, fresh.subspan(lane.offered + 1 > first ? lane.offered + 1 - first : 0));
    }
    // Live, in a pause, what lies in a sink's buffers is brought home; a replay has no pauses, only an end.
    if (now != kNoTime && fresh.empty() && delivered(lane) < lane.offered) {
      const Status s = lane.sink->flush(0);
      const bool later = s || s.error().code == Code::kUnavailable || s.error().code == Code::kExhausted;
      if (!later) lane.fault = s.error().message;  // it will not deliver what it was given
    }
    note_delivered(lane);
  }
  if (now == kNoTime) return;
  times_.note(engine_.outbox(), now);
  uint64_t least = engine_.outbox();
  for (const Lane& lane : lanes_) least = std::min(least, lane.told);
  times_.forget(least);
  for (const Outgoing& o : fresh) {
    if (o.cause_timestamp != kNoTime) latency_.record_ms(now - o.cause_timestamp);
  }
}

// One that is away does not keep the others from what is theirs; the first trouble is answered.
Status Publisher::flush(DurationMs wait) {
  Status first;
  for (Lane& lane : lanes_) {
    const Status s = flush(lane, wait);
    note_delivered(lane);
    if (first && !s) first = s;
  }
  return first;
}

Status Publisher::flush(Lane& lane, DurationMs wait) {
  const std::string name(lane.sink->name());
  const DurationMs slice = std::max<DurationMs>(1, wait / 10);
  // A sink whose queue is full takes more as it drains; each round waits for a part of the time.
  for (DurationMs rest = wait; !catch_up(lane, engine_.outbox()); rest -= slice) {
    if (!lane.fault.empty()) return unavailable(name + ": " + lane.fault);
    if (rest <= 0) return unavailable(name + " does not take more alerts");
    (void)lane.sink->flush(slice).is_ok();
  }
  return lane.sink->flush(wait);
}

uint64_t Publisher::depth_of(const Lane& lane) const {
  const uint64_t done = delivered(lane);
  const uint64_t head = engine_.outbox();
  return head > done ? head - done : 0;
}

uint64_t Publisher::depth() const {
  uint64_t depth = 0;
  for (const Lane& lane : lanes_) depth = std::max(depth, depth_of(lane));
  return depth;
}

std::vector<Publisher::SinkView> Publisher::sinks(TimeMs now) const {
  std::vector<SinkView> out;
  for (const Lane& lane : lanes_) {
    SinkView& view = out.emplace_back(SinkView{std::string(lane.sink->name()), depth_of(lane), !lane.fault.empty()});
    const TimeMs since = now == kNoTime || view.depth == 0 ? kNoTime : times_.of(delivered(lane) + 1);
    if (since != kNoTime) view.waiting = std::max<DurationMs>(now - since, 0);
  }
  return out;
}

std::string Publisher::fault() const {
  for (const Lane& lane : lanes_) {
    if (!lane.fault.empty()) return std::string(lane.sink->name()) + ": " + lane.fault;
  }
  return {};
}

}  // namespace tocsin::runtime
