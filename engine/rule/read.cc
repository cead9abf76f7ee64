// Phase read: keys and plain values of a rule.
#include <algorithm>

#include "rule/lookups.h"
#include "rule/rule_keys.h"
#include "rule/rule_text.h"
#include "rule/table_hint.h"
#include "rule/yaml_slips.h"

namespace tocsin::rule {
namespace {

using detect::RuleKind;
using yaml::Fields;

constexpr size_t kMaxIdLength = 64;
constexpr size_t kMaxParams = 100, kMaxKeyParts = 8, kMaxNames = 1000;
constexpr double kMinRadius = 1, kMaxRadius = 50'000;

std::string join(const std::vector<std::string_view>& names) {
  std::string out;
  for (const std::string_view name : names) out += (out.empty() ? "" : ", ") + std::string(name);
  return out;
}

std::vector<std::string_view> kind_list() {
  std::vector<std::string_view> names;
  for (const RuleKind kind : rule_kinds()) names.push_back(detect::name_of(kind));
  return names;
}

class RuleReader {
 public:
  RuleReader(const yaml::Reader& reader, const Fields& fields, const LoadOptions& options, RuleText& out)
      : reader_(reader), fields_(fields), options_(options), out_(out), rule_(out.rule), plan_(out.rule.plan) {}

  bool run() {
    read_id();
    if (!read_kind()) return false;
    check_keys();
    read_identity();
    read_from();
    read_calendar();
    read_tables();
    read_spans();
    read_past(reader_, fields_, options_, out_);
    read_expressions();
    if (const yaml::Node* steps = fields_.get("steps")) read_steps(reader_, *steps, out_);
    read_params();
    read_severity();
    read_update();
    read_resolve();
    if (const yaml::Node* group = fields_.get("group")) read_group(reader_, *group, rule_.group);
    check_steps(reader_, fields_, options_, out_);
    read_texts("summary", out_.summary);
    read_texts("advice", out_.advice);
    return true;
  }

 private:
  void read_id() {
    const yaml::Node* node = fields_.require("id");
    if (node == nullptr || !reader_.read(*node, rule_.id)) return;
    out_.id_node = node;
    if (!reader_.narrow(*node)) return;
    const bool good = !rule_.id.empty() && rule_.id.size() <= kMaxIdLength && rule_.id.front() != '-' &&
                      rule_.id.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789-") == std::string::npos;
    if (!good) {
      reader_.fault(*node,
                    {"bad-id", "`" + rule_.id + "` cannot be a rule's id", "`" + rule_.id + "` 不能作规则编号",
                     "lower-case letters, digits and hyphens, at most 64", "只用小写字母、数字和连字符，最多 64 个"});
    }
  }

  // False when there is no kind, or none that there is: nothing else can be judged then.
  bool read_kind() {
    const yaml::Node* node = fields_.require("kind");
    std::string name;
    if (node == nullptr || !reader_.read(*node, name)) return false;
    for (const RuleKind kind : rule_kinds()) {
      if (detect::name_of(kind) != name) continue;
      plan_.kind = kind;
      return true;
    }
    std::string near = nearest(name, kind_list());
    if (near.empty()) near = yaml::meant_word(name, kind_list());
    reader_.fault(*node, {"unknown-kind", "there is no kind `" + name + "`", "没有 `" + name + "` 这种规则",
                          near.empty() ? "this version knows " + join(kind_list()) : "did you mean `" + near + "`?",
                          near.empty() ? "本版本可用：" + join(kind_list()) : "是否想写 `" + near + "`？"});
    return false;
  }

  // Keys of another kind, keys that are missing.
  void check_keys() {
    const std::string kind(detect::name_of(plan_.kind));
    const uint8_t bit = kind_bit(plan_.kind);
    for (const RuleKey& key : rule_keys()) {
      const yaml::Node* at = fields_.key(key.name);
      const std::string name(key.name);
      if (at == nullptr) {
        if ((key.needed_by & bit) != 0 && name != "id" && name != "kind") fields_.require(key.name);
      } else if ((key.kinds & bit) == 0) {
        reader_.fault(*at, {"key-of-another-kind",
                            "`" + name + "` has no meaning for the kind `" + kind + "`",
                            "`" + name + "` 不能用于 `" + kind + "` 规则",
                            {},
                            {}});
      }
    }
  }

