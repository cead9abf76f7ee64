// `tests:` blocks to plain data, events to canonical JSON.
#include <algorithm>
#include <array>
#include <map>

#include "base/json_writer.h"
#include "event/fields.h"
#include "rule/expression.h"
#include "rule/predicate.h"
#include "rule/rule_keys.h"
#include "rule/rule_tests.h"
#include "rule/rule_tests_check.h"
#include "rule/yaml_file.h"
#include "rule/yaml_slips.h"

namespace tocsin::rule {
namespace {

using yaml::Fields;

constexpr size_t kMaxTests = 1000, kMaxGiven = 10000;
constexpr std::array<std::string_view, 10> kTransitions = {"opened",       "updated",  "escalated", "deescalated",
                                                           "acknowledged", "assigned", "resolved",  "closed",
                                                           "reopened",     "amended"};

// What an event of a test is unless it says otherwise, read from the rule's own conditions.
struct Defaults {
  std::string source, category;
  std::string kind = "report";
};

Defaults defaults_of(const yaml::Node& rule) {
  Defaults out;
  if (const yaml::Node* from = rule.find("from")) {
    const yaml::Node* first = from->is_list() && !from->items.empty() ? &from->items[0] : from;
    if (first->is_scalar()) out.source = first->value;
  }
  bool kind = false;
  std::vector<const yaml::Node*> conditions = {rule.find("where"), rule.find("after")};
  if (const yaml::Node* steps = rule.find("steps"); steps != nullptr && steps->is_list() && !steps->items.empty()) {
    const yaml::Node& first = steps->items[0];
    if (first.is_map() && !first.items.empty()) conditions.push_back(&first.items[0]);
  }
  for (const yaml::Node* node : conditions) {
    if (node == nullptr || !node->is_scalar()) continue;
    expr::Faults ignored;  // reported when the rule is compiled
    const auto ast = expr::parse(node->value, ignored);
    if (ast == nullptr || ast->root == nullptr) continue;
    const RoleNeeds needs = needs_of(0, ast->root);
    if (needs.clauses.empty()) continue;
    const Clause& clause = needs.clauses[0];
    if (!clause.any_category && out.category.empty()) out.category = clause.categories[0].path;
    for (unsigned i = 0; i <= static_cast<unsigned>(EventKind::kWithdrawal) && !kind && clause.kinds != 0xFF; ++i) {
      if ((clause.kinds >> i & 1U) == 0) continue;
      out.kind = std::string(name_of(static_cast<EventKind>(i)));
      kind = true;
    }
  }
  return out;
}

class TestReader {
 public:
  TestReader(const yaml::Reader& reader, const yaml::Node& rule, const TimeZone& zone, const Vocabulary* vocabulary,
             std::vector<RuleTest>& out)
      : reader_(reader),
        rule_(rule),
        zone_(zone),
        out_(out),
        defaults_(defaults_of(rule)),
        check_(reader, rule, vocabulary) {}

  void run() {
    const yaml::Node* tests = rule_.find("tests");
    const yaml::Node* id = rule_.find("id");
    if (tests == nullptr || id == nullptr || !reader_.expect_list(*tests, "a list of tests")) return;
    if (tests->items.size() > kMaxTests) {
      reader_.fault(*tests, {"out-of-range", "a rule has at most 1000 tests", "一条规则最多 1000 个测试", {}, {}});
      return;
    }
    bool some = false;
    for (const yaml::Node& node : tests->items) {
      RuleTest test;
      test.rule = id->value;
      const size_t before = reader_.diagnostics().size();
      read(node, test);
      if (!node.is_map()) continue;
      const yaml::Node* expect = node.find("expect");
      some = some || (expect != nullptr && expect->is_list());
      if (!errors_since(before)) out_.push_back(std::move(test));
    }
    if (some || tests->items.empty()) return;
    reader_.fault(*tests, {"test-cannot-fail",
                           "all tests of `" + id->value + "` expect none: they would pass with the rule switched off",
                           "`" + id->value + "` 的测试都是 none：停用规则也能通过", "add one that expects an alert",
                           "请加一个预期有警报的测试"});
  }

