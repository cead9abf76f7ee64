// Phase compile: expressions to programs, in the order event scope, params, aggregate scope.
#include <algorithm>
#include <array>
#include <bit>

#include "detect/row.h"
#include "rule/checks.h"
#include "rule/compile_each.h"
#include "rule/compile_params.h"
#include "rule/compile_same.h"
#include "rule/measure.h"
#include "rule/predicate.h"
#include "rule/rule_text.h"
#include "rule/scope.h"
#include "rule/template_text.h"

namespace tocsin::rule {
namespace {

using detect::RuleKind;
using expr::Node;
using expr::Type;

class RuleCompiler {
 public:
  RuleCompiler(const yaml::Reader& reader, const LoadOptions& options, RuleText& text)
      : reader_(reader),
        options_(options),
        text_(text),
        rule_(text.rule),
        plan_(text.rule.plan),
        lookups_(reader, rule_),
        events_(reader, options.zone, lookups_),
        cells_(rule_),
        aggregates_(reader, options.zone, rule_, events_, cells_) {}

  bool run() {
    if (options_.vocabulary != nullptr) events_.know(*options_.vocabulary, rule_.from);
    if (options_.tables != nullptr) lookups_.set_known(options_.tables->names());
    for (const auto& table : text_.tables) lookups_.add_table(table);
    for (const std::string& name : text_.faulty_tables) lookups_.add_faulty(name);
    lookups_.set_calendar(text_.calendar, options_.faulty_calendars.contains(text_.calendar.get()));
    if (text_.each != nullptr && !each()) return false;
    fail_unless(compile_params(reader_, options_, text_, events_, cells_));
    roles();
    until();
    if (text_.each == nullptr) key();
    if (plan_.kind == RuleKind::kCluster) plan_.place_cell = implicit_cell("place");
    bounds();
    if (plan_.kind == RuleKind::kSimilar) same();
    fail_unless(check_of_groups(reader_, text_));
    conditions();
    fewer_steps();
    if (good_ && each_ != nullptr) fill_owners(rule_, *each_, *duties_);
    if (good_ && strict()) tell_unused_params(reader_, text_);
    if (good_) identity();
    return good_;
  }

 private:
  void fail_unless(bool good) { good_ = good_ && good; }
  // Whoever brings the names (`check`) wants every fault; a service and a replay take what can do no harm.
  bool strict() const { return options_.vocabulary != nullptr; }

  // The population: its columns are known before any expression is.
  bool each() {
    if (rule_.reads_alerts) {
      reader_.fault(*text_.each, {"each-and-alerts",
                                  "a population owes events, not alerts; take `alerts` out of `from`",
                                  "名册上的每一个应办的是事件，不是警报；请从 `from` 中去掉 `alerts`",
                                  {},
                                  {}});
      return false;
    }
    duties_ = std::make_shared<detect::Duties>();
    each_ = std::make_shared<Each>();
    rule_.each = each_;
    plan_.duties = duties_;
    if (!open_each(reader_, options_, text_, events_, *duties_, *each_)) return false;
    plan_.until = true;
    plan_.within = {Span::Unit::kPlain, 2 * duties_->every.longest()};
    return true;
  }

  // ---- event scope
  // A role's predicate: `where` and its own condition together.
  void role(uint32_t bit, const yaml::Node* own, const Expression& where, std::string_view what) {
    role(bit, own == nullptr ? where : parse_expression(reader_, *own), own != nullptr, where, what);
  }
  void role(uint32_t bit, Expression e, bool own, const Expression& where, std::string_view what) {
    if (own && !(where ? events_.resolve_loosely(e) : events_.resolve(e))) return fail_unless(false);
    const Node* own_root = own ? e.ast->root : nullptr;
    if (own) {
      const ProgramPtr alone = events_.compile(e, *e.ast->root, Type::Kind::kBool, what);
      if (alone == nullptr || never(alone, e)) return fail_unless(false);
      if (where) {
        Node* both = e.ast->make(Node::Kind::kCall);
        both->text = "_&&_";
        both->args = {e.ast->clone(*where.ast->root), e.ast->root};
        both->begin = e.ast->root->begin;
        both->end = e.ast->root->end;
        both->height = std::max(both->args[0]->height, both->args[1]->height) + 1;
        e.ast->root = both;
        if (!events_.resolve(e)) return fail_unless(false);
      }
    }
    RolePredicate predicate{bit, nullptr};
    if (e) {
      predicate.when = events_.compile(e, *e.ast->root, Type::Kind::kBool, what);
      if (predicate.when == nullptr) return fail_unless(false);
      if (never(predicate.when, e)) return fail_unless(false);
      if (own_root != nullptr) fail_unless(can_match(reader_, rule_, where, e, own_root, strict()));
      roles_text_.push_back(std::to_string(bit) + ":" + canonical(*e.ast->root));
      rule_.needs.push_back(needs_of(bit, e.ast->root));
    } else {
      roles_text_.push_back(std::to_string(bit) + ":");
      rule_.needs.push_back(needs_of(bit, nullptr));
    }
    rule_.roles.push_back(std::move(predicate));
  }

