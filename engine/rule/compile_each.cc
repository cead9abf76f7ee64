#include "rule/compile_each.h"

#include <algorithm>

#include "base/hash.h"
#include "detect/packed_row.h"
#include "event/fields.h"
#include "rule/predicate.h"
#include "rule/table_hint.h"

namespace tocsin::rule {
namespace {

using expr::Node;
using expr::Type;

constexpr size_t kMaxExpectations = 16, kMaxAtLeast = 1000;
constexpr int kFirstColumn = static_cast<int>(Field::kCount_);

bool of_row(const Node& node) {
  return node.kind == Node::Kind::kIdent && node.slot >= kFirstColumn && node.text.starts_with("row.");
}

bool reads(const Node& root, bool row) {
  bool found = false;
  walk(&root, [&](const Node& n) {
    found = found || (n.kind == Node::Kind::kIdent && n.slot >= 0 && of_row(n) == row);
    return !found;
  });
  return found;
}

// EXPR == row.COLUMN among the parts of a conjunction: the comparison, or null.
const Node* correlation(const Node& node, const Node*& column, const Node*& whose) {
  if (node.kind != Node::Kind::kCall || node.args.size() != 2) return nullptr;
  if (node.text == "_&&_") {
    for (const Node* arg : node.args) {
      if (const Node* found = correlation(*arg, column, whose)) return found;
    }
    return nullptr;
  }
  if (node.text != "_==_") return nullptr;
  for (size_t i = 0; i < 2; ++i) {
    column = node.args[i];
    whose = node.args[1 - i];
    if (of_row(*column) && !column->test_only && !reads(*whose, true) && reads(*whose, false)) return &node;
  }
  return nullptr;
}

class EachCompiler {
 public:
  EachCompiler(const yaml::Reader& reader, RuleText& text, EventScope& events, detect::Duties& duties, Each& each,
               std::vector<std::string>& identity)
      : reader_(reader), text_(text), events_(events), duties_(duties), each_(each), identity_(identity) {}

  bool run(const Expression& where) {
    population();
    expectations(where);
    if (good_) owners();
    return good_;
  }

 private:
  void fail_unless(bool good) { good_ = good_ && good; }

  // An expression over the row alone.
  ProgramPtr of_the_row(const yaml::Node& node, Type::Kind want, std::string_view what, std::string* canonical_text) {
    Expression e = parse_expression(reader_, node);
    if (!e || !events_.resolve(e)) return nullptr;
    if (reads(*e.ast->root, false)) {
      report(reader_, e.place, *e.ast->root,
             {"event-here", "no event has come yet: here stands what is said of the table's row",
              "此处还没有事件，只能写表中的行", "write row.COLUMN", "请写 row.列"});
      return nullptr;
    }
    if (canonical_text != nullptr) *canonical_text = canonical(*e.ast->root);
    return events_.compile(e, *e.ast->root, want, what);
  }

  void population() {
    const yaml::Node* where = text_.each->find("where");
    if (where != nullptr) {
      where_ = of_the_row(*where, Type::Kind::kBool, "`each.where`", nullptr);
      fail_unless(where_ != nullptr);
    }
    for (const yaml::Node* part : text_.key) {
      std::string text;
      ProgramPtr program = of_the_row(*part, Type::Kind::kDyn, "a key", &text);
      fail_unless(program != nullptr);
      key_has_own_ |= text == "row." + each_.table->columns()[each_.table->key_column()].name;
      if (program != nullptr) key_.push_back(std::move(program));
    }
  }

  void expectations(const Expression& where) {
    const yaml::Node* map = text_.expect;
    if (map == nullptr) return fail_unless(false);
    if (map->items.empty() || map->items.size() > kMaxExpectations) {
      reader_.fault(*map, {"out-of-range", "`expect` names 1 to 16 things", "`expect` 应写 1 到 16 项", {}, {}});
      return fail_unless(false);
    }
    for (size_t i = 0; i < map->items.size(); ++i) {
      if (!name_is_free(map->keys[i])) fail_unless(false);
      detect::Duties::Expectation owed;
      owed.name = map->keys[i].value;
      const yaml::Fields f(reader_, map->items[i], {"of", "at_least"}, "an expectation");
      int64_t least = 1;
      if (const yaml::Node* n = f.get("at_least")) fail_unless(reader_.read_integer(*n, 1, kMaxAtLeast, least));
      owed.at_least = static_cast<uint32_t>(least);
      duties_.expect.push_back(owed);
      const yaml::Node* of = f.require("of");
      if (of == nullptr || !of->is_scalar()) {
        fail_unless(false);
        continue;
      }
      expectation(*of, where, 1U << i);
    }
  }