 private:
  bool errors_since(size_t before) const {
    const auto& all = reader_.diagnostics();
    return std::any_of(all.begin() + static_cast<ptrdiff_t>(before), all.end(),
                       [](const Diagnostic& d) { return d.level == Diagnostic::Level::kError; });
  }

  void read(const yaml::Node& node, RuleTest& test) {
    const Fields fields(reader_, node, {"name", "start", "defaults", "tables", "given", "expect", "by"}, "a test");
    if (!node.is_map()) return;
    test.file = reader_.document().path();
    test.line = reader_.document().place(node.begin).line;
    if (const yaml::Node* name = fields.require("name")) reader_.read(*name, test.name);
    test.start = zone_.from_civil(2024, 7, 1, 9, 0, 0, 0);  // a Monday
    if (const yaml::Node* start = fields.get("start")) time(*start, test.start);
    const yaml::Node* defaults = fields.get("defaults");
    if (defaults != nullptr && !reader_.expect_map(*defaults, "defaults")) return;
    if (const yaml::Node* tables = fields.get("tables")) read_tables(*tables, test);
    given(fields, defaults, test);
    expect(fields, test);
    if (const yaml::Node* by = fields.get("by")) {
      if (offset(*by, test.by)) check_by(*by, test);
    } else {
      test.by = std::max<DurationMs>(last_, 0);
      for (const ExpectedTransition& e : test.expect) test.by = std::max(test.by, e.at.value_or(0));
    }
  }

  // tables: {NAME: [{COLUMN: cell, …}, …]}
  void read_tables(const yaml::Node& map, RuleTest& test) const {
    if (!reader_.expect_map(map, "tables by name")) return;
    for (size_t i = 0; i < map.items.size(); ++i) {
      TestTable table{map.keys[i].value, {}};
      if (!reader_.expect_list(map.items[i], "a list of rows")) continue;
      for (const yaml::Node& row : map.items[i].items) {
        if (!reader_.expect_map(row, "a row: cells by column")) continue;
        auto& cells = table.rows.emplace_back();
        for (size_t c = 0; c < row.items.size(); ++c) {
          std::string text;
          if (reader_.read(row.items[c], text)) cells.emplace_back(row.keys[c].value, text);
        }
      }
      test.tables.push_back(std::move(table));
    }
  }

  void check_by(const yaml::Node& by, const RuleTest& test) const {
    if (test.by < last_) {
      reader_.fault(
          by,
          {"test-cannot-fail",
           "the test ends before its last event, at +" + format_duration(last_) + ": what comes after is not looked at",
           "测试在最后一个事件（+" + format_duration(last_) + "）之前就结束，之后的不再比较",
           "say by: +" + format_duration(last_) + " or later", "请写 by: +" + format_duration(last_) + " 或更晚"});
      return;
    }
    for (const ExpectedTransition& e : test.expect) {
      if (e.at.value_or(0) <= test.by) continue;
      reader_.fault(
          by, {"test-cannot-pass", "the test ends before all that it expects", "测试在预期的时间之前就结束了", {}, {}});
      return;
    }
  }

  void time(const yaml::Node& node, TimeMs& out) const {
    std::string text;
    if (!reader_.read(node, text)) return;
    if (const auto t = parse_time(text, zone_)) {
      out = *t;
      return;
    }
    reader_.fault(node, {"bad-time", "`" + text + "` is not a time", "`" + text + "` 不是时间",
                         "write 2024-07-01T22:30", "写法：2024-07-01T22:30"});
  }

