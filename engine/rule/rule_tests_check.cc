#include "rule/rule_tests_check.h"

#include <algorithm>
#include <set>

#include "detect/detector.h"
#include "detect/plan.h"
#include "rule/expression.h"
#include "rule/rule_keys.h"
#include "rule/scope.h"

namespace tocsin::rule {
namespace {

std::string list_of(const std::vector<std::string_view>& names) {
  std::string out;
  for (const std::string_view name : names) out += (out.empty() ? "" : ", ") + std::string(name);
  return out;
}

std::string without_blanks(std::string text) {
  std::erase(text, ' ');
  return text;
}

// The aggregates that an expression calls, as they are written.
void collect_aggregates(std::string_view text, std::set<std::string>& out) {
  expr::Faults ignored;  // reported when the rule is compiled
  const auto ast = expr::parse(text, ignored);
  if (ast == nullptr || ast->root == nullptr) return;
  walk(static_cast<const expr::Node*>(ast->root), [&](const expr::Node& n) {
    detect::AggregateOp op{};
    if (n.kind != expr::Node::Kind::kCall || n.receiver || !AggregateScope::aggregate_op(n.text, op)) return true;
    out.insert(ast->source.substr(n.begin, n.end - n.begin));
    return false;
  });
}

void collect_templates(std::string_view text, std::set<std::string>& out) {
  for (size_t open; (open = text.find("{{")) != text.npos;) {
    const size_t close = text.find("}}", open);
    if (close == text.npos) return;
    std::string_view inner = text.substr(open + 2, close - open - 2);
    collect_aggregates(inner, out);
    if (const size_t colon = inner.rfind(':'); colon != inner.npos) collect_aggregates(inner.substr(0, colon), out);
    text.remove_prefix(close + 2);
  }
}

// Every scalar below a node.
template <typename F>
void each_scalar(const yaml::Node* node, const F& f) {
  if (node == nullptr) return;
  if (node->is_scalar()) f(node->value);
  for (const yaml::Node& item : node->items) each_scalar(&item, f);
}

const detect::RuleKind* kind_of(const yaml::Node& rule) {
  const yaml::Node* kind = rule.find("kind");
  for (const detect::RuleKind& known : rule_kinds()) {
    if (kind != nullptr && detect::name_of(known) == kind->value) return &known;
  }
  return nullptr;
}

// The greatest offset at which something of a node begins.
uint32_t last_of(const yaml::Node& node) {
  uint32_t last = node.begin;
  for (const yaml::Node& key : node.keys) last = std::max(last, key.begin);
  for (const yaml::Node& item : node.items) last = std::max(last, last_of(item));
  return last;
}

// Whether a fault was told between the rule's first line and its last, but for those of its tests.
bool has_faults(const yaml::Reader& reader, const yaml::Node& rule) {
  const yaml::Document& document = reader.document();
  const auto place = [&](uint32_t offset) {
    const yaml::Place p = document.place(offset);
    return std::pair(p.line, p.column);
  };
  const yaml::Node* tests = rule.find("tests");
  if (tests == nullptr) return false;  // nobody asks
  const auto begin = place(rule.begin), end = place(last_of(rule));
  const auto first = place(tests->begin), last = place(last_of(*tests));
  return std::ranges::any_of(reader.diagnostics(), [&](const Diagnostic& d) {
    if (d.level != Diagnostic::Level::kError || d.file != document.path()) return false;
    const std::pair at(d.line, d.column);
    const bool in_rule = at >= begin && (at <= end || d.line == end.first);
    return in_rule && (at < first || at > last);
  });
}

// Whether a transition can have the reason: an episode that splits off opens, and what people do ends as `closed`.
bool can_have(std::string_view transition, detect::Reason reason) {
  return transition != "resolved" ||
         (reason != detect::Reason::kSplit && reason != detect::Reason::kPerson && reason != detect::Reason::kComment);
}

std::vector<std::string_view> rungs_of(const yaml::Node& rule) {
  const yaml::Node* severity = rule.find("severity");
  if (severity == nullptr) return {"yellow"};
  if (severity->is_scalar()) return {severity->value};
  std::vector<std::string_view> out;
  for (const yaml::Node& key : severity->keys) out.push_back(key.value);
  return out;
}

}  // namespace

TestCheck::TestCheck(const yaml::Reader& reader, const yaml::Node& rule, const Vocabulary* vocabulary)
    : reader_(reader), rule_(rule), vocabulary_(vocabulary), rule_faulty_(has_faults(reader, rule)) {
  std::set<std::string> values;
  const auto aggregates = [&](const std::string& text) { collect_aggregates(text, values); };
  for (const std::string_view key : {"fire", "severity", "resolve", "measure", "same"}) {
    each_scalar(rule.find(key), aggregates);
  }
  for (const std::string_view key : {"summary", "advice"}) {
    each_scalar(rule.find(key), [&](const std::string& text) { collect_templates(text, values); });
  }
  if (const detect::RuleKind* kind = kind_of(rule)) {
    kind_known_ = true;
    for (const detect::KindValue& v : detect::kind_values(*kind)) values.insert(std::string(v.name));
  }
  const yaml::Node* expect = rule.find("expect");  // `each`: what is expected counts under its name
  if (rule.find("each") != nullptr && expect != nullptr && expect->is_map()) {
    for (const yaml::Node& name : expect->keys) values.insert(name.value);
  }
  values_.assign(values.begin(), values.end());
}

void TestCheck::severity(const yaml::Node& at, const std::string& severity) const {
  const std::vector<std::string_view> rungs = rungs_of(rule_);
  if (rule_faulty_ || std::find(rungs.begin(), rungs.end(), severity) != rungs.end()) return;
  reader_.fault(
      at, {"test-cannot-pass", "`" + severity + "` is no rung of this rule's severity",
           "`" + severity + "` 不在本规则的 severity 中", "it has " + list_of(rungs), "本规则有：" + list_of(rungs)});
}

void TestCheck::reason(const yaml::Node& at, std::string_view transition, const std::string& reason) const {
  std::vector<std::string_view> known, possible;
  for (unsigned i = 0; i <= static_cast<unsigned>(detect::Reason::kRule); ++i) {
    const auto each = static_cast<detect::Reason>(i);
    known.push_back(detect::name_of(each));
    if (can_have(transition, each)) possible.push_back(known.back());
  }
  if (std::ranges::find(possible, reason) != possible.end()) return;
  const std::string near = nearest(reason, possible);
  const std::string en = near.empty() ? "it is one of " + list_of(possible) : "did you mean `" + near + "`?";
  const std::string zh = near.empty() ? "可用的原因：" + list_of(possible) : "是否想写 `" + near + "`？";
  if (std::ranges::find(known, reason) != known.end()) {
    const std::string type(transition);
    reader_.fault(at, {"test-cannot-pass", "nothing is `" + type + "` with the reason `" + reason + "`",
                       "`" + type + "` 不会有 `" + reason + "` 这种原因", en, zh});
    return;
  }
  reader_.fault(at, {"unknown-value", "there is no reason `" + reason + "`", "没有 `" + reason + "` 这种原因", en, zh});
}

void TestCheck::value(const yaml::Node& name) const {
  const std::string wanted = without_blanks(name.value);
  const auto same = [&](const std::string& v) { return without_blanks(v) == wanted; };
  if (rule_faulty_ || !kind_known_ || std::any_of(values_.begin(), values_.end(), same)) return;
  const std::vector<std::string_view> known(values_.begin(), values_.end());
  const std::string near = nearest(name.value, known);
  reader_.fault(name, {"test-cannot-pass", "this rule publishes no value `" + name.value + "`",
                       "本规则不发布 `" + name.value + "` 这个值",
                       near.empty() ? "it publishes " + list_of(known) : "did you mean `" + near + "`?",
                       near.empty() ? "它发布：" + list_of(known) : "是否想写 `" + near + "`？"});
}

void TestCheck::field(const std::string& name, const yaml::Node& value) const {
  if (!value.is_scalar()) return;
  std::vector<std::string_view> names;
  if (name == "kind") {
    for (unsigned i = 0; i <= static_cast<unsigned>(EventKind::kWithdrawal); ++i) {
      names.push_back(name_of(static_cast<EventKind>(i)));
    }
  } else if (name == "stage") {
    for (unsigned i = 1; i <= static_cast<unsigned>(Stage::kReturned); ++i) {
      names.push_back(name_of(static_cast<Stage>(i)));
    }
  }
  size_t index = 0;
  if (!names.empty()) reader_.read_choice(value, names, index);
  if (vocabulary_ == nullptr) return;
  if (name == "category") check_event_category(reader_, value, *vocabulary_);
  if (name == "source") check_source(reader_, value, value.value, *vocabulary_);
}

void TestCheck::expectations(const yaml::Node& expect, const RuleTest& test, DurationMs first) const {
  if (test.expect.empty() || test.expect.size() != expect.items.size()) return;
  const bool opens =
      std::any_of(test.expect.begin(), test.expect.end(), [](const auto& e) { return e.type == "opened"; });
  if (!opens) {
    reader_.fault(expect, {"test-cannot-pass", "nothing is expected to open, so nothing else can come of it",
                           "没有预期打开警报，其他变化也就不会发生", "name every transition, `opened` first",
                           "请写全所有变化，先写 `opened`"});
    return;
  }
  for (size_t i = 0; i < test.expect.size(); ++i) {
    const yaml::Node* at = expect.items[i].find("at");
    if (at == nullptr || !test.expect[i].at || *test.expect[i].at >= first) continue;
    reader_.fault(*at, {"test-cannot-pass",
                        "this is before the first event, at +" + format_duration(first),
                        "此时还没有事件：第一个事件在 +" + format_duration(first),
                        {},
                        {}});
  }
}

void tell_untested(std::span<const SourceFile> files, std::vector<Diagnostic>& diagnostics) {
  for (const SourceFile& file : files) {
    if (file.kind != SourceFile::Kind::kRules) continue;
    std::vector<Diagnostic> told;  // when the rules were read
    const auto document = yaml::Document::parse(file.path, file.text, told);
    const yaml::Node* rules =
        document == nullptr || !document->root().is_map() ? nullptr : document->root().find("rules");
    if (rules == nullptr || !rules->is_list()) continue;
    const yaml::Reader reader(*document, diagnostics);
    for (const yaml::Node& rule : rules->items) {
      const yaml::Node* id = rule.is_map() ? rule.find("id") : nullptr;
      const yaml::Node* tests = rule.is_map() ? rule.find("tests") : nullptr;
      if (id == nullptr || !id->is_scalar() || (tests != nullptr && !tests->items.empty())) continue;
      reader
          .fault(
              *id,
              {"no-tests", "the rule `" + id->value + "` has no test: nothing shows that it raises what it should",
               "规则 `" + id->value + "` 没有测试：无从得知它是否会报警",
               "add `tests:` to it: events given, and the alert expected", "请加上 `tests:`：给出的事件和预期的警报"})
          .level = Diagnostic::Level::kWarning;
    }
  }
}

}  // namespace tocsin::rule
