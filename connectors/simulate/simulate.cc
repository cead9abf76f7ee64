#include "simulate.h"

#include <algorithm>
#include <array>
#include <vector>

#include "background.h"
#include "base/json_writer.h"

namespace tocsin::simulate {
namespace {

constexpr int64_t kMaxEvents = 100000000, kMaxDays = 3660;
constexpr int64_t kFewEvents = 5000;  // below this many grid reports a risk of each kind would be most of the feed

int64_t scaled(int64_t figure, int64_t events, int64_t base) { return (figure * events + base / 2) / base; }

// What is to be sent, by time of arrival.
class Feed {
 public:
  Feed(const LineWriter& lines, Plan& plan, TimeMs end, Random& random, EventSink& sink, Summary& summary)
      : lines_(lines), plan_(plan), end_(end), random_(random), sink_(sink), summary_(summary) {}
  void add(const Matter& m) { push(m.at + m.delay_s * kSecond, Phase::kReport, keep(m)); }
  // Sends all that arrives before `until`.
  Status send(TimeMs until);

 private:
  enum class Phase : uint8_t { kReport, kEcho, kStep };
  struct Entry {
    TimeMs arrival;
    uint64_t order;
    uint32_t slot;
    Phase phase;
    bool operator<(const Entry& o) const { return arrival != o.arrival ? arrival > o.arrival : order > o.order; }
  };
  uint32_t keep(const Matter& m);
  void push(TimeMs arrival, Phase phase, uint32_t slot);
  Status write(const Entry& e);
  void echo(const Matter& m, TimeMs arrival);
  // Puts the matter's next step in the queue, or lets the matter go.
  void go_on(uint32_t slot, TimeMs arrival);
  void hold_back(Matter& m, Step& s);
  void note(const Matter& m, TimeMs at, std::string id);

