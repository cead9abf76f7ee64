// Reads feed files: the keys into Feed::Impl, the expressions into programs, every fault with its place.
#include <algorithm>

#include "base/csv.h"
#include "base/nearest.h"
#include "connectors/feed/feed_impl.h"
#include "connectors/feed/feed_keys.h"
#include "expr/event_env.h"
#include "rule/expression.h"
#include "rule/yaml_file.h"

namespace tocsin::feed {
namespace {

namespace yaml = rule::yaml;
using expr::Node;
using expr::Type;
using expr::Value;

constexpr size_t kMaxTableRows = 100'000;

Value lookup(std::span<const Value> args, Arena& /*arena*/, const void* context) {
  const auto& tables = *static_cast<const Tables*>(context);
  const auto table = tables.find(args[0].str());
  if (table == tables.end()) return Value::error("lookup: there is no such table");
  const auto row = table->second.find(args[1].str());
  if (row != table->second.end()) return Value::string(row->second);
  return args.size() > 2 ? args[2] : Value::null();
}

// An expression between parsing and compiling.
struct Draft {
  rule::Expression expression;
  Mapping mapping;
  enum class Role : uint8_t { kMapping, kWhere, kSkip } role = Role::kMapping;
};

class FeedReader {
 public:
  FeedReader(const yaml::Reader& read, Feed::Impl& feed) : read_(read), feed_(feed) {}
  void read(const yaml::Node& node);

 private:
  void read_basics(const yaml::Fields& f);
  void read_csv(const yaml::Fields& f);
  void read_zone(const yaml::Node& node);
  void read_tables(const yaml::Node& node);
  void read_condition(const yaml::Fields& f, std::string_view key, Draft::Role role);
  void read_fields(const yaml::Node& node, const std::string& prefix);
  void read_field(const yaml::Node& key, const yaml::Node& value, const std::string& name);
  void read_entries(const yaml::Node& node, Field field);
  void draft(const yaml::Node& node, Mapping mapping, Draft::Role role = Draft::Role::kMapping);
  void require_fields(const yaml::Node& node);

  void name_columns(Node* node);
  void note_identities(const Draft& d);
  void check_tables(const Draft& d);
  expr::Env environment();
  void compile();
  void note_column(const std::string& name, bool guarded);