  bool never(const ProgramPtr& program, const Expression& e) const {
    if (!is_constant(program, false)) return false;
    report(reader_, e.place, *e.ast->root,
           {"matches-nothing", "this holds for no event", "没有事件满足此条件", {}, {}});
    return true;
  }

  void roles() {
    Expression where;
    if (text_.where != nullptr) {
      where = parse_expression(reader_, *text_.where);
      if (!where || !events_.resolve(where) ||
          events_.compile(where, *where.ast->root, Type::Kind::kBool, "`where`") == nullptr) {
        fail_unless(false);
        where.ast = nullptr;
      } else {
        fail_unless(can_match(reader_, rule_, where, {}, nullptr, strict()));
      }
    }
    if (each_ != nullptr) {
      return fail_unless(compile_each(reader_, text_, events_, where, *duties_, *each_, roles_text_));
    }
    if (plan_.kind == RuleKind::kSequence) return steps(where);
    if (plan_.kind == RuleKind::kBaseline && text_.measure != nullptr) return measure(where);
    if (plan_.kind != RuleKind::kAbsence) {
      role(detect::kMember, nullptr, where, "`where`");
      if (text_.settled_by != nullptr) role(detect::kSettles, text_.settled_by, {}, "`settled.by`");
      if (text_.settled_undone != nullptr) role(detect::kUnsettles, text_.settled_undone, {}, "`settled.undone`");
      return;
    }
    if (text_.after != nullptr) role(detect::kAfter, text_.after, where, "`after`");
    if (text_.expect != nullptr) {
      role(detect::kExpect, text_.expect, where, "`expect`");
      expect_ = parse_quietly(text_.expect->value);
    }
    if (text_.pause_from != nullptr) role(detect::kPause, text_.pause_from, where, "`pause.from`");
    if (text_.extend_when != nullptr) role(detect::kExtend, text_.extend_when, where, "`extend.when`");
    if (text_.pause_to != nullptr) role(detect::kUnpause, text_.pause_to, where, "`pause.to`");
  }

  void steps(const Expression& where) {
    for (size_t i = 0; i < text_.steps.size(); ++i) role(1U << i, text_.steps[i].when, where, "a step");
    if (text_.resolve_when != nullptr) role(detect::kBeside, nullptr, where, "`where`");
  }

  // For near misses: less is asked of a sequence.
  void fewer_steps() {
    const auto fewer = options_.steps_instead.find(rule_.id);
    if (fewer != options_.steps_instead.end()) ask_less(fewer->second, options_.retention, rule_);
  }

  // baseline: what is measured. A ratio's two conditions are roles, an average's value is a cell.
  void measure(const Expression& where) {
    Expression e = parse_expression(reader_, *text_.measure);
    if (!e || !read_measure(reader_, e, plan_.measure)) return fail_unless(false);
    measure_text_ = canonical(*e.ast->root);
    if (plan_.measure == detect::Measure::kRatio) {
      constexpr std::array<uint32_t, 2> kBits = {detect::kNumerator, detect::kDenominator};
      for (size_t i = 0; i < kBits.size(); ++i) {
        Expression part = parse_expression(reader_, *text_.measure);
        part.ast->root = part.ast->root->args[i];
        role(kBits[i], part, true, where, "a side of the ratio");
      }
      return;
    }
    role(detect::kMember, nullptr, where, "`where`");
    if (plan_.measure != detect::Measure::kAverage) return;
    Node*& value = e.ast->root->args[0];
    if (!events_.resolve(e, value) || !expect_number(reader_, e, *value)) return fail_unless(false);
    plan_.measure_cell = cells_.add(events_, e, *value);
    fail_unless(plan_.measure_cell >= 0);
  }

  static std::shared_ptr<expr::Ast> parse_quietly(std::string_view text) {
    expr::Faults ignored;  // reported when the role was compiled
    return expr::parse(text, ignored);
  }