  void read_identity() {
    const yaml::Node* version = fields_.get("version");
    int64_t number = 1;
    if (version != nullptr && reader_.read_integer(*version, 1, 1'000'000'000, number)) {
      rule_.version = static_cast<int>(number);
    }
    rule_.name = {rule_.id, rule_.id};
    if (const yaml::Node* name = fields_.get("name")) {
      BilingualText text;
      if (read_bilingual(*name, "name", text)) rule_.name = {text.zh->value, text.en->value};
    }
    size_t index = 0;
    rule_.owner = "city";
    if (const yaml::Node* owner = fields_.get("owner");
        owner != nullptr && reader_.read_choice(*owner, tier_names(), index)) {
      rule_.owner = tier_names()[index];
    }
    if (const yaml::Node* mode = fields_.get("mode")) {
      // YAML 1.1 habits: `off` is a text in YAML 1.2, but some editors write false.
      if (reader_.read_choice(*mode, mode_names(), index)) rule_.mode = static_cast<Mode>(index);
    }
    out_.tests = fields_.get("tests");
    rule_.line = reader_.document().place(out_.node->begin).line;
    rule_.file = reader_.document().path();
  }

  void read_from() {
    const yaml::Node* node = fields_.get("from");
    if (node == nullptr || node->kind == yaml::Node::Kind::kNull || !reader_.read(*node, rule_.from)) return;
    if (rule_.from.empty() || rule_.from.size() > kMaxNames) {
      reader_.fault(*node, {"no-source", "`from` names no source", "`from` 没有写数据源", {}, {}});
    }
    const std::vector<std::string_view> known(options_.known_sources.begin(), options_.known_sources.end());
    for (size_t i = 0; i < rule_.from.size(); ++i) {
      const yaml::Node& at = node->is_list() ? node->items[i] : *node;
      const std::string& name = rule_.from[i];
      if (name.find_first_of(", ") != std::string::npos && reader_.narrow(at)) {
        reader_.fault(at, {"bad-source", "`" + name + "` is no source: several stand in brackets",
                           "`" + name + "` 不是一个数据源：多个数据源要用方括号", "write `from: [" + name + "]`",
                           "请写 `from: [" + name + "]`"});
        continue;
      }
      rule_.reads_alerts = rule_.reads_alerts || name == "alerts";
      if (std::find(rule_.from.begin(), rule_.from.begin() + static_cast<ptrdiff_t>(i), name) !=
          rule_.from.begin() + static_cast<ptrdiff_t>(i)) {
        reader_.fault(
            at, {"source-twice", "the source `" + name + "` is named twice", "数据源 `" + name + "` 写了两次", {}, {}});
      } else if (!reader_.narrow(at)) {
        continue;
      } else if (name == "alerts") {
        continue;
      } else if (!known.empty() && std::find(known.begin(), known.end(), name) == known.end()) {
        const std::string near = meant_source(name, known).name;
        reader_.fault(at, {"unknown-source", "there is no source `" + name + "`", "没有数据源 `" + name + "`",
                           near.empty() ? "known sources: " + join(known) : "did you mean `" + near + "`?",
                           near.empty() ? "已有数据源：" + join(known) : "是否想写 `" + near + "`？"});
      } else if (known.empty() && options_.vocabulary != nullptr) {
        check_source(reader_, at, name, *options_.vocabulary);
      }
    }
    std::sort(rule_.from.begin(), rule_.from.end());
  }

  void read_calendar() {
    out_.calendar = options_.calendar;
    const yaml::Node* node = fields_.get("calendar");
    if (node == nullptr || !reader_.read(*node, out_.calendar_name)) return;
    const auto found = options_.calendars.find(out_.calendar_name);
    if (found != options_.calendars.end()) {
      out_.calendar = found->second;
      return;
    }
    std::vector<std::string_view> known;
    for (const auto& [name, calendar] : options_.calendars) known.push_back(name);
    unknown(*node, "unknown-calendar", "calendar", "日历", out_.calendar_name, known);
  }

  void read_tables() {
    const yaml::Node* node = fields_.get("tables");
    std::vector<std::string> names;
    if (node == nullptr || !reader_.read(*node, names) || options_.tables == nullptr) return;
    for (size_t i = 0; i < names.size(); ++i) {
      const yaml::Node& at = node->is_list() ? node->items[i] : *node;
      if (!options_.tables->has(names[i])) {
        unknown(at, "unknown-table", "table", "表", names[i], options_.tables->names());
        Diagnostic& told = reader_.diagnostics().back();
        if (told.hint_en.empty()) told.hint_en = kWhereTablesLie.en, told.hint_zh = kWhereTablesLie.zh;
        out_.faulty_tables.push_back(names[i]);  // its lookups are no further faults
      } else if (auto table = options_.tables->find(names[i])) {
        out_.tables.push_back(std::move(table));
      } else {
        out_.faulty_tables.push_back(names[i]);
      }
    }
  }

  // A name that means nothing, with the nearest that does.
  void unknown(const yaml::Node& at, const char* code, const std::string& what, const std::string& what_zh,
               const std::string& name, const std::vector<std::string_view>& known) {
    const std::string near = nearest(name, known);
    const std::string all = known.empty() ? "" : "there are " + join(known);
    reader_.fault(at, {code, "there is no " + what + " `" + name + "`", "没有" + what_zh + " `" + name + "`",
                       near.empty() ? all : "did you mean `" + near + "`?",
                       near.empty() ? (known.empty() ? "" : "现有：" + join(known)) : "是否想写 `" + near + "`？"});
  }

  void read_spans() {
    if (const yaml::Node* node = fields_.get("within"); node != nullptr && reader_.read(*node, plan_.within))
      check_within(*node);
    if (const yaml::Node* node = fields_.get("radius");
        node != nullptr && reader_.read_distance(*node, plan_.radius_m)) {
      if (plan_.radius_m < kMinRadius || plan_.radius_m > kMaxRadius) {
        reader_.fault(*node, {"out-of-range", "a radius must be 1m to 50km", "半径应在 1m 到 50km 之间", {}, {}});
      }
    }
    if (const yaml::Node* node = fields_.get("for")) read_kept(*node, "for", plan_.hold);
    plan_.lateness = options_.lateness;
    plan_.rule_id = rule_.id;
    if (plan_.kind != RuleKind::kAbsence) return;
    if (fields_.get("each") != nullptr) return refuse_spans();
    fields_.require("after");
    const yaml::Node* until = fields_.key("until");
    const bool slip = fields_.meant("within") || fields_.meant("until");
    if (until == nullptr && fields_.get("within") == nullptr && !slip) {
      reader_.fault(
          *out_.node,
          {"within-or-until", "an absence needs `within` or `until`", "absence 规则要写 `within` 或 `until`", {}, {}});
    } else if (until != nullptr && fields_.get("within") != nullptr) {
      reader_.fault(*until, {"within-or-until",
                             "an absence takes `within` or `until`, not both",
                             "absence 规则只写 `within` 或 `until` 之一",
                             {},
                             {}});
    }
  }

  // A population owes by the calendar: nothing begins it, and the period's end is the deadline.
  void refuse_spans() {
    for (const std::string_view key : {"after", "within", "until", "pause", "extend"}) {
      const yaml::Node* at = fields_.key(key);
      if (at == nullptr) continue;
      reader_.fault(*at, {"each-and-span",
                          "`" + std::string(key) + "` has no meaning beside `each`: its rows owe by the calendar",
                          "`" + std::string(key) + "` 不能与 `each` 同用：名册上的每一个按日历应办",
                          {},
                          {}});
    }
  }

  void check_within(const yaml::Node& node) {
    const bool working = plan_.within.unit != Span::Unit::kPlain;
    if (plan_.within.amount <= 0) {
      reader_.fault(node, {"out-of-range", "`within` must be longer than nothing", "`within` 必须大于零", {}, {}});
    } else if (working && plan_.kind != RuleKind::kAbsence) {
      reader_.fault(node, {"working-time-here", "working time is for absence alone; a sliding window takes plain time",
                           "工作时间只能用于 absence；滑动窗口用自然时间", "write 3d or 8h", "请写 3d 或 8h"});
    } else if (working && out_.calendar == nullptr) {
      reader_.fault(
          node, {"no-calendar", "working time needs a calendar, and none is configured", "工作时间需要日历，但没有配置",
                 "give one with --calendar or in the config", "请用 --calendar 或在配置中指定日历"});
    } else if (!working && plan_.within.amount > options_.retention) {
      const std::string most = format_duration(options_.retention);
      reader_.fault(node, {"window-too-long",
                           "`within` is longer than what the log keeps, " + most,
                           "`within` 比日志保存的时间（" + most + "）还长",
                           {},
                           {}});
    }
    if (working) plan_.calendar = out_.calendar;
  }

  void read_expressions() {
    out_.where = expression("where");
    out_.after = expression("after");
    out_.each = fields_.get("each");
    if (out_.each == nullptr) {
      out_.expect = expression("expect");
    } else if (const yaml::Node* expect = fields_.get("expect");
               expect != nullptr && reader_.expect_map(*expect, "`expect` beside `each`")) {
      out_.expect = expect;
    }
    out_.until = expression("until");
    out_.fire = expression("fire");
    out_.same = expression("same");
    plan_.until = out_.until != nullptr;
    if (const yaml::Node* key = fields_.get("key")) {
      if (key->is_scalar()) {
        out_.key.push_back(key);
      } else if (reader_.expect_list(*key, "a list of expressions")) {
        for (const yaml::Node& part : key->items) out_.key.push_back(scalar(part));
        std::erase(out_.key, nullptr);
        if (key->items.empty() || key->items.size() > kMaxKeyParts) {
          reader_.fault(*key, {"out-of-range", "a key has 1 to 8 parts", "key 应有 1 到 8 项", {}, {}});
        }
      }
    }
    for (const yaml::Node* part : out_.key) rule_.key_names.push_back(part->value);
    if (const yaml::Node* extend = fields_.get("extend")) {
      const Fields parts(reader_, *extend, {"when", "until"}, "an extension");
      if (const yaml::Node* when = parts.require("when")) out_.extend_when = scalar(*when);
      if (const yaml::Node* until = parts.require("until")) out_.extend_until = scalar(*until);
    }
    if (const yaml::Node* pause = fields_.get("pause")) {
      const Fields parts(reader_, *pause, {"from", "to"}, "a pause");
      if (const yaml::Node* from = parts.require("from")) out_.pause_from = scalar(*from);
      if (const yaml::Node* to = parts.require("to")) out_.pause_to = scalar(*to);
    }
    if (const yaml::Node* settled = fields_.get("settled")) {
      const Fields parts(reader_, *settled, {"by", "undone"}, "settled");
      if (const yaml::Node* by = parts.require("by")) out_.settled_by = scalar(*by);
      if (const yaml::Node* undone = parts.get("undone")) out_.settled_undone = scalar(*undone);
    }
  }

  const yaml::Node* expression(std::string_view key) const {
    const yaml::Node* node = fields_.get(key);
    return node == nullptr ? nullptr : scalar(*node);
  }

  // An expression's node, or null and a fault.
  const yaml::Node* scalar(const yaml::Node& node) const {
    if (node.is_scalar() && !node.value.empty()) return &node;
    if (node.is_scalar() || node.kind == yaml::Node::Kind::kNull) {
      reader_.fault(node, {"no-expression", "an expression is missing here", "此处缺少表达式", {}, {}});
    } else {
      reader_.fault(node,
                    {"wrong-type", "expected an expression, found a list or a map", "此处应为表达式，却是列表或映射",
                     "put an expression that begins with [ or { in quotes", "以 [ 或 { 开头的表达式请加引号"});
    }
    return nullptr;
  }

  void read_params() {
    const yaml::Node* params = fields_.get("params");
    if (params == nullptr) return;
    if (params->kind == yaml::Node::Kind::kNull) return nothing_below(*fields_.key("params"));
    if (!reader_.expect_map(*params, "params")) {
      out_.params_faulty = true;
      return;
    }
    const size_t before = reader_.diagnostics().size();
    if (params->items.size() > kMaxParams) {
      reader_.fault(*params, {"out-of-range", "a rule has at most 100 params", "一条规则最多 100 个参数", {}, {}});
      return;
    }
    for (size_t i = 0; i < params->items.size(); ++i) read_param(params->keys[i], params->items[i]);
    out_.params_faulty = out_.params_faulty || reader_.diagnostics().size() > before;
  }

  // `params:` with its params one level too high.
  void nothing_below(const yaml::Node& key) {
    out_.params_faulty = true;
    reader_.fault(key, {"wrong-type", "`params` has nothing below it", "`params` 下面没有内容",
                        "indent the params by two blanks more than `params:`, or leave it out",
                        "请把参数比 `params:` 多缩进两格，或删去 `params:`"});
  }

  void read_param(const yaml::Node& name, const yaml::Node& node) {
    ParamText param;
    param.name = name.value;
    param.name_node = &name;
    const bool word = !param.name.empty() && (param.name[0] < '0' || param.name[0] > '9') &&
                      param.name.find_first_not_of("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") ==
                          std::string::npos;
    if (!word) {
      reader_.fault(name,
                    {"bad-name", "`" + param.name + "` cannot be a param's name", "`" + param.name + "` 不能作参数名",
                     "letters, digits and _, not a digit first", "用字母、数字和下划线，不以数字开头"});
      return;
    }
    if (node.is_scalar()) {
      param.value = &node;
    } else {
      const Fields parts(reader_, node, {"default", "by", "override"}, "a param");
      param.value = parts.require("default");
      if (const yaml::Node* by = parts.get("by")) param.by = scalar(*by);
      param.override_ = parts.get("override");
      if (node.is_map() && (parts.get("by") == nullptr) != (param.override_ == nullptr)) {
        if (parts.meant("by") || parts.meant("override")) return;
        reader_.fault(node,
                      {"by-and-override", "`by` and `override` stand together", "`by` 和 `override` 要一起写", {}, {}});
        return;
      }
      if (param.override_ != nullptr && !reader_.expect_map(*param.override_, "override")) return;
      if (param.value == nullptr || (param.override_ != nullptr && param.by == nullptr)) return;
    }
    out_.params.push_back(param);
  }

  void read_severity() {
    const yaml::Node* node = fields_.get("severity");
    if (node == nullptr) {
      out_.severity.push_back({detect::Severity::kYellow, nullptr, nullptr});
      return;
    }
    size_t index = 0;
    if (node->is_scalar()) {
      if (reader_.read_choice(*node, severity_names(), index)) out_.severity.push_back({colour(index), node, nullptr});
      return;
    }
    const Fields ladder(reader_, *node, severity_names(), "a severity ladder");
    for (size_t i = 0; i < severity_names().size(); ++i) {
      const yaml::Node* rung = ladder.get(severity_names()[i]);
      const yaml::Node* when = rung == nullptr ? nullptr : scalar(*rung);
      if (when != nullptr) out_.severity.push_back({colour(i), ladder.key(severity_names()[i]), when});
    }
    if (node->is_map() && node->items.empty()) {
      reader_.fault(*node, {"no-severity", "the ladder has no rung", "severity 没有一个颜色", {}, {}});
    }
  }

  static detect::Severity colour(size_t index) {
    detect::Severity severity = detect::Severity::kYellow;
    detect::parse_severity(severity_names()[index], severity);
    return severity;
  }

  void read_update() {
    const yaml::Node* node = fields_.get("update");
    if (node == nullptr) return;
    const Fields parts(reader_, *node, {"every", "on"}, "update");
    if (const yaml::Node* every = parts.get("every");
        every != nullptr && reader_.read_duration(*every, plan_.update_every)) {
      if (plan_.update_every < 1000) {
        reader_.fault(*every, {"out-of-range", "`every` is at least 1s", "`every` 至少 1s", {}, {}});
      }
    }
    constexpr std::string_view kOn[] = {"severity"};
    size_t index = 0;
    const yaml::Node* on = parts.get("on");
    plan_.update_on_severity = on != nullptr && reader_.read_choice(*on, kOn, index);
  }

  // A span that state must outlast: no longer than the log goes back.
  bool read_kept(const yaml::Node& node, const std::string& key, DurationMs& out) const {
    if (!reader_.read_duration(node, out)) return false;
    if (out <= options_.retention) return true;
    const std::string most = format_duration(options_.retention);
    reader_.fault(node, {"window-too-long",
                         "`" + key + "` is longer than what the log keeps, " + most,
                         "`" + key + "` 比日志保存的时间（" + most + "）还长",
                         {},
                         {}});
    return true;
  }

  void read_resolve() {
    bool quiet = false;
    if (const yaml::Node* node = fields_.get("resolve")) {
      const Fields parts(reader_, *node, {"quiet", "when", "keep"}, "resolve");
      if (const yaml::Node* q = parts.get("quiet")) {
        quiet = read_kept(*q, "quiet", plan_.quiet);
      }
      if (const yaml::Node* when = parts.get("when")) out_.resolve_when = scalar(*when);
      if (const yaml::Node* keep = parts.get("keep")) read_kept(*keep, "keep", plan_.keep);
      const bool slip = parts.meant("quiet") || parts.meant("when");
      if (node->is_map() && parts.get("quiet") == nullptr && parts.get("when") == nullptr && !slip) {
        reader_.fault(
            *node, {"never-resolves", "`resolve` needs `quiet` or `when`", "`resolve` 要写 `quiet` 或 `when`", {}, {}});
      }
    }
    const bool sliding = !detect::ends_by_answer(plan_.kind) && plan_.within.unit == Span::Unit::kPlain;
    if (!quiet && out_.resolve_when == nullptr && sliding) {
      plan_.quiet = plan_.within.amount * (plan_.kind == RuleKind::kBaseline ? 2 : 1);  // two usual spans
    }
    plan_.reopen = plan_.quiet;
    if (const yaml::Node* reopen = fields_.get("reopen")) read_kept(*reopen, "reopen", plan_.reopen);
  }

  void read_texts(std::string_view key, BilingualText& out) {
    if (const yaml::Node* node = fields_.get(key)) read_bilingual(*node, key, out);
  }

  // {zh, en}; a single text serves for both.
  bool read_bilingual(const yaml::Node& node, std::string_view what, BilingualText& out) {
    if (node.is_scalar()) {
      out.zh = out.en = &node;
      return true;
    }
    const Fields parts(reader_, node, {"zh", "en"}, what);
    out.zh = parts.get("zh");
    out.en = parts.get("en");
    std::string text;
    if (out.zh != nullptr && !reader_.read(*out.zh, text)) out.zh = nullptr;
    if (out.en != nullptr && !reader_.read(*out.en, text)) out.en = nullptr;
    const bool slip = parts.meant("zh") || parts.meant("en");
    if (node.is_map() && parts.get("zh") == nullptr && parts.get("en") == nullptr && !slip) {
      reader_.fault(node, {"no-text", "a text in `zh` or `en` is missing", "缺少 `zh` 或 `en` 文本", {}, {}});
    }
    if (out.zh == nullptr) out.zh = out.en;
    if (out.en == nullptr) out.en = out.zh;
    return out.zh != nullptr;
  }

  const yaml::Reader& reader_;
  const Fields& fields_;
  const LoadOptions& options_;
  RuleText& out_;
  Rule& rule_;
  detect::Plan& plan_;
};

// Unknown keys of the rule, told since `before`, that an expression reads as `params.KEY`: params one level too high.
// Answers whether there are any.
bool explain_stray_params(const yaml::Reader& reader, const yaml::Node& rule, size_t before) {
  bool any = false;
  auto& told = reader.diagnostics();
  for (const yaml::Node& key : rule.keys) {
    if (find_rule_key(key.value) != nullptr || !reads_param(rule, key.value)) continue;
    const yaml::Place at = reader.document().place(key.begin);
    for (size_t i = before; i < told.size(); ++i) {
      if (told[i].line != at.line || told[i].column != at.column || told[i].code != "unknown-key") continue;
      told[i].hint_en = "it is read as `params." + key.value + "`: indent it by two blanks more than `params:`";
      told[i].hint_zh = "它被当作 `params." + key.value + "` 使用：请比 `params:` 多缩进两格";
      any = true;
    }
  }
  return any;
}

}  // namespace

bool reads_param(const yaml::Node& rule, std::string_view name) {
  if (!rule.is_scalar()) {
    return std::ranges::any_of(rule.items, [&](const yaml::Node& item) { return reads_param(item, name); });
  }
  const std::string wanted = "params." + std::string(name);
  const auto is_word = [](char c) {
    return c == '_' || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9');
  };
  const std::string& text = rule.value;
  for (size_t at = text.find(wanted); at != std::string::npos; at = text.find(wanted, at + 1)) {
    const size_t end = at + wanted.size();
    if (end == text.size() || !is_word(text[end])) return true;
  }
  return false;
}

bool read_rule(const yaml::Reader& reader, const yaml::Node& node, const LoadOptions& options, RuleText& out) {
  std::vector<std::string_view> known;
  for (const RuleKey& key : rule_keys()) known.push_back(key.name);
  const size_t before = reader.diagnostics().size();
  const Fields fields(reader, node, known, "a rule");
  if (!node.is_map()) return false;
  out.params_faulty = explain_stray_params(reader, node, before);
  out.node = &node;
  return RuleReader(reader, fields, options, out).run();
}

}  // namespace tocsin::rule
