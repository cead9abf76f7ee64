#include "runtime/alert_book.h"

#include <algorithm>
#include <mutex>

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

bool AlertBook::matches(const AlertLine& l, const AlertFilter& f) {
  const auto among = [](const auto& set, auto v) { return set.empty() || std::ranges::find(set, v) != set.end(); };
  const auto under = [&](const std::string& code) { return !code.empty() && code.starts_with(f.area); };
  if (l.shadow && !f.shadow) return false;
  if (!among(f.status, l.status) || !among(f.severity, l.severity)) return false;
  if (!f.rule.empty() && f.rule != l.rule_id) return false;
  if (!f.owner.empty() && f.owner != l.owner) return false;
  return f.area.empty() || under(l.city) || under(l.town) || under(l.village) || under(l.grid);
}

std::vector<AlertLine> AlertBook::list(const AlertFilter& filter, size_t limit, const Place* after, bool& more) const {
  const std::shared_lock lock(mutex_);
  std::vector<AlertLine> out;
  more = false;
  auto it = by_time_.end();
  if (filter.until != kNever) it = by_time_.lower_bound({filter.until, std::string()});
  if (after != nullptr) it = by_time_.lower_bound({after->opened_at, after->alert_id});
  while (it != by_time_.begin()) {
    --it;
    if (it->first < filter.since) break;
    const AlertLine& line = by_id_.at(it->second);
    if (!matches(line, filter)) continue;
    if (out.size() == limit) {
      more = true;
      break;
    }
    out.push_back(line);
  }
  return out;
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
  const auto it = by_id_.find(line.alert_id);
  if (it != by_id_.end()) unlist(it->second);
  if (line.is_open()) {
    Open& open = open_[{line.rule_id, line.severity}];
    ++open.count;
    if (!line.shadow) open.opened.insert(line.opened_at);
    if (!line.shadow && line.status == alert::AlertStatus::kOpen) open.waiting.insert(line.opened_at);
  } else {
    ended_.insert({line.updated_at, line.alert_id});
  }
  by_time_.insert({line.opened_at, line.alert_id});
  latest_ = std::max(latest_, line.updated_at);
  by_id_[line.alert_id] = std::move(line);
}

void AlertBook::unlist(const AlertLine& line) {
  if (line.is_open()) {
    Open& open = open_[{line.rule_id, line.severity}];
    --open.count;
    if (!line.shadow) open.opened.erase(open.opened.find(line.opened_at));
    if (!line.shadow && line.status == alert::AlertStatus::kOpen) open.waiting.erase(open.waiting.find(line.opened_at));
  } else {
    ended_.erase({line.updated_at, line.alert_id});
  }
  by_time_.erase({line.opened_at, line.alert_id});
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