  const LineWriter& lines_;
  Plan& plan_;
  TimeMs end_;
  Random& random_;
  EventSink& sink_;
  Summary& summary_;
  std::vector<Entry> heap_;
  std::vector<Matter> slots_;
  std::vector<uint32_t> free_;
  uint64_t order_ = 0;
  std::array<uint64_t, kSources> numbers_{};
  std::string line_;
};

uint32_t Feed::keep(const Matter& m) {
  if (free_.empty()) {
    slots_.push_back(m);
    return static_cast<uint32_t>(slots_.size() - 1);
  }
  const uint32_t slot = free_.back();
  free_.pop_back();
  slots_[slot] = m;
  return slot;
}

void Feed::push(TimeMs arrival, Phase phase, uint32_t slot) {
  heap_.push_back({arrival, order_++, slot, phase});
  std::push_heap(heap_.begin(), heap_.end());
}

Status Feed::send(TimeMs until) {
  while (!heap_.empty() && heap_.front().arrival < until) {
    std::pop_heap(heap_.begin(), heap_.end());
    const Entry e = heap_.back();
    heap_.pop_back();
    if (Status s = write(e); !s) return s;
  }
  return Status::ok();
}

Status Feed::write(const Entry& e) {
  line_.clear();
  Matter& m = slots_[e.slot];
  if (e.phase == Phase::kReport) {
    m.number = ++numbers_[static_cast<size_t>(m.source)];
    lines_.report(m, e.arrival, 0, line_);
    std::string id;
    if (m.scene >= 0) {
      lines_.append_id(m, id);
      note(m, m.at, std::move(id));
    }
    if (m.aftermath != Aftermath::kNothing) {
      const Matter first = m;  // echo() may move the slots
      echo(first, e.arrival);
    }
    go_on(e.slot, e.arrival);
  } else if (e.phase == Phase::kEcho) {
    if (m.aftermath == Aftermath::kWithdrawn) {
      lines_.withdrawal(m, e.arrival, line_);
    } else {
      lines_.report(m, e.arrival, m.aftermath == Aftermath::kRevised ? 1 : 0, line_);
    }
    free_.push_back(e.slot);
  } else {
    const size_t i = m.next_step++;
    lines_.transition(m, i, e.arrival, line_);
    if (m.scene >= 0 && m.steps[i].evidence) {
      std::string id;
      lines_.append_step_id(m, i, id);
      note(m, m.steps[i].at, std::move(id));
    }
    go_on(e.slot, e.arrival);
  }
  ++summary_.lines;
  return sink_.event(e.arrival, line_);
}

void Feed::note(const Matter& m, TimeMs at, std::string id) {
  Label& label = plan_.labels[static_cast<size_t>(m.scene)];
  label.from = label.events.empty() ? at : std::min(label.from, at);
  if (!label.awaits) label.until = label.events.empty() ? at : std::max(label.until, at);
  label.events.push_back(std::move(id));
}

// The record again: the same, corrected, or taken back.
void Feed::echo(const Matter& first, TimeMs arrival) {
  Matter m = first;
  m.step_count = 0;
  m.scene = -1;
  TimeMs at = std::min(arrival + random_.between(20, 400) * kSecond, m.at + kMaxDelaySeconds * kSecond);
  if (m.aftermath == Aftermath::kRevised) {
    m.text = static_cast<uint16_t>(m.text + 1);
    m.people = static_cast<int32_t>(random_.between(1, 5));
  } else if (m.aftermath == Aftermath::kWithdrawn) {
    m.at = std::min(arrival + random_.between(900, 7200) * kSecond, end_ - 15 * kMinute);
    at = std::max(m.at, arrival) + random_.between(1, 60) * kSecond;
  }
  push(std::max(at, arrival + kSecond), Phase::kEcho, keep(m));
}

void Feed::go_on(uint32_t slot, TimeMs arrival) {
  Matter& m = slots_[slot];
  if (m.next_step >= m.step_count) {
    free_.push_back(slot);
    return;
  }
  Step& s = m.steps[m.next_step];
  if (m.next_step > 0) s.at = std::max(s.at, m.steps[m.next_step - 1U].at + kSecond);
  hold_back(m, s);
  const TimeMs sent = m.steps[m.next_step].at + random_.skewed(0, 200) * kSecond;
  push(std::max(sent, arrival + kSecond), Phase::kStep, slot);
}

// A town that closes nothing sends an answer instead, and closes later; a channel that is down sends nothing.
void Feed::hold_back(Matter& m, Step& s) {
  if (s.stage == Stage::kClosed && m.scene < 0 && m.step_count < kMaxSteps) {
    for (const SlowTown& slow : plan_.slow) {
      if (s.at < slow.from || s.at >= slow.until || !lines_.in_town(m, slow.town)) continue;
      std::copy_backward(m.steps.begin() + m.next_step, m.steps.begin() + m.step_count,
                         m.steps.begin() + m.step_count + 1);
      ++m.step_count;
      m.steps[m.next_step + 1U].at = slow.until + random_.between(0, 86400) * kSecond;
      s.stage = Stage::kFeedback;
      s.due = kNoTime;
      break;
    }
  }
  for (const Outage& o : plan_.outages)
    if (o.source == m.source && s.at >= o.from && s.at < o.until) s.at = o.until + random_.between(0, 2400) * kSecond;
}

Quotas quotas_of(const Profile& p, int64_t events, const Plan& plan) {
  const int64_t base = p.figure(Figure::kGridReports);
  const auto figure = [&](Figure f) { return scaled(p.figure(f), events, base); };
  Quotas q;
  int64_t grid = events, grade3 = figure(Figure::kGrade3);
  q.police110 = {figure(Figure::kPolice110Closed), figure(Figure::kPolice110) - figure(Figure::kPolice110Closed)};
  q.visits = {figure(Figure::kVisitsSettled), figure(Figure::kVisits) - figure(Figure::kVisitsSettled)};
  q.mediations = figure(Figure::kMediations);
  q.hotline = figure(Figure::kHotline);
  q.cityops = figure(Figure::kCityops);
  for (const Matter& m : plan.matters) {
    if (m.kind != EventKind::kReport) continue;
    switch (m.source) {
      case Source::kGrid:
        --grid;
        if (m.grade >= 3) --grade3;
        break;
      case Source::kPolice110:
        --q.police110[m.closes() ? 0 : 1];
        break;
      case Source::kVisit:
        --q.visits[m.closes() ? 0 : 1];
        break;
      case Source::kMediation:
        --q.mediations;
        break;
      case Source::kHotline12345:
        --q.hotline;
        break;
      case Source::kCityops:
        --q.cityops;
        break;
      case Source::kSensor:
      case Source::kCount_:
        break;
    }
  }
  q.grid[1] = figure(Figure::kSettledByGrid);
  q.grid[2] = std::min(figure(Figure::kRewarded), std::max<int64_t>(grade3, 0));
  q.grid[3] = std::max<int64_t>(grade3 - q.grid[2], 0);
  q.grid[0] = grid - q.grid[1] - q.grid[2] - q.grid[3];
  return q;
}

Status write_labels(std::vector<Label>& labels, const Civil& civil, LabelSink& sink, Summary& summary) {
  std::stable_sort(labels.begin(), labels.end(), [](const Label& a, const Label& b) { return a.from < b.from; });
  std::string line;
  for (const Label& l : labels) {
    if (l.too_early) continue;
    const std::string_view rule = kRiskNames[static_cast<size_t>(l.risk)];
    line.clear();
    std::string from, until;
    civil.append(from, l.from);
    civil.append(until, l.until);
    JsonWriter json(line);
    json.begin_object()
        .field("risk", rule)
        .field("rule", rule)
        .field("key", l.key)
        .field("from", from)
        .field("until", until);
    json.key("events").begin_array();
    for (const std::string& id : l.events) json.string(id);
    json.end_array().field("severity", l.severity).end_object();
    line.push_back('\n');
    ++summary.labels;
    if (Status s = sink.label(line); !s) return s;
  }
  return Status::ok();
}

// Where a channel is down, another one hears of a planned matter.
void avoid_outages(Plan& plan) {
  for (Matter& m : plan.matters)
    for (const Outage& o : plan.outages)
      if (m.source == o.source && m.at >= o.from && m.at < o.until)
        m.source = m.source == Source::kCityops ? Source::kHotline12345 : Source::kCityops;
}

Status check(const Options& o) {
  if (o.events < 0 || o.events > kMaxEvents) return invalid("events must be 1 to 100000000");
  if (o.days < 0 || o.days > kMaxDays) return invalid("days must be 1 to 3660");
  return Status::ok();
}

}  // namespace

Result<Summary> simulate(const Options& options, const Profile& profile, EventSink& events, LabelSink& labels) {
  if (Status s = check(options); !s) return s.error();
  const int64_t base = profile.figure(Figure::kGridReports);
  const DurationMs span = options.days > 0 ? options.days * kDay : profile.span;
  const int64_t reports =
      options.events > 0 ? options.events : std::max<int64_t>(1, scaled(base, span / kHour, profile.span / kHour));
  if (reports > kMaxEvents)
    return invalid("that many days have more than 100000000 events; give fewer --days or --events");

  const Geography geography(profile);
  const LineWriter lines(profile, geography);
  Frame frame;
  frame.start = options.start.value_or(profile.start) / kMinute * kMinute;
  if (frame.start < 0 || frame.start > 4000000000 * kSecond)
    return invalid("the start must be a time from 1970 to 2096");
  frame.end = frame.start + span;
  frame.per_thousand =
      static_cast<uint32_t>(std::min(reports * 1000 / base, span / kHour * 1000 / (profile.span / kHour)));
  frame.at_least_one = reports >= kFewEvents;
  frame.road_waterlogging = scaled(profile.figure(Figure::kRoadWaterlogging), reports, base);

  Plan plan = Planner(profile, geography, lines, frame, options.seed).plan();
  avoid_outages(plan);
  const Quotas quotas = quotas_of(profile, reports, plan);
  if (quotas.grid[0] < 0)
    return invalid("the planted risks need more grid reports than " + std::to_string(reports) + "; give more --events");

  Random random(options.seed ^ 0x746f6373696eULL);
  const Courses courses(lines.civil(), frame.end);
  Background background(profile, geography, courses, plan, quotas, frame.start, span / kHour, plan.cases, random);
  Summary summary;
  Feed feed(lines, plan, frame.end, random, events, summary);
  std::vector<Matter> batch;
  size_t planned = 0;
  for (int64_t hour = 0; hour < span / kHour; ++hour) {
    const TimeMs until = frame.start + (hour + 1) * kHour;
    batch.clear();
    background.hour(hour, batch);
    for (const Matter& m : batch) feed.add(m);
    for (; planned < plan.matters.size() && plan.matters[planned].at + plan.matters[planned].delay_s * kSecond < until;
         ++planned)
      feed.add(plan.matters[planned]);
    if (Status s = feed.send(until); !s) return s.error();
  }
  if (Status s = feed.send(kNever); !s) return s.error();
  if (Status s = write_labels(plan.labels, lines.civil(), labels, summary); !s) return s.error();
  return summary;
}

}  // namespace tocsin::simulate