  // +47m, since the start of the test.
  bool offset(const yaml::Node& node, DurationMs& out) const {
    std::string text;
    if (!reader_.read(node, text)) return false;
    const std::string_view span = text.starts_with('+') ? std::string_view(text).substr(1) : std::string_view(text);
    const Result<DurationMs> value = parse_duration(span);
    if (value) {
      out = *value;
      return true;
    }
    reader_.fault(node, {"bad-offset", "`" + text + "` is not a time since the test's start",
                         "`" + text + "` 不是相对时间", "write +0m, +47m or +1d2h", "写法：+0m、+47m、+1d2h"});
    return false;
  }

  // ---- given
  void given(const Fields& fields, const yaml::Node* defaults, RuleTest& test) {
    const yaml::Node* list = fields.require("given");
    last_ = 0;
    if (list == nullptr || !reader_.expect_list(*list, "a list of events")) return;
    if (list->items.empty() || list->items.size() > kMaxGiven) {
      reader_.fault(*list,
                    {"nothing-given", "a test is given 1 to 10000 events", "测试要给 1 到 10000 个事件", {}, {}});
      return;
    }
    const yaml::Node* of_rule = rule_.find("defaults");
    std::vector<Given> all;
    repeated_ = false;
    for (size_t i = 0; i < list->items.size(); ++i) event(list->items[i], {of_rule, defaults}, i, test.start, all);
    const auto earlier = [](const Given& a, const Given& b) { return a.since < b.since; };
    if (repeated_) std::stable_sort(all.begin(), all.end(), earlier);
    for (Given& g : all) test.given.push_back(std::move(g.json));
  }

  struct Given {
    DurationMs since;
    std::string json;
  };

  // The times of an event: `at`, and every `every` after it up to `until`.
  bool times(const yaml::Node& node, const yaml::Node& at, size_t already, std::vector<DurationMs>& out) {
    DurationMs since = 0, every = 0, until = 0;
    if (!offset(at, since)) return false;
    out = {since};
    const yaml::Node *step = node.find("every"), *end = node.find("until");
    if (step == nullptr && end == nullptr) return true;
    if (step == nullptr || end == nullptr) {
      reader_.fault(node, {"every-and-until", "`every` and `until` stand together", "`every` 和 `until` 要一起写",
                           "as {at: +0m, every: 1h, until: +28d}", "如 {at: +0m, every: 1h, until: +28d}"});
      return false;
    }
    if (!reader_.read_duration(*step, every) || !offset(*end, until)) return false;
    if (every < 1000 || until < since || static_cast<size_t>((until - since) / every) + already + 1 > kMaxGiven) {
      reader_.fault(*step, {"out-of-range",
                            "a test is given at most 10000 events, from `at` to a later `until`",
                            "测试最多给 10000 个事件，`until` 不早于 `at`",
                            {},
                            {}});
      return false;
    }
    for (since += every; since <= until; since += every) out.push_back(since);
    repeated_ = true;
    return true;
  }

  // One event, or one that comes again: its own fields over the test's defaults over what the rule's conditions tell.
  void event(const yaml::Node& node, std::array<const yaml::Node*, 2> defaults, size_t index, TimeMs start,
             std::vector<Given>& out) {
    if (!reader_.expect_map(node, "an event")) return;
    std::map<std::string, const yaml::Node*> fields;
    for (const yaml::Node* layer : {defaults[0], defaults[1], &node}) {
      if (layer == nullptr || !layer->is_map()) continue;
      for (size_t i = 0; i < layer->keys.size(); ++i) fields[layer->keys[i].value] = check_field(*layer, i);
    }
    const yaml::Node* at = node.find("at");
    if (at == nullptr) {
      reader_.fault(node, {"missing-key", "an event of a test needs `at`", "测试事件缺少 `at`", "as {at: +12m, …}",
                           "如 {at: +12m, …}"});
      return;
    }
    if (fields.count("category") == 0 && defaults_.category.empty() && !check_.rule_faulty()) {
      reader_.fault(node, {"missing-key", "this event needs a `category`", "此事件缺少 `category`",
                           "name it here or in the test's `defaults`", "请写在这里或测试的 `defaults` 里"});
      return;
    }
    std::vector<DurationMs> all;
    if (!times(node, *at, out.size(), all)) return;
    last_ = std::max(last_, all.back());
    first_ = out.empty() ? all.front() : std::min(first_, all.front());
    for (size_t n = 0; n < all.size(); ++n) {
      const std::string again = all.size() > 1 ? "-" + std::to_string(n + 1) : std::string();
      out.push_back({all[n], line(fields, "e" + std::to_string(index + 1), again, start, all[n])});
    }
  }

