#include "connectors/backtest/labels.h"

#include <simdjson.h>

#include <algorithm>

namespace tocsin::backtest {
namespace {

constexpr size_t kMaxLabels = 1'000'000;

std::string joined(std::string_view rule, std::string_view what) {
  return std::string(rule).append(1, '\n').append(what);
}

// A text, or a list of texts as an alert's own key is: parts joined by "|".
std::string text_of(simdjson::dom::element e) {
  std::string_view text;
  if (e.get(text) == simdjson::SUCCESS) return std::string(text);
  simdjson::dom::array parts;
  if (e.get(parts) != simdjson::SUCCESS) return simdjson::minify(e);
  std::string out;
  bool first = true;
  for (const simdjson::dom::element part : parts) {
    if (!first) out += '|';
    first = false;
    out += text_of(part);
  }
  return out;
}

std::string text_at(simdjson::dom::object o, std::string_view name) {
  simdjson::dom::element e;
  if (o[name].get(e) != simdjson::SUCCESS || e.is_null()) return {};
  bool b = false;
  if (e.get(b) == simdjson::SUCCESS) return b ? "true" : "false";
  return text_of(e);
}

// Empty: well; else what is wrong.
std::string read(simdjson::dom::object o, const TimeZone& zone, Label& out) {
  out.rule = text_at(o, "rule");
  if (out.rule.empty()) out.rule = text_at(o, "risk");
  if (out.rule.empty()) return "`risk` is missing: which rule it is meant for";
  out.key = text_at(o, "key");
  out.severity = text_at(o, "severity");
  const std::pair<std::string_view, TimeMs*> times[] = {{"from", &out.from}, {"until", &out.until}};
  for (const auto& [name, time] : times) {
    const auto t = parse_time(text_at(o, name), zone);
    if (!t) return "`" + std::string(name) + "` is missing or no RFC 3339 time";
    *time = *t;
  }
  if (out.until < out.from) return "`until` is before `from`";
  simdjson::dom::array events;
  if (o["events"].get(events) == simdjson::SUCCESS) {
    for (const simdjson::dom::element e : events) out.events.push_back(text_of(e));
  }
  const std::string outcome = text_at(o, "outcome");
  if (outcome == "false") out.truth = Truth::kFalse;
  if (outcome == "duplicate") out.truth = Truth::kDuplicate;
  if (!outcome.empty() && outcome != "true" && out.truth == Truth::kTrue) {
    return "`outcome` is \"true\", \"false\" or \"duplicate\"";
  }
  if (out.events.empty() && out.key.empty()) return "it has neither `events` nor `key`";
  return {};
}

}  // namespace

Result<Labels> Labels::parse(std::string_view text, const std::string& path, const TimeZone& zone) {
  Labels out;
  simdjson::dom::parser parser;
  size_t number = 0;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    const std::string_view line = text.substr(at, end - at);
    at = end + 1;
    ++number;
    if (line.find_first_not_of(" \t\r") == std::string_view::npos) continue;
    const std::string place = path + ":" + std::to_string(number) + ": ";
    simdjson::dom::object o;
    if (parser.parse(line.data(), line.size()).get(o) != simdjson::SUCCESS) return invalid(place + "not a JSON object");
    Label label;
    label.line = number;
    if (const std::string why = read(o, zone, label); !why.empty()) return invalid(place + why);
    if (out.all_.size() == kMaxLabels) return invalid(path + ": more than 1,000,000 labels");
    const auto index = static_cast<uint32_t>(out.all_.size());
    for (const std::string& e : label.events) out.by_event_.emplace(joined(label.rule, e), index);
    if (!label.key.empty()) {
      out.by_key_.emplace(joined(label.rule, label.key), index);
      if (label.events.empty()) out.by_area_.emplace(joined(label.rule, label.key), index);
    }
    out.all_.push_back(std::move(label));
  }
  if (out.all_.empty()) return not_found(path + ": there is no label in it");
  return out;
}

void Labels::look_up(const Index& index, std::string_view rule, std::string_view what, std::vector<uint32_t>& out) {
  if (index.empty() || what.empty()) return;
  const auto [from, to] = index.equal_range(joined(rule, what));
  for (auto it = from; it != to; ++it) out.push_back(it->second);
}

void Labels::of_event(std::string_view rule, std::string_view event, std::vector<uint32_t>& out) const {
  look_up(by_event_, rule, event, out);
}
void Labels::of_key(std::string_view rule, std::string_view key, std::vector<uint32_t>& out) const {
  look_up(by_key_, rule, key, out);
}
void Labels::of_area(std::string_view rule, std::string_view area, std::vector<uint32_t>& out) const {
  look_up(by_area_, rule, area, out);
}

}  // namespace tocsin::backtest
