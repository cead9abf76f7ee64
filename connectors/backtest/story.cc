#include "connectors/backtest/story.h"

#include <simdjson.h>

#include <algorithm>

#include "base/hash.h"

namespace tocsin::backtest {

using simdjson::dom::element;

namespace {

std::string_view text_at(element e, std::string_view name) {
  std::string_view v;
  return e[name].get(v) == simdjson::SUCCESS ? v : std::string_view();
}

TimeMs time_at(element e, std::string_view name) {
  const auto t = parse_time(text_at(e, name), TimeZone::utc());
  return t ? *t : kNoTime;
}

std::string joined_key(element data) {
  simdjson::dom::array parts;
  std::string out;
  if (data["key"].get(parts) != simdjson::SUCCESS) return out;
  bool first = true;
  for (const element part : parts) {
    if (!first) out += '|';
    first = false;
    std::string_view text;
    out += part.get(text) == simdjson::SUCCESS ? std::string(text) : simdjson::minify(part);
  }
  return out;
}

void add_sorted(std::vector<uint32_t>& to, const std::vector<uint32_t>& more) {
  for (const uint32_t x : more) {
    const auto it = std::lower_bound(to.begin(), to.end(), x);
    if (it == to.end() || *it != x) to.insert(it, x);
  }
}

}  // namespace

struct Collector::Parser {
  simdjson::dom::parser json;
};

Collector::Collector(const std::vector<Column>& columns, const Labels* labels, bool keep_events, bool keep_words)
    : columns_(columns),
      labels_(labels),
      keep_events_(keep_events),
      keep_words_(keep_words),
      parser_(std::make_shared<Parser>()) {
  for (size_t i = 0; i < columns.size(); ++i) column_of_.emplace(columns[i].id, static_cast<uint32_t>(i));
}

Status Collector::publish(std::span<const runtime::Outgoing> batch) {
  for (const runtime::Outgoing& o : batch) {
    if (auto s = tell(o); !s) return s;
    delivered_ = o.sequence;
  }
  return {};
}

Status Collector::tell(const runtime::Outgoing& o) {
  element whole, data;
  if (parser_->json.parse(o.json.data(), o.json.size()).get(whole) != simdjson::SUCCESS ||
      whole["data"].get(data) != simdjson::SUCCESS) {
    return internal("a transition is no JSON");
  }
  const auto column = column_of_.find(std::string(text_at(data, "rule")));
  if (column == column_of_.end()) return {};  // a rule that only helps
  const std::string id(text_at(data, "alert_id"));
  const auto [it, fresh] = by_id_.try_emplace(id, static_cast<uint32_t>(stories_.size()));
  if (fresh) {
    Story s;
    s.column = column->second;
    const Column& c = columns_[s.column];
    s.alert_id = c.rule + id.substr(c.id.size());
    s.key = joined_key(data);
    s.shadow = o.shadow;
    stories_.push_back(std::move(s));
  }
  Story& s = stories_[it->second];
  ++s.transitions;
  s.muted = s.muted && o.muted;
  const std::string_view type = text_at(whole, "type"), status = text_at(data, "status");
  if (fresh) s.openings.push_back(time_at(data, "opened_at"));
  if (type == "tocsin.alert.reopened") s.openings.push_back(time_at(whole, "time"));
  s.reason = text_at(data, "reason");
  const bool over = status == "resolved" || status == "closed";
  if (!over) s.ended_at = kNoTime;
  if (over && s.ended_at == kNoTime) s.ended_at = time_at(whole, "time");
  detect::Severity severity = detect::Severity::kNone;
  if (detect::parse_severity(text_at(data, "severity"), severity)) s.worst = std::max(s.worst, severity);
  element area;
  if (data["area"].get(area) == simdjson::SUCCESS) {
    const std::string_view town = text_at(area, "town");
    if (!town.empty()) s.town = town;
    for (const std::string_view level : {"village", "town", "city"}) {
      s.area = text_at(area, level);
      if (!s.area.empty()) break;
    }
  }
  element summary;
  if (keep_words_ && data["summary"].get(summary) == simdjson::SUCCESS) {
    s.zh = text_at(summary, "zh");
    s.en = text_at(summary, "en");
  }
  const std::string& rule = columns_[s.column].rule;
  found_.clear();
  if (labels_ != nullptr) {
    labels_->of_key(rule, s.key, found_);
    for (const std::string_view level : {"city", "town", "village", "grid"}) {
      if (data["area"].get(area) == simdjson::SUCCESS) labels_->of_area(rule, text_at(area, level), found_);
    }
  }
  simdjson::dom::array events;
  if (data["evidence"]["events"].get(events) == simdjson::SUCCESS) {
    s.evidence = std::max(s.evidence, events.size());
    if (labels_ != nullptr || keep_events_) {
      for (const element e : events) {
        const std::string_view event = text_at(e, "id");
        if (labels_ != nullptr) labels_->of_event(rule, event, found_);
        if (keep_events_) s.events.push_back(hash64(event, hash64(text_at(e, "source"))));
      }
    }
  }
  add_sorted(s.labels, found_);
  if (keep_events_) {
    std::sort(s.events.begin(), s.events.end());
    s.events.erase(std::unique(s.events.begin(), s.events.end()), s.events.end());
  }
  return {};
}

std::vector<Story> Collector::take() {
  by_id_.clear();
  return std::move(stories_);
}

}  // namespace tocsin::backtest