  const yaml::Reader& read_;
  Feed::Impl& feed_;
  std::unique_ptr<Tables> tables_ = std::make_unique<Tables>();
  std::vector<Draft> drafts_;
};

void FeedReader::read(const yaml::Node& node) {
  std::vector<std::string_view> names;
  for (const FeedKey& k : feed_keys()) names.push_back(k.name);
  const yaml::Fields f(read_, node, std::span<const std::string_view>(names), "a feed");
  read_basics(f);
  read_csv(f);
  if (const yaml::Node* n = f.get("tables")) read_tables(*n);
  read_condition(f, "where", Draft::Role::kWhere);
  read_condition(f, "skip", Draft::Role::kSkip);
  if (const yaml::Node* n = f.require("fields")) {
    read_fields(*n, "");
    require_fields(*n);
  }
  compile();
  feed_.tables = std::move(tables_);
}

void FeedReader::read_basics(const yaml::Fields& f) {
  size_t choice = 0;
  if (const yaml::Node* n = f.require("format"); n != nullptr && read_.read_choice(*n, kFormats, choice)) {
    feed_.format = static_cast<Format>(choice);
  }
  if (const yaml::Node* n = f.get("crs"); n != nullptr && read_.read_choice(*n, kCrsNames, choice)) {
    feed_.crs = static_cast<Crs>(choice);
  }
  if (const yaml::Node* n = f.get("time_zone")) read_zone(*n);
  if (const yaml::Node* n = f.get("lateness")) read_.read_duration(*n, feed_.lateness);
  if (const yaml::Node* n = f.get("identities")) {
    const yaml::Fields inner(read_, *n, {"respondent"}, "identities");
    const yaml::Node* r = inner.get("respondent");
    if (r != nullptr && read_.read_choice(*r, kRespondents, choice))
      feed_.respondent = static_cast<RespondentIs>(choice);
  }
}

void FeedReader::read_zone(const yaml::Node& node) {
  std::string name;
  if (!read_.read(node, name)) return;
  auto zone = TimeZone::load(name);
  if (zone) {
    feed_.zone = *zone;
  } else {
    read_.fault(node, {"bad-time-zone", zone.error().message, "没有这个时区，请写 Asia/Shanghai 一类的名称", {}, {}});
  }
}

void FeedReader::read_csv(const yaml::Fields& f) {
  size_t choice = 0;
  for (const std::string_view key : {"encoding", "delimiter", "columns"}) {
    if (feed_.format == Format::kCsv || f.get(key) == nullptr) continue;
    read_.fault(*f.key(key), {"csv-only",
                              "only a feed of format csv has `" + std::string(key) + "`",
                              "只有 csv 格式才有 `" + std::string(key) + "`",
                              {},
                              {}});
  }
  if (const yaml::Node* n = f.get("encoding"); n != nullptr && read_.read_choice(*n, kEncodings, choice)) {
    feed_.encoding = static_cast<Encoding>(choice);
  }
  if (std::string text; f.read("delimiter", text)) {
    if (text == "," || text == ";" || text == "\t" || text == "tab") {
      feed_.delimiter = text == "tab" ? '\t' : text[0];
    } else {
      read_.fault(
          *f.get("delimiter"),
          {"bad-delimiter", "the delimiter is a comma, a semicolon or tab", "分隔符只能是逗号、分号或 tab", {}, {}});
    }
  }
  f.read("columns", feed_.header);
}

void FeedReader::read_tables(const yaml::Node& node) {
  if (!read_.expect_map(node, "tables")) return;
  size_t rows = 0;
  for (size_t i = 0; i < node.keys.size(); ++i) {
    Table& table = (*tables_)[node.keys[i].value];
    if (!read_.expect_map(node.items[i], "a table")) continue;
    for (size_t k = 0; k < node.items[i].keys.size() && rows < kMaxTableRows; ++k, ++rows) {
      read_.read(node.items[i].items[k], table[node.items[i].keys[k].value]);
    }
  }
}

void FeedReader::read_condition(const yaml::Fields& f, std::string_view key, Draft::Role role) {
  if (const yaml::Node* n = f.get(key)) draft(*n, {}, role);
}

void FeedReader::draft(const yaml::Node& node, Mapping mapping, Draft::Role role) {
  std::string text;
  if (!read_.read(node, text)) return;
  Draft d{rule::parse_expression(read_, node), std::move(mapping), role};
  if (d.expression) drafts_.push_back(std::move(d));
}

// The fields at this level; `area` and `location` may hold a level of their own or be written dotted.
void FeedReader::read_fields(const yaml::Node& node, const std::string& prefix) {
  if (!read_.expect_map(node, "fields")) return;
  for (size_t i = 0; i < node.keys.size(); ++i) {
    const std::string name = prefix + node.keys[i].value;
    if ((name == "area" || name == "location") && node.items[i].is_map()) {
      read_fields(node.items[i], name + ".");
    } else {
      read_field(node.keys[i], node.items[i], name);
    }
  }
}

void FeedReader::read_field(const yaml::Node& key, const yaml::Node& value, const std::string& name) {
  std::vector<std::string_view> known;
  for (const FieldInfo& f : event_fields()) {
    if (!is_mapped(f.field)) continue;
    known.push_back(f.name);
    if (f.name != name) continue;
    if (value.is_map()) {
      read_entries(value, f.field);
    } else {
      draft(value, {Mapping::Kind::kField, f.field, name, nullptr});
    }
    return;
  }
  const std::string near(nearest_word(name, known));
  std::string hint = near.empty() ? "" : "did you mean `" + near + "`?";
  std::string hint_zh = near.empty() ? "" : "是否想写 `" + near + "`？";
  if (name == "source") hint = "the source is the file's name", hint_zh = "来源就是文件名";
  read_.fault(key, {"unknown-key", "the event has no field `" + name + "` that a feed may fill",
                    "事件没有可由接入填写的字段 `" + name + "`", hint, hint_zh});
}

void FeedReader::read_entries(const yaml::Node& node, Field field) {
  if (field != Field::kValues && field != Field::kAttrs && field != Field::kFlags) {
    read_.fault(node, {"wrong-type", "expected an expression, found a map", "此处应为表达式，却是映射", {}, {}});
    return;
  }
  for (size_t i = 0; i < node.keys.size(); ++i) {
    const auto kind = field == Field::kFlags ? Mapping::Kind::kFlag : Mapping::Kind::kEntry;
    draft(node.items[i], {kind, field, node.keys[i].value, nullptr});
  }
}

void FeedReader::require_fields(const yaml::Node& node) {
  for (const FieldInfo& f : event_fields()) {
    if (!f.required || !is_mapped(f.field) || node.find(f.name) != nullptr) continue;
    read_.fault(node, {"missing-key",
                       "the required field `" + std::string(f.name) + "` has no expression",
                       "必填字段 `" + std::string(f.name) + "` 没有表达式",
                       {},
                       {}});
  }
}

bool is_row(const Node* n) { return n->kind == Node::Kind::kIdent && n->text == "row"; }

const std::string* literal_text(const Node* n, std::string& buffer) {
  if (n->kind != Node::Kind::kLiteral || !n->value.is(expr::Tag::kString)) return nullptr;
  buffer = std::string(n->value.str());
  return &buffer;
}

void FeedReader::note_column(const std::string& name, bool guarded) {
  auto it = std::find_if(feed_.columns.begin(), feed_.columns.end(), [&](const Column& c) { return c.name == name; });
  if (it == feed_.columns.end()) it = feed_.columns.insert(it, Column{name, false});
  it->guarded |= guarded;
}

// CSV: row.name, row["name"] and "name" in row become variables of their own, so that a row is no map to search.
void FeedReader::name_columns(Node* node) {
  if (node == nullptr) return;
  std::string buffer;
  const std::string* name = nullptr;
  bool guard = false;
  if (node->kind == Node::Kind::kSelect && is_row(node->args[0])) {
    buffer = node->text;
    name = &buffer;
    guard = node->test_only;
  } else if (node->kind == Node::Kind::kCall && node->text == "_[_]" && is_row(node->args[0])) {
    name = literal_text(node->args[1], buffer);
  } else if (node->kind == Node::Kind::kCall && node->text == "@in" && is_row(node->args[1])) {
    name = literal_text(node->args[0], buffer);
    guard = name != nullptr;
  }
  if (name != nullptr) {
    note_column(*name, guard);
    node->kind = Node::Kind::kIdent;
    node->text = "row." + *name;
    node->test_only = guard;
    node->args.clear();
    return;
  }
  if (is_row(node)) feed_.whole_row = true;
  for (Node* child : node->args) name_columns(child);
}

void FeedReader::note_identities(const Draft& d) {
  const Field f = d.mapping.field;
  if (d.role != Draft::Role::kMapping || d.mapping.kind != Mapping::Kind::kField) return;
  if (f != Field::kReporter && f != Field::kSubject && f != Field::kRespondent) return;
  if (f == Field::kRespondent && feed_.respondent == RespondentIs::kOrganisation) return;
  rule::walk(d.expression.ast->root, [&](Node& n) {
    std::string buffer;
    if (n.kind == Node::Kind::kSelect) feed_.identity_keys.push_back(n.text);
    if (n.kind == Node::Kind::kCall && n.text == "_[_]" && literal_text(n.args[1], buffer)) {
      feed_.identity_keys.push_back(buffer);
    }
    return true;
  });
}

// lookup("name", …) with a name that is no table.
void FeedReader::check_tables(const Draft& d) {
  rule::walk(d.expression.ast->root, [&](Node& n) {
    std::string name;
    if (n.kind != Node::Kind::kCall || n.text != "lookup" || n.args.empty() || !literal_text(n.args[0], name))
      return true;
    if (tables_->contains(name)) return true;
    std::vector<std::string_view> known;
    for (const auto& [table, rows] : *tables_) known.push_back(table);
    const std::string near(nearest_word(name, known));
    rule::report(read_, d.expression.place, *n.args[0],
                 {"unknown-table", "the feed has no table `" + name + "`", "没有名为 `" + name + "` 的表",
                  near.empty() ? "" : "did you mean `" + near + "`?", near.empty() ? "" : "是否想写 `" + near + "`？"});
    return true;
  });
}

expr::Env FeedReader::environment() {
  expr::Env env;
  expr::add_engine_functions(env, feed_.zone);
  const Type text = Type::of(Type::Kind::kString);
  env.function("lookup", false, {text, text}, Type::of(Type::Kind::kDyn), lookup, tables_.get(),
               "the text under a key of a table, or null");
  env.function("lookup", false, {text, text, text}, text, lookup, tables_.get(),
               "the same, or the third where there is none");
  if (feed_.format == Format::kJson) {
    env.variable("row", Type::of(Type::Kind::kDyn));
    return env;
  }
  env.variable("row", Type::map(text, text));
  for (const Column& c : feed_.columns) env.variable("row." + c.name, text, c.guarded);
  return env;
}

void FeedReader::compile() {
  for (const Draft& d : drafts_) {
    note_identities(d);
    check_tables(d);
    if (feed_.format == Format::kCsv) name_columns(d.expression.ast->root);
  }
  const expr::Env env = environment();
  for (Draft& d : drafts_) {
    expr::Faults faults;
    Node* root = d.expression.ast->root;
    std::shared_ptr<const expr::Program> program;
    if (expr::check(*d.expression.ast, root, env, faults)) program = expr::compile(*d.expression.ast, root, env);
    const auto kind = root->type.kind;
    const bool condition = d.role != Draft::Role::kMapping || d.mapping.kind == Mapping::Kind::kFlag;
    if (faults.empty() && condition && kind != Type::Kind::kBool && kind != Type::Kind::kDyn) {
      rule::report(read_, d.expression.place, *root,
                   {"type-mismatch",
                    "expected a condition, found " + expr::to_string(root->type),
                    "此处应为条件（真或假）",
                    {},
                    {}});
    }
    rule::report(read_, d.expression.place, faults);
    if (d.role == Draft::Role::kWhere) {
      feed_.where = program;
    } else if (d.role == Draft::Role::kSkip) {
      feed_.skip = program;
    } else {
      d.mapping.program = program;
      d.mapping.source = d.expression.ast->source;
      feed_.mappings.push_back(std::move(d.mapping));
    }
  }
}

std::string stem(const std::string& path) {
  const size_t slash = path.find_last_of('/');
  std::string name = slash == std::string::npos ? path : path.substr(slash + 1);
  return name.substr(0, name.find_last_of('.'));
}

}  // namespace

std::shared_ptr<const Feed> load_feed(std::string_view text, const std::string& path,
                                      std::vector<rule::Diagnostic>& out) {
  const size_t before = out.size();
  const auto document = yaml::Document::parse(path, std::string(text), out);
  if (document == nullptr) return nullptr;
  const yaml::Reader read(*document, out);
  const yaml::Fields top(read, document->root(), {"feed"}, "a feed file");
  auto impl = std::make_unique<Feed::Impl>();
  impl->name = stem(path);
  if (const yaml::Node* node = top.require("feed")) FeedReader(read, *impl).read(*node);
  if (out.size() != before) return nullptr;
  return std::make_shared<const Feed>(std::move(impl));
}

Feed::Feed(std::unique_ptr<const Impl> impl) : impl_(std::move(impl)) {}
Feed::~Feed() = default;
const std::string& Feed::name() const { return impl_->name; }
Format Feed::format() const { return impl_->format; }
DurationMs Feed::lateness() const { return impl_->lateness; }
const TimeZone& Feed::zone() const { return impl_->zone; }
bool Feed::has_header() const { return impl_->format == Format::kCsv && impl_->header.empty(); }

std::function<size_t(std::string_view)> Feed::record_end() const {
  if (impl_->format != Format::kCsv) return nullptr;
  return [delimiter = impl_->delimiter](std::string_view bytes) { return csv_record_end(bytes, false, delimiter); };
}

}  // namespace tocsin::feed
