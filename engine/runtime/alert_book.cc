#include "runtime/alert_book.h"

#include <algorithm>
#include <mutex>
#include <tuple>

#include "event/area_table.h"

namespace tocsin::runtime {

void encode(Writer& out, const AlertLine& l) {
  for (const std::string* s : {&l.alert_id, &l.rule_id, &l.owner, &l.city, &l.town, &l.village, &l.grid}) out.str(*s);
  out.hash(l.key);
  out.zigzag(l.opened_at);
  out.zigzag(l.updated_at);
  out.varint(l.sequence);
  out.varint(l.seq);
  out.u8(static_cast<uint8_t>(l.severity));
  out.u8(static_cast<uint8_t>(l.status));
  out.flag(l.shadow);
}

AlertLine decode_alert_line(Reader& in) {
  AlertLine l;
  for (std::string* s : {&l.alert_id, &l.rule_id, &l.owner, &l.city, &l.town, &l.village, &l.grid}) *s = in.str();
  l.key = in.hash();
  l.opened_at = in.zigzag();
  l.updated_at = in.zigzag();
  l.sequence = in.varint();
  l.seq = static_cast<uint32_t>(in.varint());
  l.severity = static_cast<detect::Severity>(in.u8());
  l.status = static_cast<alert::AlertStatus>(in.u8());
  l.shadow = in.flag();
  return l;
}

bool AlertLine::under(std::string_view area) const {
  if (area.empty()) return true;
  for (const std::string* code : {&city, &town, &village, &grid}) {
    if (!code->empty() && lies_under(*code, area)) return true;
  }
  return false;
}

bool AlertBook::ByTime::operator()(const AlertLine* a, const AlertLine* b) const {
  return std::tie(a->opened_at, a->alert_id) < std::tie(b->opened_at, b->alert_id);
}
bool AlertBook::ByTime::operator()(const AlertLine* a, const Place& b) const {
  return std::tie(a->opened_at, a->alert_id) < std::tie(b.opened_at, b.alert_id);
}
bool AlertBook::ByTime::operator()(const Place& a, const AlertLine* b) const {
  return std::tie(a.opened_at, a.alert_id) < std::tie(b->opened_at, b->alert_id);
}

bool AlertBook::matches(const AlertLine& l, const AlertFilter& f) {
  const auto among = [](const auto& set, auto v) { return set.empty() || std::ranges::find(set, v) != set.end(); };
  if (l.shadow && !f.shadow) return false;
  if (!among(f.status, l.status) || !among(f.severity, l.severity)) return false;
  if (!f.rule.empty() && f.rule != l.rule_id) return false;
  if (!f.owner.empty() && f.owner != l.owner) return false;
  return l.under(f.scope) && l.under(f.area);
}

// The smallest bucket that surely holds all that the filter lets through.
const AlertBook::Bucket& AlertBook::narrowest(const AlertFilter& f) const {
  static const Bucket kNothing;
  const Bucket* best = &all_;
  for (const std::string* code : {&f.scope, &f.area}) {
    if (!is_level_code(*code)) continue;
    const auto it = by_area_.find(*code);
    if (it == by_area_.end()) return kNothing;
    if (it->second.open.size() + it->second.ended.size() < best->open.size() + best->ended.size()) best = &it->second;
  }
  return *best;
}

// Newest first, those before `before` alone, until f is false.
void AlertBook::walk(const AlertFilter& filter, const Place& before,
                     const std::function<bool(const AlertLine&)>& f) const {
  const auto wanted = [&](bool open) {
    return filter.status.empty() || std::ranges::any_of(filter.status, [&](alert::AlertStatus s) {
             return (s < alert::AlertStatus::kResolved) == open;
           });
  };
  const Bucket& bucket = narrowest(filter);
  auto open = wanted(true) ? bucket.open.lower_bound(before) : bucket.open.begin();
  auto ended = wanted(false) ? bucket.ended.lower_bound(before) : bucket.ended.begin();
  while (true) {
    const bool some_open = open != bucket.open.begin(), some_ended = ended != bucket.ended.begin();
    if (!some_open && !some_ended) return;
    const bool take_open = some_open && (!some_ended || ByTime()(*std::prev(ended), *std::prev(open)));
    const AlertLine& line = take_open ? **--open : **--ended;
    if (line.opened_at < filter.since) return;
    if (matches(line, filter) && !f(line)) return;
  }
}

std::vector<AlertLine> AlertBook::list(const AlertFilter& filter, size_t limit, const Place* after, bool& more) const {
  const std::shared_lock lock(mutex_);
  std::vector<AlertLine> out;
  more = false;
  Place before{filter.until, {}};
  if (after != nullptr && after->opened_at < filter.until) before = *after;
  walk(filter, before, [&](const AlertLine& line) {
    more = out.size() == limit;
    if (!more) out.push_back(line);
    return !more;
  });
  return out;
}

void AlertBook::each(const AlertFilter& filter, const std::function<bool(const AlertLine&)>& f) const {
  const std::shared_lock lock(mutex_);
  walk(filter, {filter.until, {}}, f);
}

bool AlertBook::find(std::string_view alert_id, AlertLine& out) const {
  const std::shared_lock lock(mutex_);
  const auto it = by_id_.find(std::string(alert_id));
  if (it == by_id_.end()) return false;
  out = it->second;
  return true;
}

std::map<std::pair<std::string, detect::Severity>, AlertBook::OpenCount> AlertBook::open_counts() const {
  const std::shared_lock lock(mutex_);
  std::map<std::pair<std::string, detect::Severity>, OpenCount> out;
  for (const auto& [of, open] : open_) {
    out[of] = {open.count, open.waiting.size(), open.waiting.empty() ? kNoTime : *open.waiting.begin()};
  }
  return out;
}

std::vector<uint64_t> AlertBook::opened_before(detect::Severity severity, std::span<const TimeMs> times) const {
  const std::shared_lock lock(mutex_);
  std::vector<uint64_t> out(times.size());
  for (const auto& [of, open] : open_) {
    if (of.second != severity) continue;
    for (size_t i = 0; i < times.size(); ++i) {
      out[i] += static_cast<uint64_t>(std::distance(open.opened.begin(), open.opened.lower_bound(times[i])));
    }
  }
  return out;
}

size_t AlertBook::size() const {
  const std::shared_lock lock(mutex_);
  return by_id_.size();
}

void AlertBook::put(AlertLine line) {
  const std::unique_lock lock(mutex_);
  const auto [it, fresh] = by_id_.try_emplace(line.alert_id);
  if (!fresh) unlist(it->second);
  latest_ = std::max(latest_, line.updated_at);
  it->second = std::move(line);
  enlist(it->second);
}

namespace {

// The codes of cities, towns, villages and grids that the alert lies under.
std::set<std::string> areas_of(const AlertLine& line) {
  std::set<std::string> out;
  for (const std::string* code : {&line.city, &line.town, &line.village, &line.grid}) {
    if (code->empty()) continue;
    out.insert(*code);
    for (const size_t length : {6, 9, 12}) {
      if (code->size() > length && is_level_code(code->substr(0, length))) out.insert(code->substr(0, length));
    }
  }
  return out;
}

}  // namespace

void AlertBook::enlist(const AlertLine& line) {
  const auto add = [&](Bucket& b) { (line.is_open() ? b.open : b.ended).insert(&line); };
  add(all_);
  for (const std::string& code : areas_of(line)) add(by_area_[code]);
  if (line.is_open()) {
    Open& open = open_[{line.rule_id, line.severity}];
    ++open.count;
    if (!line.shadow) open.opened.insert(line.opened_at);
    if (!line.shadow && line.status == alert::AlertStatus::kOpen) open.waiting.insert(line.opened_at);
  } else {
    ended_.insert({line.updated_at, line.alert_id});
  }
}

void AlertBook::unlist(const AlertLine& line) {
  const auto drop = [&](Bucket& b) { (line.is_open() ? b.open : b.ended).erase(&line); };
  drop(all_);
  for (const std::string& code : areas_of(line)) {
    const auto it = by_area_.find(code);
    drop(it->second);
    if (it->second.open.empty() && it->second.ended.empty()) by_area_.erase(it);
  }
  if (line.is_open()) {
    Open& open = open_[{line.rule_id, line.severity}];
    --open.count;
    if (!line.shadow) open.opened.erase(open.opened.find(line.opened_at));
    if (!line.shadow && line.status == alert::AlertStatus::kOpen) open.waiting.erase(open.waiting.find(line.opened_at));
  } else {
    ended_.erase({line.updated_at, line.alert_id});
  }
}

void AlertBook::erase(const std::string& alert_id) {
  const std::unique_lock lock(mutex_);
  const auto it = by_id_.find(alert_id);
  if (it == by_id_.end()) return;
  unlist(it->second);
  by_id_.erase(it);
}

std::vector<std::pair<std::string, uint32_t>> AlertBook::outdated(TimeMs before, size_t most) const {
  const std::shared_lock lock(mutex_);
  std::vector<std::pair<std::string, uint32_t>> out;
  for (const auto& [time, id] : ended_) {
    if (time >= before && ended_.size() - out.size() <= most) break;
    out.emplace_back(id, by_id_.at(id).seq);
  }
  return out;
}

TimeMs AlertBook::latest() const {
  const std::shared_lock lock(mutex_);
  return latest_;
}

}  // namespace tocsin::runtime