  bool name_is_free(const yaml::Node& name) {
    const bool word = !name.value.empty() && name.value[0] >= 'a' && name.value[0] <= 'z' &&
                      name.value.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos;
    const auto own = detect::kind_values(detect::RuleKind::kAbsence);
    const bool taken = name.value == "row" || name.value == "params" ||
                       std::any_of(own.begin(), own.end(), [&](const auto& v) { return v.name == name.value; });
    if (word && !taken) return true;
    reader_.fault(name, {"bad-name", "`" + name.value + "` cannot name what is expected",
                         "`" + name.value + "` 不能作期待事项的名称",
                         "lower-case letters, digits and _; not row, params, due_at, overdue, elapsed",
                         "用小写字母、数字和下划线；不能是 row、params、due_at、overdue、elapsed"});
    return false;
  }

  void expectation(const yaml::Node& node, const Expression& where, uint32_t role) {
    Expression e = parse_expression(reader_, node);
    if (!e || !(where ? events_.resolve_loosely(e) : events_.resolve(e))) return fail_unless(false);
    if (events_.compile(e, *e.ast->root, Type::Kind::kBool, "`of`") == nullptr) return fail_unless(false);
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
    const Node *column = nullptr, *whose = nullptr;
    if (correlation(*e.ast->root, column, whose) == nullptr) {
      reader_.fault(node, {"no-correlation", "from this it cannot be told whose the event is", "由此无法得知事件是谁的",
                           "compare with a column, as subject == row.household && …",
                           "请与表中的列比较，如 subject == row.household && …"});
      return fail_unless(false);
    }
    Each::Expectation out;
    out.counts = events_.compile(e, *e.ast->root, Type::Kind::kBool, "`of`");
    out.whose = events_.compile(e, *whose, Type::Kind::kDyn, "`of`");
    if (out.counts == nullptr || out.whose == nullptr) return fail_unless(false);
    columns_.push_back(static_cast<size_t>(column->slot - kFirstColumn));
    identity_.push_back(std::to_string(role) + ":" + canonical(*e.ast->root));
    text_.rule.needs.push_back(needs_of(role, e.ast->root));
    text_.rule.roles.push_back({role, out.counts});
    each_.expect.push_back(std::move(out));
  }

  // The table's rows that `where` picks.
  void owners() {
    const Table& table = *each_.table;
    const Event none;
    Arena arena(4096);
    const uint64_t seed = hash64(text_.rule.id);
    for (size_t i = 0; i < table.rows(); ++i) {
      arena.reset();
      const expr::EventActivation row(none, arena, table.row(i));
      if (where_ != nullptr && !where_->evaluate(row, arena).is_true()) continue;
      const expr::Value& own = table.at(i, table.key_column());
      detect::Duties::Owner owner;
      owner.key_text = "[";
      expr::append_json(owner.key_text, own);
      owner.key_text += "]";
      owner.key = hash128(owner.key_text, seed);
      owner.label = "[";
      for (const ProgramPtr& part : key_) {
        if (owner.label.size() > 1) owner.label += ",";
        const expr::Value value = part->evaluate(row, arena);
        expr::append_json(owner.label, value.is_error() ? expr::Value() : value);
      }
      if (!key_has_own_) owner.label += (owner.label.size() > 1 ? "," : "") + owner.key_text.substr(1);
      if (key_has_own_) owner.label += "]";
      const auto index = static_cast<uint32_t>(duties_.owners.size());
      duties_.by_key.emplace(owner.key, index);
      duties_.owners.push_back(std::move(owner));
      each_.rows.push_back(static_cast<uint32_t>(i));
      for (size_t x = 0; x < each_.expect.size(); ++x) {
        const expr::Value& at = table.at(i, columns_[x]);
        if (at.is(expr::Tag::kNull)) continue;
        std::string text;
        expr::append_json(text, at);
        each_.expect[x].owners[text].push_back(index);
      }
    }
  }

