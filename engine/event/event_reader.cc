#include "event/event_reader.h"

#include <array>
#include <cassert>
#include <vector>

#include "base/nearest.h"
#include "event/fields.h"
#include "event/json_cursor.h"

namespace tocsin {
namespace {

using json::od::object;
using json::od::value;
using simdjson::error_code;
using simdjson::SUCCESS;

// A key of the top level, of `area` or of `location`: as the table of fields names it.
struct Key {
  std::string_view name;
  std::string_view full;  // for messages, "area.city"
  Field field;
  // The name with its closing quote in 16 bytes, and which of them count.
  std::array<uint64_t, 2> text{}, mask{};

  Key(std::string_view short_name, std::string_view full_name, Field f) : name(short_name), full(full_name), field(f) {
    std::array<char, 16> bytes{};
    std::array<char, 16> used{};
    std::memcpy(bytes.data(), name.data(), name.size());
    bytes[name.size()] = '"';
    std::memset(used.data(), 0xFF, name.size() + 1);
    std::memcpy(text.data(), bytes.data(), bytes.size());
    std::memcpy(mask.data(), used.data(), used.size());
  }
  // Whether `raw`, with 16 readable bytes, begins with the name and a quote.
  bool matches(const char* raw) const {
    uint64_t a;
    uint64_t b;
    std::memcpy(&a, raw, sizeof a);
    std::memcpy(&b, raw + 8, sizeof b);
    return (((a ^ text[0]) & mask[0]) | ((b ^ text[1]) & mask[1])) == 0;
  }
};

// matches() looks at 16 bytes.
constexpr size_t kLongestKey = 15;

// Keys below `prefix` ("area.", or "" for the top level, where "area.city" stands for "area").
std::vector<Key> keys_below(std::string_view prefix) {
  std::vector<Key> keys;
  for (const FieldInfo& f : event_fields()) {
    if (!f.name.starts_with(prefix)) continue;
    std::string_view name = f.name.substr(prefix.size());
    name = name.substr(0, name.find('.'));
    assert(name.size() <= kLongestKey);
    if (keys.empty() || keys.back().name != name) keys.emplace_back(name, prefix.empty() ? name : f.name, f.field);
  }
  if (prefix == "location.") keys.emplace_back("crs", "location.crs", Field::kLocation);
  return keys;
}

// Finds keys by their text. Producers write keys in the same order in every record, so after each key the one that
// followed it last time is tried first.
class KeyTable {
 public:
  explicit KeyTable(std::string_view prefix) : keys_(keys_below(prefix)), next_(keys_.size() + 1) {
    for (size_t i = 0; i < keys_.size(); ++i) next_[i] = (i + 1) % keys_.size();
    next_[keys_.size()] = 0;
    reset();
  }
  void reset() { last_ = keys_.size(); }
  // The key that `raw` (after its opening quote) spells, or null; `raw` has padding after it.
  const Key* find(const char* raw) {
    const size_t guess = next_[last_];
    if (keys_[guess].matches(raw)) {
      last_ = guess;
      return &keys_[guess];
    }
    for (size_t i = 0; i < keys_.size(); ++i) {
      if (!keys_[i].matches(raw)) continue;
      next_[last_] = i;
      last_ = i;
      return &keys_[i];
    }
    return nullptr;
  }
  std::vector<std::string_view> names() const {
    std::vector<std::string_view> names;
    for (const Key& k : keys_) names.push_back(k.name);
    return names;
  }

 private:
  std::vector<Key> keys_;
  std::vector<size_t> next_;
  size_t last_;
};

// What a result without error holds, in place: a copy is made by vector loads of what was just stored in parts, and
// stalls.
template <typename T>
T& inside(simdjson::simdjson_result<T>& result) {
  auto&& held = static_cast<simdjson::simdjson_result<T>&&>(result).value_unsafe();
  return held;
}
value& value_of(simdjson::simdjson_result<json::od::field>& field) { return inside(field).second; }

enum class Outcome : uint8_t { kGood, kNull, kOther, kRefused };

}  // namespace

class EventReader::Impl {
 public:
  explicit Impl(IntakeOptions options) : intake(std::move(options)), top_(""), area_("area."), location_("location.") {}