  // `again`: what tells this repetition from the others.
  std::string line(const std::map<std::string, const yaml::Node*>& fields, const std::string& id,
                   const std::string& again, TimeMs start, DurationMs since) {
    std::string line;
    JsonWriter json(line);
    json.begin_object();
    const auto own = fields.find("id");
    std::string name = id;
    if (own != fields.end() && own->second != nullptr) reader_.read(*own->second, name);
    json.field("id", name + again);
    if (fields.count("source") == 0) json.field("source", defaults_.source);
    if (fields.count("kind") == 0) json.field("kind", fields.count("stage") > 0 ? "transition" : defaults_.kind);
    if (fields.count("occurred_at") == 0) json.field("occurred_at", format_time(start + since));
    if (fields.count("category") == 0) json.field("category", defaults_.category);
    for (const auto& [key, value] : fields) {
      if (key == "at" || key == "every" || key == "until" || key == "id" || value == nullptr) continue;
      json.key(key);
      field(json, key, *value, start);
    }
    json.end_object();
    return line;
  }

  // The value of an event's field by its name; null and a fault where an event has no such field.
  const yaml::Node* check_field(const yaml::Node& map, size_t index) const {
    const std::string& name = map.keys[index].value;
    std::vector<std::string_view> known = {"at", "every", "until", "area", "location"};
    for (const FieldInfo& f : event_fields()) {
      if (f.name.find('.') == std::string_view::npos) known.push_back(f.name);
    }
    if (std::find(known.begin(), known.end(), name) != known.end()) {
      check_.field(name, map.items[index]);
      return &map.items[index];
    }
    std::string near = nearest(name, known);
    if (near.empty()) near = yaml::meant_word(name, known);
    yaml::Say say{"unknown-field", "an event has no field `" + name + "`", "事件没有 `" + name + "` 字段",
                  near.empty() ? "put it under attrs or values" : "did you mean `" + near + "`?",
                  near.empty() ? "请放在 attrs 或 values 下" : "是否想写 `" + near + "`？"};
    if (const std::string form = nested_form(name); !form.empty()) {
      say.hint_en = "write `" + form + "`";
      say.hint_zh = "请写 `" + form + "`";
    }
    reader_.fault(map.keys[index], std::move(say));
    return nullptr;
  }

  // "area.town", or 镇街: how a test writes a field that lies below another; empty for what is none.
  static std::string nested_form(const std::string& name) {
    std::vector<std::string_view> dotted;
    for (const FieldInfo& f : event_fields()) {
      if (f.name.find('.') != std::string_view::npos) dotted.push_back(f.name);
    }
    std::string meant(yaml::meant_word(name, dotted));
    if (std::ranges::find(dotted, name) != dotted.end() || name.starts_with("attrs.") || name.starts_with("values.")) {
      meant = name;
    }
    const size_t dot = meant.find('.');
    if (dot == std::string::npos) return {};
    return meant.substr(0, dot) + ": {" + meant.substr(dot + 1) + ": …}";
  }

  static FieldType type_of(std::string_view name) {
    for (const FieldInfo& f : event_fields()) {
      if (f.name == name) return f.type;
    }
    return FieldType::kString;
  }