  void until() {
    rule_.until = deadline(text_.until, "`until`");
    rule_.extend_until = deadline(text_.extend_until, "`extend.until`");
  }

  ProgramPtr deadline(const yaml::Node* node, std::string_view what) {
    if (node == nullptr) return nullptr;
    Expression e = parse_expression(reader_, *node);
    if (!e || !events_.resolve(e)) return fail_unless(false), nullptr;
    ProgramPtr program = events_.compile(e, *e.ast->root, Type::Kind::kTimestamp, what);
    until_text_ += (until_text_.empty() ? "" : "\n") + canonical(*e.ast->root);
    fail_unless(program != nullptr);
    return program;
  }

  void key() {
    std::vector<bool> labels;
    for (const yaml::Node* node : text_.key) {
      Expression e = parse_expression(reader_, *node);
      if (!e) {
        fail_unless(false);
        continue;
      }
      const bool label = expect_ != nullptr && tested_by(*e.ast->root, *expect_->root);
      if (!events_.resolve(e)) {
        fail_unless(false);
        continue;
      }
      const Type::Kind kind = e.ast->root->type.kind;
      if (kind == Type::Kind::kList || kind == Type::Kind::kMap) {
        reader_.fault(*node,
                      {"type-mismatch", "a part of a key must be a single value", "key 的每一项应为单个值", {}, {}});
        fail_unless(false);
        continue;
      }
      ProgramPtr program = events_.compile(e, *e.ast->root, Type::Kind::kDyn, "a key");
      key_text_.push_back((label ? "label:" : "") + canonical(*e.ast->root));
      if (!label) rule_.key.push_back(program);
      rule_.label_key.push_back(std::move(program));
      labels.push_back(label);
    }
    if (rule_.key.empty() && !rule_.label_key.empty()) {
      reader_.fault(*text_.key[0],
                    {"no-correlation", "`expect` tests every part of the key, so nothing is left to tell whose it is",
                     "`expect` 检验了 key 的每一项，无法区分是谁的事项", "add what the two events share, as `case`",
                     "请加上两个事件共有的字段，如 `case`"});
      fail_unless(false);
    }
    if (std::find(labels.begin(), labels.end(), true) == labels.end()) rule_.label_key.clear();
  }

  // How many values a count of different ones can meet: one of each part of the key, the sources, kinds and stages that
  // `where` lets through.
  void bounds() {
    if (plan_.kind == RuleKind::kAbsence) return;
    for (const std::string& part : key_text_) aggregates_.add_key(part);
    aggregates_.bound_distinct("source", static_cast<double>(rule_.from.size()));
    const auto member = std::find_if(rule_.needs.begin(), rule_.needs.end(),
                                     [](const RoleNeeds& needs) { return needs.role == detect::kMember; });
    if (member == rule_.needs.end()) return;
    unsigned kinds = 0, stages = 0;
    for (const Clause& clause : member->clauses) kinds |= clause.kinds, stages |= clause.stages;
    constexpr auto kKinds = static_cast<unsigned>(EventKind::kWithdrawal);  // counts of withdrawals: none
    aggregates_.bound_distinct("kind", std::popcount(kinds & ((1U << kKinds) - 1)));
    constexpr auto kStages = static_cast<unsigned>(Stage::kReturned);
    aggregates_.bound_distinct("stage", std::popcount(stages & ((2U << kStages) - 1) & ~1U));
  }

  int implicit_cell(std::string_view text) {
    Expression e{{text_.node, 0}, parse_quietly(text)};
    return events_.resolve(e) ? cells_.add(events_, e, *e.ast->root) : -1;
  }

  // similar: `same` to a table, and the cells of what it compares.
  void same() {
    if (text_.same == nullptr) return;
    detect::Same& same = plan_.same;
    fail_unless(compile_same(reader_, *text_.same, events_.params(), same));
    same.reporter = implicit_cell("reporter");
    same.place = implicit_cell("place");
    same.matter_case = implicit_cell("case");
    same.settles = text_.settled_by != nullptr;
    same.category = implicit_cell("category.top(1)");
    same.fingerprint = cells_.add_own("@fingerprint(text)", fingerprint_of_text(options_.zone));
    same.headline = implicit_cell(R"(headline(orElse(text, "")))");
    same_text_ = identity_of(same);
  }