  bool read(std::string_view text, Arena& arena, Event& out, Refusal& why);
  Intake intake;

 private:
  bool read_object(object& fields, Event& e);
  bool read_field(const Key& key, value& v, Event& e);
  bool read_area(value& v, Event& e);
  bool read_location(value& v, Event& e);
  bool read_flags(value& v, Event& e);
  bool read_values(value& v, Event& e);
  bool read_attrs(value& v, Event& e);
  bool read_time(value& v, std::string_view name, TimeMs& out);
  bool read_string(value& v, std::string_view name, std::string_view& out);
  bool read_number(value& v, std::string_view name, double& out);
  bool read_integer(value& v, std::string_view name, int64_t low, int64_t high, int64_t& out);
  template <typename E>
  bool read_enum(value& v, std::string_view name, std::span<const std::string_view> names,
                 bool (*parse)(std::string_view, E&), E& out);
  Outcome text_value(value& v, std::string_view& out);
  bool key_text(json::od::raw_json_string raw, std::string_view& out);

  // After a refusal by a field: false, and `why_` says so if the record is no JSON at all, which on-demand reading may
  // not have seen yet.
  bool explain(const simdjson::padded_string_view& copy);
  bool fail(error_code e);
  bool bad(std::string_view name, std::string_view expected, error_code e = simdjson::INCORRECT_TYPE);
  bool unknown(const KeyTable& table, std::string_view prefix, json::od::raw_json_string raw);