  void field(JsonWriter& json, const std::string& name, const yaml::Node& value, TimeMs start) {
    if (name == "location") return location(json, value);
    if (name == "area") return members(json, value, FieldType::kString);
    switch (type_of(name)) {
      case FieldType::kString:
        return scalar(json, value, FieldType::kString);
      case FieldType::kInt:
      case FieldType::kDouble:
        return scalar(json, value, FieldType::kDouble);
      case FieldType::kTime:
        return moment(json, value, start);
      case FieldType::kNumberMap:
        return members(json, value, FieldType::kDouble);
      case FieldType::kStringMap:
        return members(json, value, FieldType::kString);
      case FieldType::kStringList: {
        std::vector<std::string> items;
        reader_.read(value, items);
        json.begin_array();
        for (const std::string& item : items) json.string(item);
        json.end_array();
        return;
      }
      case FieldType::kLocation:
        return location(json, value);
    }
  }

  void scalar(JsonWriter& json, const yaml::Node& value, FieldType type) {
    std::string text;
    double number = 0;
    if (type == FieldType::kString) {
      reader_.read(value, text);
      json.string(text);
    } else {
      reader_.read(value, number);
      json.number(number);
    }
  }

  void members(JsonWriter& json, const yaml::Node& value, FieldType type) {
    json.begin_object();
    if (reader_.expect_map(value, "this field")) {
      for (size_t i = 0; i < value.keys.size(); ++i) {
        json.key(value.keys[i].value);
        scalar(json, value.items[i], type);
      }
    }
    json.end_object();
  }

  void location(JsonWriter& json, const yaml::Node& value) {
    double lon = 0, lat = 0;
    if (value.is_map()) {
      const Fields fields(reader_, value, {"lon", "lat", "crs", "accuracy_m"}, "a location");
      fields.read("lon", lon);
      fields.read("lat", lat);
    } else if (value.is_list() && value.items.size() == 2) {
      reader_.read_number(value.items[0], -180, 180, lon);
      reader_.read_number(value.items[1], -90, 90, lat);
    } else {
      reader_.fault(value, {"wrong-type", "a location is [longitude, latitude]", "location 写作 [经度, 纬度]", {}, {}});
    }
    json.begin_object().key("lon").number(lon).key("lat").number(lat).end_object();
  }

  void moment(JsonWriter& json, const yaml::Node& value, TimeMs start) {
    TimeMs t = start;
    DurationMs since = 0;
    if (value.is_scalar() && value.value.starts_with('+')) {
      if (offset(value, since)) t += since;
    } else {
      time(value, t);
    }
    json.string(format_time(t));
  }

  // ---- expect
  void expect(const Fields& fields, RuleTest& test) {
    const yaml::Node* node = fields.require("expect");
    if (node == nullptr || (node->is_scalar() && node->value == "none")) return;
    if (node->is_scalar() || !reader_.expect_list(*node, "a list of transitions, or none")) {
      if (node->is_scalar()) {
        reader_.fault(
            *node, {"wrong-type", "`expect` is a list of transitions, or none", "`expect` 是变化列表或 none", {}, {}});
      }
      return;
    }
    if (node->items.empty()) {
      reader_.fault(*node, {"test-cannot-fail",
                            "this expects nothing: say `expect: none` if the rule must keep still",
                            "没有写预期：规则应当不响时请写 `expect: none`",
                            {},
                            {}});
    }
    for (const yaml::Node& item : node->items) transition(item, test);
    check_.expectations(*node, test, first_);
  }

  void transition(const yaml::Node& node, RuleTest& test) {
    std::vector<std::string_view> known = {"at", "values", "key", "summary"};
    known.insert(known.end(), kTransitions.begin(), kTransitions.end());
    const Fields fields(reader_, node, known, "an expected transition");
    if (!node.is_map()) return;
    ExpectedTransition e;
    for (const std::string_view type : kTransitions) {
      const yaml::Node* value = fields.get(type);
      if (value == nullptr) continue;
      if (!e.type.empty()) {
        reader_.fault(*fields.key(type),
                      {"two-transitions", "one entry is one transition", "一项只写一个变化", {}, {}});
        return;
      }
      e.type = std::string(type);
      verdict(e, *value);
    }
    if (e.type.empty()) {
      reader_.fault(node, {"test-cannot-fail", "this names no transition", "没有写是哪种变化",
                           "as {at: +47m, opened: yellow}", "如 {at: +47m, opened: yellow}"});
      return;
    }
    DurationMs at = 0;
    if (const yaml::Node* when = fields.get("at"); when != nullptr && offset(*when, at)) e.at = at;
    fields.read("summary", e.summary);
    if (const yaml::Node* key = fields.get("key")) e.key = key_text(*key);
    if (const yaml::Node* values = fields.get("values"); values != nullptr && reader_.expect_map(*values, "values")) {
      for (size_t i = 0; i < values->keys.size(); ++i) {
        check_.value(values->keys[i]);
        e.values.push_back({values->keys[i].value, json_of(values->items[i])});
      }
    }
    test.expect.push_back(std::move(e));
  }

