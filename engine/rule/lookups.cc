#include "rule/lookups.h"

#include <algorithm>

#include "rule/table_hint.h"

namespace tocsin::rule {
namespace {

using expr::Node;
using expr::Type;
using expr::Value;
using Args = std::span<const Value>;

struct ColumnOf {
  std::shared_ptr<const Table> table;
  size_t column;
};

Value cell(Args args, Arena& /*arena*/, const void* context) {
  const auto* of = static_cast<const ColumnOf*>(context);
  const int64_t row = of->table->find(args[0]);
  return row < 0 ? Value() : of->table->at(static_cast<size_t>(row), of->column);
}

const WorkingTime& calendar_of(const void* context) { return *static_cast<const WorkingTime*>(context); }

Value is_workday(Args args, Arena& /*arena*/, const void* context) {
  return Value::boolean(calendar_of(context).is_workday(args[0].ms()));
}

Value working_time(Args args, Arena& /*arena*/, const void* context) {
  return Value::duration(calendar_of(context).between(args[0].ms(), args[1].ms()));
}

Value season_holds(Args args, Arena& /*arena*/, const void* context) {
  return Value::boolean(calendar_of(context).in_season(args[0].str(), args[1].ms()));
}

bool is_call(const Node& n, std::string_view name) {
  return n.kind == Node::Kind::kCall && !n.receiver && n.text == name;
}

// A file's name without folder and ending.
std::string stem_of(std::string_view path) {
  path = path.substr(path.rfind('/') + 1);  // npos + 1 is 0
  return std::string(path.substr(0, path.rfind('.')));
}

}  // namespace

// ---- the shelf

TableShelf::TableShelf(std::span<const SourceFile> files, const TimeZone& zone, std::vector<Diagnostic>& out)
    : zone_(zone), out_(out) {
  for (const SourceFile& file : files) {
    if (file.kind != SourceFile::Kind::kTable) continue;
    Entry entry;
    entry.declaration = &file;
    for (const SourceFile& rows : files) {
      if (rows.kind == SourceFile::Kind::kRows && rows.name == file.path) entry.rows = &rows;
    }
    std::string name = name_of_table(file.text);
    if (name.empty())
      name = stem_of(file.path);  // a declaration that cannot be read: its faults are told when asked for
    entries_.try_emplace(std::move(name), entry);  // of two tables of one name the first stands
  }
}

std::shared_ptr<const Table> TableShelf::find(std::string_view name) {
  const auto it = entries_.find(name);
  if (it == entries_.end()) return nullptr;
  Entry& entry = it->second;
  if (!entry.asked) entry.table = parse_table(*entry.declaration, entry.rows, zone_, out_);
  entry.asked = true;
  return entry.table;
}

std::vector<std::string_view> TableShelf::names() const {
  std::vector<std::string_view> out;
  for (const auto& [name, entry] : entries_) out.push_back(name);
  return out;
}

bool TableShelf::used(const SourceFile& file) const {
  return std::any_of(entries_.begin(), entries_.end(), [&](const auto& named) {
    const Entry& e = named.second;
    return e.asked && (e.declaration->path == file.path || (e.rows != nullptr && e.rows->path == file.path));
  });
}

// ---- expressions

bool Lookups::resolve(const Expression& e, Node*& node, std::span<expr::Env* const> envs, const char* when) {
  return visit({e, envs, when}, node);
}

bool Lookups::resolve_calendar(const Expression& e, Node*& node, expr::Env& env) {
  expr::Env* const one[] = {&env};
  return visit({e, one, ""}, node);
}

void Lookups::refuse(const Expression& e, const Node& call) const {
  report(
      reader_, e.place, call,
      {"lookup-here", "`lookup(…)` belongs to one event, and here many are judged together",
       "`lookup(…)` 针对单个事件，而此处判断的是多个事件", "write first(lookup(…).COLUMN), any(lookup(…).COLUMN == …)",
       "请写 first(lookup(…).列)、any(lookup(…).列 == …)"});
}

// Parsed from a text of ours, so without faults.
Node* Lookups::tree_of(const Expression& e, const Node& at, std::string_view text) {
  expr::Faults none;
  const auto parsed = expr::parse(text, none);
  Node* copy = e.ast->clone(*parsed->root);
  const auto place = [&](Node& n) {
    n.begin = at.begin;
    n.end = at.end;
    n.at = at.at;
    return true;
  };
  walk(copy, place);
  return copy;
}

bool Lookups::visit(const Place& place, Node*& node) {
  if (node->kind == Node::Kind::kSelect && is_call(*node->args[0], "lookup")) {
    return lookup(place, node, *node->args[0], node->text, node->test_only);
  }
  const bool compares = node->kind == Node::Kind::kCall && (node->text == "_==_" || node->text == "_!=_");
  if (compares) {  // with null: whether there is a row
    for (size_t i = 0; i < 2; ++i) {
      Node*& side = node->args[i];
      if (!is_call(*side, "lookup") || !node->args[1 - i]->is_literal(expr::Tag::kNull)) continue;
      return lookup(place, side, *side, {}, false);
    }
  }
  if (is_call(*node, "lookup")) {
    report(reader_, place.e.place, *node,
           {"no-column", "a row is no value: say which column is meant", "整行不是一个值：请写明是哪一列",
            "write lookup(\"TABLE\", KEY).COLUMN, or lookup(…) != null",
            "请写 lookup(\"表\", 主键).列，或 lookup(…) != null"});
    return false;
  }
  bool good = true;
  for (Node*& arg : node->args) good = visit(place, arg) && good;
  return good && calendar_call(place, node);
}

const Table* Lookups::table_of(const Place& place, const Node& call) {
  if (call.args.size() != 2 || !call.args[0]->is_literal(expr::Tag::kString)) {
    report(reader_, place.e.place, call,
           {"wrong-arguments",
            "`lookup` is written lookup(\"TABLE\", KEY).COLUMN",
            "`lookup` 的写法是 lookup(\"表\", 主键).列",
            {},
            {}});
    return nullptr;
  }
  const std::string name(call.args[0]->value.str());
  for (const auto& table : tables_) {
    if (table->name() == name) return table.get();
  }
  if (std::find(faulty_.begin(), faulty_.end(), name) != faulty_.end()) return nullptr;  // told already
  if (std::find(known_.begin(), known_.end(), name) != known_.end()) {
    report(
        reader_, place.e.place, *call.args[0],
        {"table-not-named", "this rule does not name the table `" + name + "`", "本规则没有声明要查 `" + name + "` 表",
         "add `tables: [" + name + "]` to the rule", "请在规则中加上 `tables: [" + name + "]`"});
    faulty_.push_back(name);
    return nullptr;
  }
  std::vector<std::string_view> names = known_;
  const std::string near = nearest(name, names);
  report(reader_, place.e.place, *call.args[0],
         {"unknown-table", "there is no table `" + name + "`", "没有 `" + name + "` 表",
          near.empty() ? kWhereTablesLie.en : "did you mean `" + near + "`?",
          near.empty() ? kWhereTablesLie.zh : "是否想写 `" + near + "`？"});
  faulty_.push_back(name);  // one fault is enough
  return nullptr;
}

// The key's own type must be that of the key column.
bool Lookups::check_key(const Place& place, const Table& table, Node& call) {
  Node* key = place.e.ast->clone(*call.args[1]);
  expr::Faults faults;
  expr::check(*place.e.ast, key, *place.envs.back(), faults);
  const Type want = type_of(table.columns()[table.key_column()].type);
  const Type::Kind got = key->type.kind;
  if (!faults.empty() || got == want.kind || got == Type::Kind::kDyn || got == Type::Kind::kError) return true;
  report(
      reader_, place.e.place, *call.args[1],
      {"type-mismatch",
       "the key of `" + table.name() + "` is " + expr::to_string(want) + ", and this is " + expr::to_string(key->type),
       "`" + table.name() + "` 的主键是 " + expr::to_string(want) + "，此处是 " + expr::to_string(key->type),
       {},
       {}});
  return false;
}

bool Lookups::lookup(const Place& place, Node*& node, Node& call, const std::string& column, bool test) {
  const Table* table = table_of(place, call);
  if (table == nullptr || !visit(place, call.args[1]) || !check_key(place, *table, call)) return false;
  const int index = column.empty() ? static_cast<int>(table->key_column()) : table->column(column);
  if (index < 0) {
    std::vector<std::string_view> names;
    std::string all;
    for (const Table::Column& c : table->columns()) {
      names.push_back(c.name);
      all += (all.empty() ? "" : ", ") + c.name;
    }
    const std::string near = nearest(column, names);
    report(reader_, place.e.place, *node,
           {"unknown-column", "the table `" + table->name() + "` has no column `" + column + "`",
            "`" + table->name() + "` 表没有 `" + column + "` 列",
            near.empty() ? "it has " + all : "did you mean `" + near + "`?",
            near.empty() ? "它有：" + all : "是否想写 `" + near + "`？"});
    return false;
  }
  const Table::Column& at = table->columns()[static_cast<size_t>(index)];
  const std::string name = "lookup:" + table->name() + "." + at.name;
  const void*& context = contexts_[name];
  if (context == nullptr) {
    const auto shared = *std::find_if(tables_.begin(), tables_.end(), [&](const auto& t) { return t.get() == table; });
    auto of = std::make_shared<const ColumnOf>(ColumnOf{shared, static_cast<size_t>(index)});
    context = of.get();
    rule_.held.push_back(std::move(of));
  }
  const Type key = type_of(table->columns()[table->key_column()].type);
  for (expr::Env* env : place.envs) {
    declare(*env, name, {{key}, {Type::of(Type::Kind::kNull)}}, type_of(at.type), cell, context, true);
  }
  Node* out = place.e.ast->make(Node::Kind::kCall);
  out->begin = node->begin;
  out->end = node->end;
  out->at = call.at;
  out->text = name;
  out->args = {call.args[1]};
  out->height = call.height;
  node = out;
  if (!test) return true;
  Node* there = place.e.ast->make(Node::Kind::kCall);
  there->begin = out->begin;
  there->end = out->end;
  there->text = "_!=_";
  Node* null = place.e.ast->make(Node::Kind::kLiteral);
  null->begin = out->begin;
  null->end = out->end;
  there->args = {out, null};
  there->height = out->height + 1;
  node = there;
  return true;
}

bool Lookups::calendar_call(const Place& place, Node*& node) {
  const bool day = is_call(*node, "isWorkday"), time = is_call(*node, "workingTime"),
             season_ = is_call(*node, "season");
  if (!day && !time && !season_) return true;
  if (calendar_ == nullptr) {
    report(reader_, place.e.place, *node,
           {"no-calendar", "`" + node->text + "` needs a calendar, and none is configured",
            "`" + node->text + "` 需要日历，但没有配置", "give one with --calendar or in the config",
            "请用 --calendar 或在配置中指定日历"});
    return false;
  }
  if (season_ && !season(place, *node)) return false;
  const Type instant = Type::of(Type::Kind::kTimestamp), text = Type::of(Type::Kind::kString);
  const Type yes = Type::of(Type::Kind::kBool);
  for (expr::Env* env : place.envs) {
    const void* context = calendar_.get();
    if (day) declare(*env, "isWorkday", {{instant}}, yes, is_workday, context, false);
    if (season_) declare(*env, "season", {{text, instant}}, yes, season_holds, context, false);
    if (!time) continue;
    declare(*env, "workingTime", {{instant, instant}}, Type::of(Type::Kind::kDuration), working_time, context, false);
  }
  if (std::find(rule_.held.begin(), rule_.held.end(), calendar_) == rule_.held.end()) rule_.held.push_back(calendar_);
  return true;
}

// season("flood") gets its time; the name must be one of the calendar's.
bool Lookups::season(const Place& place, Node& call) {
  if (call.args.empty() || call.args.size() > 2 || !call.args[0]->is_literal(expr::Tag::kString)) {
    report(reader_, place.e.place, call,
           {"wrong-arguments",
            "`season` is written season(\"NAME\") or season(\"NAME\", time)",
            "`season` 的写法是 season(\"名称\") 或 season(\"名称\", 时间)",
            {},
            {}});
    return false;
  }
  const std::string name(call.args[0]->value.str());
  const auto& seasons = calendar_->spec().seasons;
  if (!seasons.contains(name) && calendar_faulty_) return false;  // told already
  if (!seasons.contains(name)) {
    std::vector<std::string_view> names;
    std::string all;
    for (const auto& [known, season] : seasons) {
      names.push_back(known);
      all += (all.empty() ? "" : ", ") + known;
    }
    const std::string near = nearest(name, names);
    report(reader_, place.e.place, *call.args[0],
           {"unknown-season", "the calendar has no season `" + name + "`", "日历中没有季节 `" + name + "`",
            !near.empty() ? "did you mean `" + near + "`?"
            : all.empty() ? "it has none"
                          : "it has " + all,
            !near.empty() ? "是否想写 `" + near + "`？"
            : all.empty() ? "它没有任何季节"
                          : "它有：" + all});
    return false;
  }
  if (call.args.size() == 1) {
    call.args.push_back(tree_of(place.e, call, place.when));
    call.height = std::max(call.height, call.args[1]->height + 1);
  }
  return true;
}

void Lookups::declare(expr::Env& env, const std::string& name, std::vector<std::vector<Type>> params,
                      const Type& result, expr::Function f, const void* context, bool nullable) {
  if (!declared_.insert({&env, name}).second) return;
  for (std::vector<Type>& p : params) env.function(name, false, std::move(p), result, f, context);
  if (nullable) env.nullable_result(name);
}

}  // namespace tocsin::rule