  json::od::parser parser_;
  KeyTable top_, area_, location_;
  std::vector<std::string_view> flags_;
  std::vector<NamedNumber> values_;
  std::vector<NamedText> attrs_;
  // Of the record in hand.
  Arena* arena_ = nullptr;
  Refusal* why_ = nullptr;
  const char* end_ = nullptr;
  Crs crs_ = Crs::kWgs84;
};

bool EventReader::Impl::explain(const simdjson::padded_string_view& copy) {
  if (why_->reason == Reason::kMalformed || why_->reason == Reason::kNotUtf8) return false;
  simdjson::dom::parser strict;
  const error_code e = strict.parse(copy.data(), copy.size(), false).error();
  if (e == SUCCESS || json::reason_of(e) == Reason::kBadValue) return false;
  return fail(e == simdjson::UTF8_ERROR ? e : simdjson::TAPE_ERROR);
}

bool EventReader::Impl::fail(error_code e) {
  const Reason reason = json::reason_of(e);
  switch (reason) {
    case Reason::kNotUtf8:
      return refuse(*why_, reason, "the record is not UTF-8");
    case Reason::kOversized:
      return refuse(*why_, reason, "the record is over 1 MiB");
    default:
      return refuse(*why_, Reason::kMalformed,
                    std::string("the record is not one JSON object: ") + simdjson::error_message(e));
  }
}

bool EventReader::Impl::bad(std::string_view name, std::string_view expected, error_code e) {
  const Reason reason = json::reason_of(e);
  if (reason != Reason::kBadValue) return fail(e);
  return refuse(*why_, Reason::kBadValue, std::string(name) + " must be " + std::string(expected));
}

bool EventReader::Impl::unknown(const KeyTable& table, std::string_view prefix, json::od::raw_json_string raw) {
  std::string_view name;
  if (!key_text(raw, name)) return false;
  if (name.size() > 64) name = name.substr(0, 0);
  const auto names = table.names();
  const std::string_view near = nearest_word(name, names);
  std::string message = "unknown field";
  if (!name.empty()) message += " \"" + std::string(prefix) + std::string(name) + "\"";
  if (!near.empty()) message += "; did you mean \"" + std::string(prefix) + std::string(near) + "\"?";
  if (near.empty()) message += "; put what the event schema does not know into attrs or values";
  return refuse(*why_, Reason::kUnknownField, std::move(message));
}

bool EventReader::Impl::key_text(json::od::raw_json_string raw, std::string_view& out) {
  const error_code e = json::text_of(parser_, raw, end_, *arena_, out);
  return e == SUCCESS || fail(e);
}

Outcome EventReader::Impl::text_value(value& v, std::string_view& out) {
  json::od::raw_json_string raw;
  const error_code e = v.get_raw_json_string().get(raw);
  if (e == SUCCESS) {
    const error_code f = json::text_of(parser_, raw, end_, *arena_, out);
    if (f == SUCCESS) return Outcome::kGood;
    fail(f);
    return Outcome::kRefused;
  }
  bool null = false;
  return v.is_null().get(null) == SUCCESS && null ? Outcome::kNull : Outcome::kOther;
}

bool EventReader::Impl::read_string(value& v, std::string_view name, std::string_view& out) {
  switch (text_value(v, out)) {
    case Outcome::kGood:
      return true;
    case Outcome::kNull:
      out = {};
      return true;
    case Outcome::kRefused:
      return false;
    case Outcome::kOther:
      break;
  }
  return bad(name, "a string");
}

bool EventReader::Impl::read_time(value& v, std::string_view name, TimeMs& out) {
  const char first = *v.raw_json_token().data();
  if (first == '"') {
    std::string_view text;
    if (!read_string(v, name, text)) return false;
    const std::optional<TimeMs> t = parse_time(text, intake.options().zone);
    if (t) {
      out = *t;
      return true;
    }
    if (text.empty()) return true;
    return refuse(*why_, Reason::kBadTime, std::string(name) + " is not an RFC 3339 time");
  }
  const error_code e = v.get_int64().get(out);
  if (e == SUCCESS) return true;
  bool null = false;
  out = kNoTime;
  if (v.is_null().get(null) == SUCCESS && null) return true;
  if (json::reason_of(e) != Reason::kBadValue) return fail(e);
  return refuse(*why_, Reason::kBadTime, std::string(name) + " must be an RFC 3339 time or epoch milliseconds");
}

bool EventReader::Impl::read_number(value& v, std::string_view name, double& out) {
  const error_code e = v.get_double().get(out);
  if (e == SUCCESS) return true;
  bool null = false;
  out = kNoNumber;
  return (v.is_null().get(null) == SUCCESS && null) || bad(name, "a number", e);
}

bool EventReader::Impl::read_integer(value& v, std::string_view name, int64_t low, int64_t high, int64_t& out) {
  int64_t n = 0;
  const error_code e = v.get_int64().get(n);
  if (e == SUCCESS && n >= low && n <= high) {
    out = n;
    return true;
  }
  bool null = false;
  if (e != SUCCESS && v.is_null().get(null) == SUCCESS && null) return true;
  const std::string expected = high == INT64_MAX
                                   ? "an integer of " + std::to_string(low) + " or more"
                                   : "an integer from " + std::to_string(low) + " to " + std::to_string(high);
  return bad(name, expected, e == SUCCESS ? simdjson::INCORRECT_TYPE : e);
}

template <typename E>
bool EventReader::Impl::read_enum(value& v, std::string_view name, std::span<const std::string_view> names,
                                  bool (*parse)(std::string_view, E&), E& out) {
  std::string_view text;
  if (!read_string(v, name, text)) return false;
  if (text.empty() || parse(text, out)) return true;
  std::string expected = "one of";
  for (const std::string_view n : names) expected.append(n == names.front() ? " " : ", ").append(n);
  if (const auto near = nearest_word(text, names); !near.empty())
    expected.append("; did you mean ").append(near).append("?");
  return bad(name, expected);
}

bool EventReader::Impl::read_area(value& v, Event& e) {
  object fields;
  if (const error_code code = v.get_object().get(fields)) {
    bool null = false;
    return (v.is_null().get(null) == SUCCESS && null) || bad("area", "an object", code);
  }
  area_.reset();
  for (auto field : fields) {
    json::od::raw_json_string raw;
    if (const error_code code = field.key().get(raw)) return fail(code);
    const Key* key = area_.find(raw.raw());
    if (key == nullptr) return unknown(area_, "area.", raw);
    std::string_view* const target = key->field == Field::kAreaCity      ? &e.city
                                     : key->field == Field::kAreaTown    ? &e.town
                                     : key->field == Field::kAreaVillage ? &e.village
                                     : key->field == Field::kAreaGrid    ? &e.grid
                                                                         : &e.microgrid;
    if (!read_string(value_of(field), key->full, *target)) return false;
  }
  return true;
}

bool EventReader::Impl::read_location(value& v, Event& e) {
  object fields;
  if (const error_code code = v.get_object().get(fields)) {
    bool null = false;
    return (v.is_null().get(null) == SUCCESS && null) || bad("location", "an object", code);
  }
  location_.reset();
  for (auto field : fields) {
    json::od::raw_json_string raw;
    if (const error_code code = field.key().get(raw)) return fail(code);
    const Key* key = location_.find(raw.raw());
    if (key == nullptr) return unknown(location_, "location.", raw);
    value& inner = value_of(field);
    if (key->field == Field::kLocation) {
      static constexpr std::array<std::string_view, 3> kNames = {"wgs84", "gcj02", "bd09"};
      if (!read_enum(inner, key->full, kNames, parse_crs, crs_)) return false;
      continue;
    }
    double& target = key->field == Field::kLocationLon   ? e.lon
                     : key->field == Field::kLocationLat ? e.lat
                                                         : e.accuracy_m;
    if (!read_number(inner, key->full, target)) return false;
  }
  if (e.accuracy_m < 0) return bad("location.accuracy_m", "a number of 0 or more");
  return true;
}

namespace {
template <typename T>
std::span<const T> keep(const std::vector<T>& items, Arena& arena) {
  if (items.empty()) return {};
  T* const out = arena.array<T>(items.size());
  std::memcpy(static_cast<void*>(out), items.data(), items.size() * sizeof(T));
  return {out, items.size()};
}
}  // namespace

bool EventReader::Impl::read_flags(value& v, Event& e) {
  json::od::array items;
  if (const error_code code = v.get_array().get(items)) {
    bool null = false;
    return (v.is_null().get(null) == SUCCESS && null) || bad("flags", "a list of strings", code);
  }
  flags_.clear();
  for (auto item : items) {
    if (const error_code code = item.error()) return fail(code);
    value& inner = inside(item);
    if (flags_.size() == kMaxFlags) return bad("flags", "at most 256 strings");
    std::string_view text;
    if (!read_string(inner, "a flag", text)) return false;
    if (!text.empty()) flags_.push_back(text);
  }
  e.flags = keep(flags_, *arena_);
  return true;
}

bool EventReader::Impl::read_values(value& v, Event& e) {
  object fields;
  if (const error_code code = v.get_object().get(fields)) {
    bool null = false;
    return (v.is_null().get(null) == SUCCESS && null) || bad("values", "an object of numbers", code);
  }
  values_.clear();
  for (auto field : fields) {
    json::od::raw_json_string raw;
    NamedNumber n{};
    if (const error_code code = field.key().get(raw)) return fail(code);
    if (!key_text(raw, n.name)) return false;
    if (values_.size() == kMaxValues) return bad("values", "at most 1,024 numbers");
    if (!read_number(value_of(field), "a value of values", n.value)) return false;
    if (!std::isnan(n.value)) values_.push_back(n);
  }
  e.values = keep(values_, *arena_);
  return true;
}

bool EventReader::Impl::read_attrs(value& v, Event& e) {
  object fields;
  if (const error_code code = v.get_object().get(fields)) {
    bool null = false;
    return (v.is_null().get(null) == SUCCESS && null) || bad("attrs", "an object of strings", code);
  }
  attrs_.clear();
  for (auto field : fields) {
    json::od::raw_json_string raw;
    NamedText a;
    if (const error_code code = field.key().get(raw)) return fail(code);
    if (!key_text(raw, a.name)) return false;
    if (attrs_.size() == kMaxAttrs) return bad("attrs", "at most 1,024 strings");
    if (!read_string(value_of(field), "a value of attrs", a.value)) return false;
    if (!a.value.empty()) attrs_.push_back(a);
  }
  e.attrs = keep(attrs_, *arena_);
  return true;
}

bool EventReader::Impl::read_field(const Key& key, value& v, Event& e) {
  int64_t n = 0;
  switch (key.field) {
    case Field::kId:
      return read_string(v, key.name, e.id);
    case Field::kRevision:
      return read_integer(v, key.name, 0, INT64_MAX, e.revision);
    case Field::kSource:
      return read_string(v, key.name, e.source);
    case Field::kKind:
      return read_enum(v, key.name, event_kind_names(), parse_event_kind, e.kind);
    case Field::kCase:
      return read_string(v, key.name, e.case_id);
    case Field::kOccurredAt:
      return read_time(v, key.name, e.occurred_at);
    case Field::kReportedAt:
      return read_time(v, key.name, e.reported_at);
    case Field::kCategory:
      return read_string(v, key.name, e.category);
    case Field::kSourceCategory:
      return read_string(v, key.name, e.source_category);
    case Field::kGrade:
      if (!read_integer(v, key.name, 1, 4, n)) return false;
      e.grade = static_cast<uint8_t>(n);
      return true;
    case Field::kStage:
      return read_enum(v, key.name, stage_names(), parse_stage, e.stage);
    case Field::kDueAt:
      return read_time(v, key.name, e.due_at);
    case Field::kAreaCity:
      return read_area(v, e);
    case Field::kLocation:
      return read_location(v, e);
    case Field::kPlace:
      return read_string(v, key.name, e.place);
    case Field::kReporter:
      return read_string(v, key.name, e.reporter);
    case Field::kSubject:
      return read_string(v, key.name, e.subject);
    case Field::kRespondent:
      return read_string(v, key.name, e.respondent);
    case Field::kDuty:
      return read_string(v, key.name, e.duty);
    case Field::kPeople:
      return read_integer(v, key.name, 0, INT64_MAX, e.people);
    case Field::kText:
      return read_string(v, key.name, e.text);
    case Field::kFlags:
      return read_flags(v, e);
    case Field::kSatisfaction:
      if (!read_integer(v, key.name, 1, 5, n)) return false;
      e.satisfaction = static_cast<uint8_t>(n);
      return true;
    case Field::kValues:
      return read_values(v, e);
    case Field::kAttrs:
      return read_attrs(v, e);
    default:
      return refuse(*why_, Reason::kUnknownField, "unknown field");
  }
}

bool EventReader::Impl::read_object(object& fields, Event& e) {
  top_.reset();
  for (auto field : fields) {
    json::od::raw_json_string raw;
    if (const error_code code = field.key().get(raw)) return fail(code);
    const Key* key = top_.find(raw.raw());
    if (key == nullptr) return unknown(top_, "", raw);
    if (!read_field(*key, value_of(field), e)) return false;
  }
  return true;
}

bool EventReader::Impl::read(std::string_view text, Arena& arena, Event& out, Refusal& why) {
  why_ = &why;
  arena_ = &arena;
  if (text.size() > kMaxRecordBytes) return fail(simdjson::CAPACITY);
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  const simdjson::padded_string_view copy = json::padded(text, arena);
  end_ = copy.data() + copy.size();
  crs_ = intake.options().crs;
  out = Event();
  json::od::document document;
  if (const error_code e = parser_.iterate(copy).get(document)) return fail(e);
  object fields;
  if (const error_code e = document.get_object().get(fields))
    return fail(e == simdjson::INCORRECT_TYPE ? simdjson::TAPE_ERROR : e);
  if (!read_object(fields, out)) return explain(copy);
  if (const char* rest = nullptr; document.current_location().get(rest) == SUCCESS)
    return refuse(why, Reason::kMalformed, "something follows the JSON object; one record is one event");
  return intake.admit(out, crs_, arena, why);
}

EventReader::EventReader(IntakeOptions options) : impl_(std::make_unique<Impl>(std::move(options))) {}
EventReader::EventReader(EventReader&&) noexcept = default;
EventReader::~EventReader() = default;

bool EventReader::read(std::string_view json, Arena& arena, Event& out, Refusal& why) {
  return impl_->read(json, arena, out, why);
}

const Intake& EventReader::intake() const { return impl_->intake; }

}  // namespace tocsin