  // A colour for what has one, a reason for the rest; `true` says nothing more.
  void verdict(ExpectedTransition& e, const yaml::Node& value) const {
    if (value.kind == yaml::Node::Kind::kNull || (value.plain && value.value == "true")) return;
    const bool coloured =
        e.type == "opened" || e.type == "escalated" || e.type == "deescalated" || e.type == "reopened";
    size_t index = 0;
    if (!coloured) {
      if (reader_.read(value, e.reason)) check_.reason(value, e.type, e.reason);
    } else if (reader_.read_choice(value, severity_names(), index)) {
      e.severity = std::string(severity_names()[index]);
      check_.severity(value, e.severity);
    }
  }

  std::string key_text(const yaml::Node& node) const {
    std::vector<std::string> parts;
    reader_.read(node, parts);
    std::string out;
    JsonWriter json(out);
    json.begin_array();
    for (const std::string& part : parts) json.string(part);
    json.end_array();
    return out;
  }

  static std::string json_of(const yaml::Node& node) {
    if (!node.is_scalar()) return "null";
    if (node.plain && (yaml::as_number(node.value) || yaml::as_boolean(node.value))) {
      return node.value.starts_with('+') ? node.value.substr(1) : node.value;
    }
    std::string out;
    append_json_string(out, node.value);
    return out;
  }

  const yaml::Reader& reader_;
  const yaml::Node& rule_;
  const TimeZone& zone_;
  std::vector<RuleTest>& out_;
  const Defaults defaults_;
  const TestCheck check_;
  DurationMs last_ = 0, first_ = 0;  // times of the events given
  bool repeated_ = false;            // an event of the test comes again
};

}  // namespace

std::vector<RuleTest> read_rule_tests(std::span<const SourceFile> files, const TimeZone& zone,
                                      std::vector<Diagnostic>& diagnostics, const Vocabulary* vocabulary) {
  std::vector<RuleTest> out;
  const size_t before = diagnostics.size();
  for (const SourceFile& file : files) {
    if (file.kind != SourceFile::Kind::kRules) continue;
    auto document = yaml::Document::parse(file.path, file.text, diagnostics);
    if (document == nullptr || !document->root().is_map()) continue;
    const yaml::Node* rules = document->root().find("rules");
    if (rules == nullptr || !rules->is_list()) continue;
    const yaml::Reader reader(*document, diagnostics);
    for (const yaml::Node& rule : rules->items) {
      if (rule.is_map()) TestReader(reader, rule, zone, vocabulary, out).run();
    }
  }
  // A fault in `defaults` shows with every event, and one of the file itself was told when the rules were read.
  const auto is_told = [&](size_t i) {
    const Diagnostic& d = diagnostics[i];
    return std::any_of(diagnostics.begin(), diagnostics.begin() + static_cast<ptrdiff_t>(i), [&](const Diagnostic& e) {
      return e.file == d.file && e.line == d.line && e.column == d.column && e.code == d.code && e.en == d.en;
    });
  };
  for (size_t i = diagnostics.size(); i-- > before;) {
    if (is_told(i)) diagnostics.erase(diagnostics.begin() + static_cast<ptrdiff_t>(i));
  }
  return out;
}

}  // namespace tocsin::rule
