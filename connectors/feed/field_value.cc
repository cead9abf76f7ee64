#include "connectors/feed/field_value.h"

#include <algorithm>
#include <charconv>
#include <cmath>

#include "base/json_writer.h"
#include "base/nearest.h"
#include "connectors/feed/loose_time.h"
#include "event/event_reader.h"

namespace tocsin::feed {
namespace {

using expr::Tag;
using expr::Value;

bool bad(Refusal& why, std::string_view name, std::string_view expected) {
  return refuse(why, Reason::kBadValue, std::string(name) + " must be " + std::string(expected));
}

std::string_view trim(std::string_view s) {
  while (!s.empty() && (s.front() == ' ' || s.front() == '\t')) s.remove_prefix(1);
  while (!s.empty() && (s.back() == ' ' || s.back() == '\t')) s.remove_suffix(1);
  return s;
}

bool missing(const Value& v) { return v.is(Tag::kNull) || (v.is(Tag::kString) && trim(v.str()).empty()); }

bool to_text(const Value& v, Arena& arena, std::string_view& out) {
  char buf[32];
  switch (v.tag) {
    case Tag::kNull:
      out = {};
      return true;
    case Tag::kString:
      out = v.str();
      return true;
    case Tag::kBool:
      out = v.b ? "true" : "false";
      return true;
    case Tag::kInt:
      out = arena.copy({buf, static_cast<size_t>(std::to_chars(buf, buf + sizeof buf, v.i).ptr - buf)});
      return true;
    case Tag::kUint:
      out = arena.copy({buf, static_cast<size_t>(std::to_chars(buf, buf + sizeof buf, v.u).ptr - buf)});
      return true;
    case Tag::kDouble:
      out = arena.copy({buf, static_cast<size_t>(std::to_chars(buf, buf + sizeof buf, v.d).ptr - buf)});
      return true;
    default:
      return false;
  }
}

bool to_number(const Value& v, double& out) {
  switch (v.tag) {
    case Tag::kInt:
      out = static_cast<double>(v.i);
      return true;
    case Tag::kUint:
      out = static_cast<double>(v.u);
      return true;
    case Tag::kDouble:
      out = v.d;
      return std::isfinite(v.d);
    case Tag::kString: {
      std::string_view s = trim(v.str());
      if (s.starts_with('+')) s.remove_prefix(1);
      const auto r = std::from_chars(s.data(), s.data() + s.size(), out);
      return r.ec == std::errc() && r.ptr == s.data() + s.size() && std::isfinite(out);
    }
    default:
      return false;
  }
}

bool to_integer(const Value& v, int64_t low, int64_t high, int64_t& out) {
  if (v.is(Tag::kInt)) {
    out = v.i;
  } else if (double d = 0; to_number(v, d) && d == std::floor(d) && std::fabs(d) < 9e15) {
    out = static_cast<int64_t>(d);
  } else {
    return false;
  }
  return out >= low && out <= high;
}

template <typename T>
std::span<const T> keep(const std::vector<T>& items, Arena& arena) {
  if (items.empty()) return {};
  T* const out = arena.array<T>(items.size());
  std::copy(items.begin(), items.end(), out);
  return {out, items.size()};
}

}  // namespace

std::string error_text(const Value& error, std::string_view source) {
  const std::string_view text = error.str();
  // "VALUE is not a text of type int" and "no such key: VALUE" show what the record holds.
  if (const size_t at = text.find(" is not a text of type "); at != std::string_view::npos) {
    return "a value" + std::string(text.substr(at));
  }
  const size_t colon = text.find(": ");
  if (colon == std::string_view::npos || source.find(text.substr(colon + 2)) != std::string_view::npos) {
    return std::string(text);
  }
  return std::string(text.substr(0, colon));
}

void EventBuilder::begin(Event& e, Crs crs) {
  e_ = &e;
  crs_ = crs;
  flags_.clear();
  values_.clear();
  attrs_.clear();
}

void EventBuilder::finish(Arena& arena) {
  e_->flags = keep(flags_, arena);
  e_->values = keep(values_, arena);
  e_->attrs = keep(attrs_, arena);
}

bool EventBuilder::set(const Mapping& m, const Value& v, Arena& arena, Refusal& why) {
  if (v.is_error()) {
    return refuse(why, Reason::kBadValue, "the expression of " + m.name + " failed: " + error_text(v, m.source));
  }
  if (m.kind == Mapping::Kind::kFlag) {
    if (!v.is(Tag::kBool)) return bad(why, "the flag " + m.name, "true or false");
    if (v.b) flags_.push_back(m.name);
    return true;
  }
  if (missing(v)) return true;
  return m.kind == Mapping::Kind::kEntry ? add_entry(m.field, m.name, v, arena, why)
                                         : set_field(m.field, m.name, v, arena, why);
}

bool EventBuilder::set_time(std::string_view name, const Value& v, TimeMs& out, Refusal& why) const {
  if (v.is(Tag::kTimestamp)) {
    out = v.ms();
    return true;
  }
  if (v.is(Tag::kString)) {
    const auto t = parse_loose_time(v.str(), zone_);
    if (t) {
      out = *t;
      return true;
    }
    // Epoch milliseconds as text: 13 digits today, and no other time is written so.
    if (int64_t ms = 0; trim(v.str()).size() >= 12 && to_integer(v, 0, INT64_MAX, ms)) {
      out = ms;
      return true;
    }
  } else if (to_integer(v, INT64_MIN, INT64_MAX, out)) {
    return true;
  }
  return refuse(why, Reason::kBadTime, std::string(name) + " is not a time that can be read");
}

bool EventBuilder::set_enum(Field field, std::string_view name, std::string_view text, Refusal& why) {
  const auto names = field == Field::kKind ? event_kind_names() : stage_names();
  const bool good = field == Field::kKind ? parse_event_kind(text, e_->kind) : parse_stage(text, e_->stage);
  if (good) return true;
  std::string expected = "one of";
  for (const std::string_view n : names) expected.append(n == names.front() ? " " : ", ").append(n);
  return bad(why, name, expected);
}

bool EventBuilder::set_field(Field field, std::string_view name, const Value& v, Arena& arena, Refusal& why) {
  int64_t n = 0;
  double d = 0;
  std::string_view* text = nullptr;
  switch (field) {
    case Field::kOccurredAt:
      return set_time(name, v, e_->occurred_at, why);
    case Field::kReportedAt:
      return set_time(name, v, e_->reported_at, why);
    case Field::kDueAt:
      return set_time(name, v, e_->due_at, why);
    case Field::kRevision:
      return to_integer(v, 0, INT64_MAX, e_->revision) || bad(why, name, "an integer of 0 or more");
    case Field::kPeople:
      return to_integer(v, 0, INT64_MAX, e_->people) || bad(why, name, "an integer of 0 or more");
    case Field::kGrade:
      if (!to_integer(v, 1, 4, n)) return bad(why, name, "an integer from 1 to 4");
      e_->grade = static_cast<uint8_t>(n);
      return true;
    case Field::kSatisfaction:
      if (!to_integer(v, 1, 5, n)) return bad(why, name, "an integer from 1 to 5");
      e_->satisfaction = static_cast<uint8_t>(n);
      return true;
    case Field::kLocationLon:
      return to_number(v, e_->lon) || bad(why, name, "a number");
    case Field::kLocationLat:
      return to_number(v, e_->lat) || bad(why, name, "a number");
    case Field::kLocationAccuracy:
      if (!to_number(v, d) || d < 0) return bad(why, name, "a number of 0 or more");
      e_->accuracy_m = d;
      return true;
    case Field::kKind:
    case Field::kStage: {
      std::string_view word;
      if (!to_text(v, arena, word)) return bad(why, name, "a text");
      return set_enum(field, name, word, why);
    }
    case Field::kFlags:
      return add_flags(v, why);
    case Field::kValues:
    case Field::kAttrs:
      return add_map(field, v, arena, why);
    case Field::kId:
      text = &e_->id;
      break;
    case Field::kCase:
      text = &e_->case_id;
      break;
    case Field::kCategory:
      text = &e_->category;
      break;
    case Field::kSourceCategory:
      text = &e_->source_category;
      break;
    case Field::kAreaCity:
      text = &e_->city;
      break;
    case Field::kAreaTown:
      text = &e_->town;
      break;
    case Field::kAreaVillage:
      text = &e_->village;
      break;
    case Field::kAreaGrid:
      text = &e_->grid;
      break;
    case Field::kAreaMicrogrid:
      text = &e_->microgrid;
      break;
    case Field::kPlace:
      text = &e_->place;
      break;
    case Field::kReporter:
      text = &e_->reporter;
      break;
    case Field::kSubject:
      text = &e_->subject;
      break;
    case Field::kRespondent:
      text = &e_->respondent;
      break;
    case Field::kDuty:
      text = &e_->duty;
      break;
    case Field::kText:
      text = &e_->text;
      break;
    default:
      return bad(why, name, "left out");
  }
  return to_text(v, arena, *text) || bad(why, name, "a text");
}

bool EventBuilder::add_entry(Field field, std::string_view name, const Value& v, Arena& arena, Refusal& why) {
  if (field == Field::kValues) {
    double d = 0;
    if (values_.size() == kMaxValues) return bad(why, "values", "at most 1,024 numbers");
    if (!to_number(v, d)) return bad(why, "a value of values", "a number");
    values_.push_back({name, d});
    return true;
  }
  std::string_view text;
  if (attrs_.size() == kMaxAttrs) return bad(why, "attrs", "at most 1,024 texts");
  if (!to_text(v, arena, text)) return bad(why, "a value of attrs", "a text");
  attrs_.push_back({name, text});
  return true;
}

bool EventBuilder::add_map(Field field, const Value& v, Arena& arena, Refusal& why) {
  const bool numbers = field == Field::kValues;
  if (!v.is(Tag::kMap)) return bad(why, numbers ? "values" : "attrs", "a map");
  for (const expr::MapEntry& entry : v.map->entries) {
    if (!entry.key.is(Tag::kString)) return bad(why, numbers ? "values" : "attrs", "a map with texts as keys");
    if (missing(entry.value)) continue;
    if (!add_entry(field, entry.key.str(), entry.value, arena, why)) return false;
  }
  return true;
}

bool EventBuilder::add_flags(const Value& v, Refusal& why) {
  if (!v.is(Tag::kList)) return bad(why, "flags", "a list of texts");
  for (const Value& item : v.list->items) {
    if (missing(item)) continue;
    if (!item.is(Tag::kString)) return bad(why, "flags", "a list of texts");
    if (flags_.size() == kMaxFlags) return bad(why, "flags", "at most 256 texts");
    flags_.push_back(item.str());
  }
  return true;
}

}  // namespace tocsin::feed
