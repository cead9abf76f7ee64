#include "alert/policy.h"

#include <simdjson.h>

#include <algorithm>

#include "base/codec.h"
#include "base/json_writer.h"

namespace tocsin::alert {
namespace {

constexpr uint16_t kNoRule = UINT16_MAX;
constexpr DurationMs kRemembered = 400LL * 24 * 3600 * 1000;  // of an ended alert that was told again: its number
constexpr std::string_view kAlertKey = "policy/a/", kSilenceKey = "policy/s/";

bool is_ending(const Transition& t) { return t.status >= AlertStatus::kResolved; }

// The part of the alert's key that names a source.
std::string source_of(const Transition& t, int part) {
  simdjson::dom::parser parser;
  simdjson::dom::element root, value;
  if (parser.parse(t.json).get(root) != simdjson::SUCCESS) return {};
  if (root["data"]["key"].at(static_cast<size_t>(part)).get(value) != simdjson::SUCCESS) return {};
  std::string_view text;
  return value.get(text) == simdjson::SUCCESS ? std::string(text) : std::string();
}

void append_names(JsonWriter& w, std::string_view name, const std::vector<std::string>& ids) {
  if (ids.empty()) return;
  w.key(name).begin_array();
  for (const std::string& id : ids) w.string(id);
  w.end_array();
}

// Puts members at the end of `data`, which is the last member of the whole.
void put_in(std::string& json, std::string_view members) {
  constexpr size_t kEnd = 2;  // }}
  if (members.empty() || json.size() < kEnd) return;
  json.insert(json.size() - kEnd, std::string(",").append(members));
}

void encode(Writer& out, const Transition& t) {
  out.zigzag(t.tag.time);
  out.hash(t.tag.key);
  out.str(t.alert_id);
  out.varint(t.seq);
  out.u8(static_cast<uint8_t>(t.severity));
  out.u8(static_cast<uint8_t>(t.status));
  out.zigzag(t.time);
  out.zigzag(t.opened_at);
  out.flag(t.shadow);
  for (const std::string* s : {&t.city, &t.town, &t.village, &t.grid, &t.json}) out.str(*s);
  out.flag(t.has_location);
  if (!t.has_location) return;
  out.f64(t.lon);
  out.f64(t.lat);
}

Transition decode_transition(Reader& in) {
  Transition t;
  t.tag.time = in.zigzag();
  t.tag.key = in.hash();
  t.alert_id = in.str();
  t.seq = static_cast<uint32_t>(in.varint());
  t.severity = static_cast<detect::Severity>(std::min<uint8_t>(in.u8(), 4));
  t.status = static_cast<AlertStatus>(std::min<uint8_t>(in.u8(), static_cast<uint8_t>(AlertStatus::kClosed)));
  t.time = in.zigzag();
  t.opened_at = in.zigzag();
  t.shadow = in.flag();
  for (std::string* s : {&t.city, &t.town, &t.village, &t.grid, &t.json}) *s = in.str();
  t.has_location = in.flag();
  if (t.has_location) {
    t.lon = in.f64();
    t.lat = in.f64();
  }
  return t;
}

void encode(Writer& out, const rule::Silence& s) {
  for (const std::string* text : {&s.id, &s.by, &s.reason, &s.area}) out.str(*text);
  out.zigzag(s.from);
  out.zigzag(s.until);
  out.u8(static_cast<uint8_t>(s.at_most));
  out.varint(s.rules.size());
  for (const std::string& rule : s.rules) out.str(rule);
}

rule::Silence decode_silence(Reader& in) {
  rule::Silence s;
  for (std::string* text : {&s.id, &s.by, &s.reason, &s.area}) *text = in.str();
  s.from = in.zigzag();
  s.until = in.zigzag();
  s.at_most = static_cast<detect::Severity>(std::min<uint8_t>(in.u8(), 4));
  const uint64_t n = in.varint();
  for (uint64_t i = 0; i < n && in.ok(); ++i) s.rules.emplace_back(in.str());
  return s;
}

}  // namespace

std::string told_again(std::string_view json, const std::string& alert_id, uint32_t seq, TimeMs time,
                       std::string_view reason) {
  simdjson::dom::parser parser;
  simdjson::dom::object root, data;
  if (parser.parse(json.data(), json.size()).get(root) != simdjson::SUCCESS) return {};
  std::string out;
  JsonWriter w(out);
  const auto copy = [&](std::string_view name, simdjson::dom::element value) {
    w.key(name).raw(simdjson::minify(value));
  };
  w.begin_object();
  for (const auto& [name, value] : root) {
    if (name == "id") {
      w.field("id", alert_id + "/" + std::to_string(seq));
    } else if (name == "type") {
      w.field("type", "tocsin.alert.updated");
    } else if (name == "time") {
      w.field("time", format_time(time));
    } else if (name != "data") {
      copy(name, value);
    }
  }
  if (root["data"].get(data) != simdjson::SUCCESS) return {};
  // Of this telling alone: a person's words, a correction's verdicts, and the marks.
  static constexpr std::string_view kPassing[] = {"by", "to", "note", "before", "after", "inhibited_by", "silenced_by"};
  w.key("data").begin_object();
  for (const auto& [name, value] : data) {
    if (name == "seq") {
      w.field("seq", int64_t{seq});
    } else if (name == "updated_at") {
      w.field("updated_at", format_time(time));
    } else if (name == "reason") {
      w.field("reason", reason);
    } else if (std::ranges::find(kPassing, name) == std::end(kPassing)) {
      copy(name, value);
    }
  }
  w.end_object().end_object();
  return out;
}

void renumber(std::string& json, const std::string& alert_id, uint32_t from, uint32_t to) {
  const auto replace = [&](const std::string& before, const std::string& after) {
    const size_t at = json.find(before);
    if (at != std::string::npos) json.replace(at, before.size(), after);
  };
  const std::string id = "\"id\":\"" + alert_id + "/";
  replace(id + std::to_string(from) + "\"", id + std::to_string(to) + "\"");
  const std::string seq = "\"alert_id\":\"" + alert_id + "\",\"seq\":";
  replace(seq + std::to_string(from) + ",", seq + std::to_string(to) + ",");
}

Policy::Policy(std::shared_ptr<const rule::RuleSet> rules) : rules_(std::move(rules)) { prepare(); }

Policy::Policy(std::shared_ptr<const rule::RuleSet> rules, const Policy& before, TimeMs watermark)
    : rules_(std::move(rules)) {
  prepare();
  for (const auto& [id, s] : before.silences_) {
    if (!s.in_file) silences_.emplace(id, s);
  }
  followed_ = before.followed_;
  changed_ = before.changed_;
  for (auto& [id, f] : followed_) {
    const auto it = index_.find(f.rule);
    f.last.rule = it == index_.end() ? kNoRule : it->second;
    if (f.live && f.last.rule != kNoRule && rows_[f.last.rule].inhibits) sources_[f.last.rule].insert(id);
    if (f.live && f.marked) marked_.insert(id);
    if (!f.live) done_.insert({f.last.time, id});
  }
  check_at(watermark);
}

void Policy::check_at(TimeMs watermark) {
  recheck_ = !marked_.empty() && watermark != kNoTime;
  checked_at_ = watermark;
}

void Policy::prepare() {
  const auto& rules = rules_->rules();
  rows_.resize(rules.size());
  for (size_t i = 0; i < rules.size(); ++i) index_[rules[i].id] = static_cast<uint16_t>(i);
  const auto inhibits = [&](const std::string& source, const std::string& target) {
    const auto from = index_.find(source), to = index_.find(target);
    if (from == index_.end() || to == index_.end()) return;  // switched off
    rows_[from->second].inhibits = inhibiting_ = true;
    rows_[to->second].inhibitors.push_back(from->second);
  };
  for (size_t i = 0; i < rules.size(); ++i) {
    for (const std::string& target : rules[i].inhibits) inhibits(rules[i].id, target);
    for (const std::string& source : rules[i].inhibited_by) inhibits(source, rules[i].id);
    const auto part = std::ranges::find(rules[i].key_names, "source");
    if (part != rules[i].key_names.end()) rows_[i].source_part = static_cast<int>(part - rules[i].key_names.begin());
    grouped_ = grouped_ || !rules[i].group.empty();
  }
  for (Row& row : rows_) {
    std::ranges::sort(row.inhibitors);
    row.inhibitors.erase(std::unique(row.inhibitors.begin(), row.inhibitors.end()), row.inhibitors.end());
  }
  for (const rule::Silence& s : rules_->silences()) silences_.emplace(s.id, s);
}

bool Policy::covers(const rule::Silence& s, const std::string& rule_id, const Transition& t) {
  if (t.time < s.from || t.time >= s.until || t.severity > s.at_most) return false;
  if (!s.rules.empty() && std::ranges::find(s.rules, rule_id) == s.rules.end()) return false;
  const auto under = [&](const std::string& code) { return !code.empty() && code.starts_with(s.area); };
  return s.area.empty() || under(t.city) || under(t.town) || under(t.village) || under(t.grid);
}

bool Policy::lies_in(const Transition& target, const Followed& source) const {
  const auto holds = [](const std::string& theirs, const std::string& ours) {
    return theirs.empty() || theirs == ours;
  };
  const Transition& s = source.last;
  const bool inside = holds(s.city, target.city) && holds(s.town, target.town) && holds(s.village, target.village) &&
                      holds(s.grid, target.grid);
  if (!inside || source.source.empty()) return inside;
  const auto& from = rules_->rules()[target.rule].from;
  return std::ranges::find(from, source.source) != from.end();
}

Policy::Marks Policy::marks_of(const Transition& t) const {
  Marks marks;
  for (const uint16_t rule : rows_[t.rule].inhibitors) {
    const auto live = sources_.find(rule);
    if (live == sources_.end()) continue;
    for (const std::string& id : live->second) {
      if (marks.inhibited_by.size() >= kMaxNamed) break;
      if (id != t.alert_id && lies_in(t, followed_.at(id))) marks.inhibited_by.push_back(id);
    }
  }
  for (const auto& [id, s] : silences_) {
    if (covers(s, rules_->rules()[t.rule].id, t)) marks.silenced_by.push_back(id);
  }
  return marks;
}

// Values of the rule's `group`, with slashes between; "-" where an alert has none.
std::string Policy::group_of(const Transition& t) const {
  const rule::Rule& rule = rules_->rules()[t.rule];
  std::string out;
  for (const std::string& part : rule.group) {
    std::string_view value;
    if (part == "rule") value = rule.id;
    if (part == "owner") value = rule.owner;
    if (part == "severity") value = detect::name_of(t.severity);
    if (part == "area.city") value = t.city;
    if (part == "area.town") value = t.town;
    if (part == "area.village") value = t.village;
    if (part == "area.grid") value = t.grid;
    out.append(out.empty() ? "" : "/").append(value.empty() ? "-" : value);
  }
  return out;
}

void Policy::erase(const std::string& id) {
  const auto it = followed_.find(id);
  if (it == followed_.end()) return;
  if (const auto live = sources_.find(it->second.last.rule); live != sources_.end()) live->second.erase(id);
  marked_.erase(id);
  done_.erase({it->second.last.time, id});
  followed_.erase(it);
  changed_.insert(std::string(kAlertKey) + id);
}

void Policy::follow(const Transition& t, const Marks& marks, bool live) {
  const auto known = followed_.find(t.alert_id);
  const bool inhibits = rows_[t.rule].inhibits && !t.shadow;
  const bool needed = (live && (inhibits || marks.any())) || (known != followed_.end() && known->second.added > 0);
  if (!needed) return erase(t.alert_id);
  if (known == followed_.end() && followed_.size() >= kMaxFollowed) return;
  const bool told_before = known == followed_.end() ? t.seq > 1 : known->second.told;
  Followed& f = followed_[t.alert_id];
  done_.erase({f.last.time, t.alert_id});
  f.last = t;
  f.live = live;
  f.marked = live && marks.any();
  f.told = told_before || !marks.any();
  if (!f.marked) f.last.json.clear();
  f.rule = rules_->rules()[t.rule].id;
  if (inhibits && f.source.empty() && rows_[t.rule].source_part >= 0)
    f.source = source_of(t, rows_[t.rule].source_part);
  if (inhibits) live ? sources_[t.rule].insert(t.alert_id), void() : void(sources_[t.rule].erase(t.alert_id));
  f.marked ? void(marked_.insert(t.alert_id)) : void(marked_.erase(t.alert_id));
  if (!live) done_.insert({t.time, t.alert_id});
  changed_.insert(std::string(kAlertKey) + t.alert_id);
}

void Policy::take(Transition& t, std::vector<Transition>& out) {
  const auto known = followed_.find(t.alert_id);
  const bool lived = known != followed_.end() && known->second.live;
  const bool told = known == followed_.end() ? t.seq > 1 : known->second.told;
  if (known != followed_.end() && known->second.added > 0) {
    renumber(t.json, t.alert_id, t.seq, t.seq + known->second.added);
    t.seq += known->second.added;
  }
  const Marks marks = marks_of(t);
  t.muted = marks.any() && !(is_ending(t) && told);
  std::string members;
  JsonWriter w(members);
  if (const std::string group = group_of(t); !group.empty()) w.field("group", group);
  append_names(w, "inhibited_by", marks.inhibited_by);
  append_names(w, "silenced_by", marks.silenced_by);
  put_in(t.json, members);
  const bool live = !is_ending(t);
  follow(t, marks, live);
  const TimeMs time = t.time, watermark = t.tag.time;
  const bool over = lived && !live && rows_[t.rule].inhibits;
  out.push_back(std::move(t));
  if (over) tell_again(time, watermark, "uninhibited", out);
}

void Policy::tell_again(TimeMs time, TimeMs watermark, std::string_view reason, std::vector<Transition>& out,
                        bool restarted) {
  const std::vector<std::string> ids(marked_.begin(), marked_.end());
  for (const std::string& id : ids) {
    Followed& f = followed_.at(id);
    if (f.last.rule == kNoRule) {
      erase(id);
      continue;
    }
    // What holds now: a silence is asked about this instant, not about that of the last telling. After a restart there
    // is no such instant: what marked the last telling is either still there or not.
    Transition now = f.last;
    if (!restarted) now.time = std::max(time, f.last.time);
    if (marks_of(now).any()) continue;
    now.time = std::max(time, f.last.time);
    now.type = TransitionType::kUpdated;
    now.seq = f.last.seq + 1;
    now.json = told_again(f.last.json, id, now.seq, now.time, reason);
    now.muted = false;
    now.tag.time = watermark;
    now.tag.phase = 1;
    now.tag.position = 0;
    f.last = now;
    f.last.json.clear();
    ++f.added;
    f.marked = false;
    f.told = true;
    marked_.erase(id);
    changed_.insert(std::string(kAlertKey) + id);
    out.push_back(std::move(now));
  }
}

// As with every deadline: it is reached when the watermark is past it.
void Policy::end_silences(TimeMs watermark, std::vector<Transition>& out) {
  while (!silences_.empty()) {
    auto first = silences_.end();
    for (auto it = silences_.begin(); it != silences_.end(); ++it) {
      if (it->second.until < watermark && (first == silences_.end() || it->second.until < first->second.until)) {
        first = it;
      }
    }
    if (first == silences_.end()) return;
    const TimeMs until = first->second.until;
    changed_.insert(std::string(kSilenceKey) + first->first);
    silences_.erase(first);
    tell_again(until, until, "unsilenced", out);
  }
}

void Policy::apply(std::vector<Transition>& stream, TimeMs watermark) {
  if (idle()) return;
  std::vector<Transition> out;
  out.reserve(stream.size());
  if (recheck_) tell_again(checked_at_, checked_at_, "unsilenced", out, true);
  recheck_ = false;
  for (Transition& t : stream) {
    end_silences(t.tag.time, out);
    take(t, out);
  }
  end_silences(watermark, out);
  if (watermark != kNoTime) forget_before(watermark - kRemembered);
  stream = std::move(out);
}

void Policy::forget_before(TimeMs time) {
  while (!done_.empty() && done_.begin()->first < time) {
    const std::string id = done_.begin()->second;
    erase(id);
  }
}

bool Policy::silence(rule::Silence s) {
  if (silences_.size() >= kMaxSilences || silences_.contains(s.id)) return false;
  changed_.insert(std::string(kSilenceKey) + s.id);
  silences_[s.id] = std::move(s);
  return true;
}

bool Policy::unsilence(const std::string& id, TimeMs at, TimeMs watermark, std::vector<Transition>& out) {
  const auto it = silences_.find(id);
  if (it == silences_.end() || it->second.in_file) return false;
  changed_.insert(std::string(kSilenceKey) + id);
  silences_.erase(it);
  tell_again(at, watermark, "unsilenced", out);
  return true;
}

void Policy::take_changed(const std::function<void(const std::string&, std::string)>& f) {
  for (const std::string& key : changed_) {
    std::string bytes;
    Writer w(bytes);
    if (key.starts_with(kSilenceKey)) {
      const auto it = silences_.find(key.substr(kSilenceKey.size()));
      if (it != silences_.end() && !it->second.in_file) encode(w, it->second);
    } else if (const auto it = followed_.find(key.substr(kAlertKey.size())); it != followed_.end()) {
      const Followed& x = it->second;
      encode(w, x.last);
      w.str(x.rule);
      w.str(x.source);
      w.varint(x.added);
      w.u8(static_cast<uint8_t>(x.live | x.marked << 1 | x.told << 2));
    }
    f(key, std::move(bytes));
  }
  changed_.clear();
}

Status Policy::load(std::string_view key, std::string_view bytes) {
  Reader in(bytes);
  if (key.starts_with(kSilenceKey)) {
    rule::Silence s = decode_silence(in);
    if (in.ok()) silences_[s.id] = std::move(s);
  } else {
    Followed f;
    f.last = decode_transition(in);
    f.rule = in.str();
    f.source = in.str();
    f.added = static_cast<uint32_t>(in.varint());
    const uint8_t flags = in.u8();
    f.live = (flags & 1) != 0;
    f.marked = (flags & 2) != 0;
    f.told = (flags & 4) != 0;
    const auto it = index_.find(f.rule);
    f.last.rule = it == index_.end() ? kNoRule : it->second;
    const std::string id = f.last.alert_id;
    if (f.live && f.last.rule != kNoRule && rows_[f.last.rule].inhibits) sources_[f.last.rule].insert(id);
    if (f.marked) marked_.insert(id);
    if (!f.live) done_.insert({f.last.time, id});
    followed_[id] = std::move(f);
  }
  return in.ok() ? Status() : corrupt("an entry of the policy's state does not decode");
}

}  // namespace tocsin::alert