  // ---- aggregate scope
  struct Condition {
    Expression e;
    const yaml::Node* node = nullptr;
  };
  Condition condition(const yaml::Node* node) {
    Condition c{{}, node};
    if (node == nullptr) return c;
    const auto instead = options_.fire_instead.find(rule_.id);
    const bool replaced = node == text_.fire && instead != options_.fire_instead.end();
    c.e = replaced ? parse_expression(reader_, {node, 0}, instead->second) : parse_expression(reader_, *node);
    if (!c.e || !aggregates_.collect(c.e)) {
      c.e.ast = nullptr;
      fail_unless(false);
    }
    return c;
  }
  ProgramPtr compiled(Condition& c, std::string_view what) {
    if (!c.e) return nullptr;
    ProgramPtr program = aggregates_.compile(c.e, Type::Kind::kBool, what);
    if (program == nullptr) c.e.ast = nullptr;
    fail_unless(program != nullptr);
    return program;
  }

  void conditions() {
    Condition fire = condition(text_.fire), resolve = condition(text_.resolve_when);
    std::vector<Condition> rungs;
    for (const RungText& rung : text_.severity) rungs.push_back(condition(rung.when));
    std::array<TemplateText, 4> texts;
    const std::array<const yaml::Node*, 4> nodes = {text_.summary.zh, text_.summary.en, text_.advice.zh,
                                                    text_.advice.en};
    for (size_t i = 0; i < nodes.size(); ++i) {
      if (i % 2 == 0 || nodes[i] != nodes[i - 1]) collect_text(nodes[i], texts[i]);
    }
    aggregates_.declare();
    plan_.fire = compiled(fire, "`fire`");
    plan_.resolve_when = compiled(resolve, "`resolve.when`");
    fail_unless(names_no_step(reader_, plan_, resolve.e));
    ladder(rungs);
    check_fire(fire);
    ladder_under_fire(fire, rungs);
    if (good_ && strict()) certain(fire, resolve, rungs);
    check_resolve(resolve);
    if (plan_.kind == RuleKind::kSimilar) fail_unless(check_of_events(reader_, rule_, fire.e, plan_.fire));
    if (plan_.kind == RuleKind::kAbsence) marks(fire, rungs);
    if (plan_.kind == RuleKind::kSilence && fire.e) silence_marks(fire, rungs);
    if (plan_.kind == RuleKind::kBaseline && fire.e) plan_.rises_only = asks_for_rise(plan_, *fire.e.ast->root);
    Template* const out[] = {&rule_.summary_zh, &rule_.summary_en, &rule_.advice_zh, &rule_.advice_en};
    for (size_t i = 0; i < texts.size(); ++i) {
      *out[i] = i % 2 == 1 && nodes[i] == nodes[i - 1]
                    ? *out[i - 1]
                    : text(texts[i], i % 2 == 0, i % 2 == 0 && nodes[i] != nodes[i + 1]);
    }
  }

  void collect_text(const yaml::Node* node, TemplateText& out) {
    if (node == nullptr) return;
    fail_unless(parse_template(reader_, *node, out));
    for (TemplateText::Piece& piece : out.pieces) {
      if (piece.value && !aggregates_.collect(piece.value)) {
        piece.value.ast = nullptr;
        fail_unless(false);
      }
    }
  }

  // A text that serves for both languages is Chinese where its words are.
  Template text(TemplateText& pieces, bool first, bool chinese) {
    std::vector<Template::Part> parts;
    const auto wide = [](const TemplateText::Piece& p) {
      return std::ranges::any_of(p.literal, [](char c) { return static_cast<unsigned char>(c) >= 0xE3; });
    };
    chinese = chinese || (first && std::ranges::any_of(pieces.pieces, wide));
    for (TemplateText::Piece& piece : pieces.pieces) {
      Template::Part part{std::move(piece.literal), nullptr, std::move(piece.format)};
      if (piece.value) {
        part.value = aggregates_.compile(piece.value, Type::Kind::kDyn, "a text");
        fail_unless(part.value != nullptr);
        if (part.value != nullptr && strict()) tell_idle_format(reader_, piece, part.format, part.value->type());
      }
      if (part.value != nullptr || !part.literal.empty()) parts.push_back(std::move(part));
    }
    return Template(std::move(parts), chinese);
  }