  const yaml::Reader& reader_;
  RuleText& text_;
  EventScope& events_;
  detect::Duties& duties_;
  Each& each_;
  std::vector<std::string>& identity_;
  ProgramPtr where_;
  std::vector<ProgramPtr> key_;
  bool key_has_own_ = false;
  std::vector<size_t> columns_;  // that tell whose an event is, by expectation
  bool good_ = true;
};

}  // namespace

bool open_each(const yaml::Reader& reader, const LoadOptions& options, const RuleText& text, EventScope& events,
               detect::Duties& duties, Each& each) {
  const yaml::Fields f(reader, *text.each, {"table", "where", "every"}, "`each`");
  if (!text.each->is_map()) return false;
  const yaml::Node* every = f.require("every");
  const yaml::Node* named = f.require("table");
  std::string period, name;
  bool good = every != nullptr && reader.read(*every, period);
  if (good) {
    auto periods = Periods::parse(period, options.zone);
    if (periods) {
      duties.every = *periods;
    } else {
      reader.fault(*every,
                   {"bad-period", "`" + period + "` is no period", "`" + period + "` 不是周期",
                    "write day, week, month, or whole days such as 30d", "请写 day、week、month，或整天数如 30d"});
      good = false;
    }
  }
  if (named == nullptr || !reader.read(*named, name)) return false;
  if (options.tables == nullptr || !options.tables->has(name)) {
    const std::vector<std::string_view> known =
        options.tables == nullptr ? std::vector<std::string_view>() : options.tables->names();
    const std::string near = nearest(name, known);
    reader.fault(*named, {"unknown-table", "there is no table `" + name + "`", "没有表 `" + name + "`",
                          near.empty() ? kWhereTablesLie.en : "did you mean `" + near + "`?",
                          near.empty() ? kWhereTablesLie.zh : "是否想写 `" + near + "`？"});
    return false;
  }
  each.table = options.tables->find(name);
  if (each.table == nullptr) return false;  // its faults have been told
  events.add_row(*each.table);
  return good;
}

bool compile_each(const yaml::Reader& reader, RuleText& text, EventScope& events, const Expression& where,
                  detect::Duties& duties, Each& each, std::vector<std::string>& identity) {
  identity.push_back("each:" + each.table->name() + "/" + duties.every.text());
  return EachCompiler(reader, text, events, duties, each, identity).run(where);
}

void fill_owners(const Rule& rule, const Each& each, detect::Duties& duties) {
  const Table& table = *each.table;
  const Event none;
  Arena arena(4096);
  std::vector<expr::Value> cells;
  const std::string source = "table:" + table.name();
  for (size_t i = 0; i < duties.owners.size(); ++i) {
    arena.reset();
    cells.clear();
    const auto values = table.row(each.rows[i]);
    const expr::EventActivation row(none, arena, values);
    for (const auto& cell : rule.cells) {
      const expr::Value v = cell->evaluate(row, arena);
      cells.push_back(v.is_error() ? expr::Value() : v);
    }
    detect::Row out;
    out.source = source;
    const std::string& key = duties.owners[i].key_text;
    const bool quoted = key.size() > 3 && key[1] == '"';
    out.id = std::string_view(key).substr(quoted ? 2 : 1, key.size() - (quoted ? 4 : 2));
    out.cells = cells;
    for (size_t c = 0; c < values.size(); ++c) {
      if (values[c].is(expr::Tag::kPoint)) {
        out.lon = values[c].lon;
        out.lat = values[c].lat;
      }
      if (table.columns()[c].type != ColumnType::kArea || !values[c].is(expr::Tag::kString)) continue;
      const std::string_view code = values[c].str();
      out.city = code.substr(0, 6);
      if (code.size() >= 9) out.town = code.substr(0, 9);
      if (code.size() >= 12) out.village = code.substr(0, 12);
    }
    detect::pack(duties.owners[i].row, out);
  }
}

}  // namespace tocsin::rule