  void ladder(std::vector<Condition>& rungs) {
    bool certain = false;
    std::vector<const Expression*> graver;
    for (size_t i = 0; i < rungs.size(); ++i) {
      const RungText& rung = text_.severity[i];
      const std::string name(detect::name_of(rung.severity));
      if (certain) {
        reader_.fault(*rung.name, {"unreachable",
                                   "`" + name + "` is never reached: a graver rung is always true",
                                   "`" + name + "` 永远轮不到：更重的一级恒为真",
                                   {},
                                   {}});
        fail_unless(false);
        continue;
      }
      ProgramPtr when = rung.when != nullptr ? compiled(rungs[i], "a severity")
                                             : expr::compile(*always_, always_->root, aggregates_.env());
      if (when == nullptr) continue;
      certain = is_constant(when, true);
      if (is_constant(when, false)) {
        reader_.fault(*rung.when,
                      {"never-holds", "`" + name + "` can never be reached", "`" + name + "` 永远不会成立", {}, {}});
        fail_unless(false);
      }
      graver.push_back(&rungs[i].e);
      if (rungs[i].e && !certain && !is_constant(when, false) &&
          !can_hold(reader_, rule_, aggregates_, rungs[i].e, options_.set_params.empty())) {
        fail_unless(false);
      } else if (rungs[i].e && !is_constant(when, false) && !rung_reachable(aggregates_, graver)) {
        reader_.fault(*rung.name,
                      {"unreachable", "`" + name + "` is never reached: a graver rung holds whenever this one does",
                       "`" + name + "` 永远轮不到：它成立时更重的一级已经成立", "the ladder goes from the worst down",
                       "颜色由重到轻写，条件由严到宽"});
        fail_unless(false);
      }
      plan_.severity.push_back({rung.severity, std::move(when)});
    }
  }

  // A rung that no alert has, because a graver one holds whenever `fire` does: a slip, but no harm.
  void ladder_under_fire(const Condition& fire, const std::vector<Condition>& rungs) {
    if (!good_ || !fire.e || plan_.fire == nullptr) return;
    std::vector<const Expression*> graver;
    for (size_t i = 0; i < rungs.size() && rungs[i].node != nullptr; ++i) {
      if (i > 0 && !rung_reachable_under(rule_, aggregates_, fire.e, graver)) {
        const std::string name(detect::name_of(text_.severity[i].severity));
        reader_
            .fault(*text_.severity[i].name,
                   {"unreachable", "`" + name + "` is never reached: whenever `fire` holds, a graver rung does",
                    "`" + name + "` 永远轮不到：`fire` 成立时更重的一级已经成立",
                    "ask more of the graver rung than `fire` does", "更重的一级应比 `fire` 要求更高"})
            .level = Diagnostic::Level::kWarning;
        return;
      }
      graver.push_back(&rungs[i].e);
    }
  }

  void certain(const Condition& fire, const Condition& resolve, const std::vector<Condition>& rungs) {
    if (fire.e) tell_certain(reader_, rule_, aggregates_, fire.e);
    for (const Condition& rung : rungs) {
      if (rung.e) tell_certain(reader_, rule_, aggregates_, rung.e);
    }
    if (resolve.e) tell_certain(reader_, rule_, aggregates_, resolve.e);
  }

  void check_fire(const Condition& fire) {
    if (!fire.e) return;
    if (is_constant(plan_.fire, false)) {
      reader_.fault(*fire.node, {"never-holds", "`fire` can never hold", "`fire` 永远不会成立", {}, {}});
      fail_unless(false);
    } else {
      fail_unless(can_hold(reader_, rule_, aggregates_, fire.e, options_.set_params.empty()));
    }
  }

  void check_resolve(const Condition& resolve) {
    if (!resolve.e) return;
    if (is_constant(plan_.resolve_when, false)) {
      reader_.fault(*resolve.node, {"never-resolves", "`resolve.when` can never hold", "`resolve.when` 永远不会成立",
                                    "leave it out, or say when it is over", "请删去，或写明何时解除"});
      fail_unless(false);
    } else {
      fail_unless(can_hold(reader_, rule_, aggregates_, resolve.e, options_.set_params.empty()));
    }
  }

  // Without a word about time, an absence fires at its deadline.
  void marks(const Condition& fire, const std::vector<Condition>& rungs) {
    bool mentions = false;
    if (fire.e) fail_unless(collect_marks(reader_, aggregates_, fire.e, plan_, mentions));
    for (const Condition& rung : rungs) {
      if (rung.e) fail_unless(collect_marks(reader_, aggregates_, rung.e, plan_, mentions));
    }
    if (mentions || text_.fire != nullptr) return;
    plan_.elapsed_marks = {1.0};
    auto due = parse_quietly("elapsed >= 1.0");
    expr::Faults none;
    if (expr::check(*due, due->root, aggregates_.env(), none))
      plan_.fire = expr::compile(*due, due->root, aggregates_.env());
  }

  void silence_marks(const Condition& fire, const std::vector<Condition>& rungs) {
    bool mentions = false, ignored = false;
    fail_unless(collect_marks(reader_, aggregates_, fire.e, plan_, mentions));
    for (const Condition& rung : rungs) {
      if (rung.e) fail_unless(collect_marks(reader_, aggregates_, rung.e, plan_, ignored));
    }
    if (mentions) return;
    reader_.fault(*fire.node, {"no-point-in-time", "`fire` of a silence asks for `p` or `gap`",
                               "silence 规则的 `fire` 要用 `p` 或 `gap`", "as p < 0.0001 && gap >= duration(\"48h\")",
                               "如 p < 0.0001 && gap >= duration(\"48h\")"});
    fail_unless(false);
  }

  void identity() {
    std::string all(detect::name_of(plan_.kind));
    const auto add = [&](std::string_view name, std::string_view text) {
      all += "\n" + std::string(name) + ":" + std::to_string(text.size()) + ":" + std::string(text);
    };
    add("id", rule_.id);
    for (const std::string& source : rule_.from) add("from", source);
    for (const std::string& role : roles_text_) add("role", role);
    for (const std::string& part : key_text_) add("key", part);
    for (const std::string& cell : cells_.texts()) add("cell", cell);
    std::string steps;  // which are negated; their conditions are among the roles, their names are texts
    for (const detect::Step& step : plan_.steps) steps += step.negated ? "-" : "+";
    if (!steps.empty()) add("steps", steps);
    add("until", until_text_);
    add("within", std::to_string(static_cast<int>(plan_.within.unit)) + "/" + std::to_string(plan_.within.amount));
    add("radius", std::to_string(plan_.radius_m));
    if (!same_text_.empty()) add("same", same_text_);
    add("lateness", std::to_string(plan_.lateness));
    if (plan_.history > 0) add("history", std::to_string(plan_.history) + "/" + plan_.zone.name());
    if (plan_.kind == RuleKind::kBaseline) {
      add("against", std::string(plan_.hour_of_week ? "week" : "previous") + "/" + std::to_string(plan_.every));
      add("measure", measure_text_);
    }
    rule_.identity = hash64(all);
    judgement();
  }

  // From the texts as written; that a comment or a space makes another one costs a look, no more.
  void judgement() {
    std::string all;
    const auto add = [&](const yaml::Node* node) { all += node == nullptr ? "\n" : "\n" + node->value; };
    add(text_.fire);
    add(text_.resolve_when);
    for (const RungText& rung : text_.severity) {
      all += std::to_string(static_cast<int>(rung.severity));
      add(rung.when);
    }
    for (const DurationMs d : {plan_.quiet, plan_.keep, plan_.hold, plan_.reopen}) all += "\n" + std::to_string(d);
    if (duties_ != nullptr) {
      for (const auto& owed : duties_->expect) all += "\n" + std::to_string(owed.at_least);
    }
    for (const ParamText& param : text_.params) {
      all += "\n" + param.name;
      add(param.value);
      add(param.by);
      if (param.override_ == nullptr) continue;
      for (size_t i = 0; i < param.override_->items.size(); ++i) {
        all += param.override_->keys[i].value;
        add(&param.override_->items[i]);
      }
    }
    rule_.judgement = hash64(all);
  }

  static std::shared_ptr<expr::Ast> make_always() {
    expr::Faults none;
    auto ast = expr::parse("true", none);
    expr::check(*ast, ast->root, expr::Env(), none);
    return ast;
  }

  const yaml::Reader& reader_;
  const LoadOptions& options_;
  RuleText& text_;
  Rule& rule_;
  detect::Plan& plan_;
  Lookups lookups_;
  EventScope events_;
  Cells cells_;
  std::shared_ptr<detect::Duties> duties_;  // of `each`, or null
  std::shared_ptr<Each> each_;
  AggregateScope aggregates_;
  std::shared_ptr<expr::Ast> always_ = make_always();
  std::shared_ptr<expr::Ast> expect_;  // as written, for the parts of the key that it tests
  std::vector<std::string> roles_text_, key_text_;
  std::string until_text_, measure_text_, same_text_;
  bool good_ = true;
};

}  // namespace

bool compile_rule(const yaml::Reader& reader, const LoadOptions& options, RuleText& text) {
  return RuleCompiler(reader, options, text).run();
}

}  // namespace tocsin::rule
