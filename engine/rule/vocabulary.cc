#include "rule/vocabulary.h"

#include <algorithm>
#include <set>

#include "rule/diagnostic.h"

namespace tocsin::rule {
namespace {

using expr::Node;

constexpr size_t kMaxCategories = 5000;

bool below(std::string_view path, std::string_view top) {
  return path.starts_with(top) && (path.size() == top.size() || path[top.size()] == '.');
}

std::vector<std::string_view> segments(std::string_view path) {
  std::vector<std::string_view> out;
  for (size_t at = 0; at <= path.size();) {
    const size_t dot = std::min(path.find('.', at), path.size());
    out.push_back(path.substr(at, dot - at));
    at = dot + 1;
  }
  return out;
}

// Every node of the tree, inner ones too.
std::vector<std::string_view> nodes_of(const Vocabulary& vocabulary) {
  std::set<std::string_view> out;
  for (const Vocabulary::Category& c : vocabulary.categories) {
    for (size_t dot = c.path.find('.'); dot != c.path.npos; dot = c.path.find('.', dot + 1)) {
      out.insert(std::string_view(c.path).substr(0, dot));
    }
    out.insert(c.path);
  }
  return {out.begin(), out.end()};
}

// What an unknown path was meant to be: a slip in one of its words, or the node that its last word names elsewhere.
std::string meant(std::string_view path, const std::vector<std::string_view>& nodes) {
  const std::vector<std::string_view> typed = segments(path);
  for (const std::string_view node : nodes) {
    const std::vector<std::string_view> known = segments(node);
    if (known.size() != typed.size()) continue;
    const auto like = [](std::string_view a, std::string_view b) { return a == b || nearest(a, {b}) == b; };
    if (std::equal(typed.begin(), typed.end(), known.begin(), like)) return std::string(node);
  }
  if (typed.size() == 1) return nearest(path, nodes);
  for (const std::string_view node : nodes) {
    if (segments(node).back() == typed.back()) return std::string(node);
  }
  return {};
}

std::string list_of(const std::vector<std::string_view>& names) {
  std::string out;
  for (const std::string_view name : names) out += (out.empty() ? "" : ", ") + std::string(name);
  return out;
}

bool is_wide(std::string_view text) {
  return std::any_of(text.begin(), text.end(), [](char c) { return static_cast<unsigned char>(c) >= 0x80; });
}

// The path that a Chinese name means: of the category that is called so, or the deepest node above all whose names hold
// it; empty where there is none.
std::string path_named(std::string_view name, const Vocabulary& vocabulary) {
  std::optional<std::string> found;
  for (const Vocabulary::Category& c : vocabulary.categories) {
    if (c.zh == name) return c.path;
    if (c.zh.find(name) == std::string::npos) continue;
    if (!found) {
      found = c.path;
      continue;
    }
    while (!found->empty() && !below(c.path, *found)) found->erase(std::min(found->rfind('.'), found->size()));
    if (found->find('.') == std::string::npos && !below(c.path, *found)) found->clear();
  }
  return found.value_or("");
}

// The children of the deepest known node above `path`; of the whole tree where there is none.
std::string choices(std::string_view path, const std::vector<std::string_view>& nodes, std::string& top) {
  for (const std::string_view node : nodes) {
    if (below(path, node) && node.size() > top.size()) top = node;
  }
  std::vector<std::string_view> children;
  for (const std::string_view node : nodes) {
    const bool child =
        top.empty() ? node.find('.') == node.npos
                    : below(node, top) && node.size() > top.size() && node.find('.', top.size() + 1) == node.npos;
    if (child) children.push_back(node);
  }
  return list_of(children);
}

class CategoryCheck {
 public:
  CategoryCheck(const yaml::Reader& reader, const Expression& e, const Vocabulary& vocabulary,
                std::span<const std::string> from)
      : reader_(reader), e_(e), vocabulary_(vocabulary), from_(from), nodes_(nodes_of(vocabulary)) {}

  bool run(const Node& root) {
    walk(&root, [&](const Node& n) {
      if (n.kind != Node::Kind::kCall || n.args.size() != 2) return true;
      const bool left = dotted(*n.args[0]) == "category";
      if (n.text == "_==_" || n.text == "_!=_") {
        if (left) leaf(*n.args[1]);
        if (dotted(*n.args[1]) == "category") leaf(*n.args[0]);
      } else if (n.text == "@in" && left && n.args[1]->kind == Node::Kind::kList) {
        for (const Node* item : n.args[1]->args) leaf(*item);
      } else if (n.text == "under" && n.receiver && left) {
        subtree(*n.args[1]);
      }
      return true;
    });
    return good_;
  }

 private:
  void leaf(const Node& literal) {
    const std::string path = literal.text_literal().value_or("");
    if (path.empty() || unknown(literal, path)) return;
    const auto at = std::find_if(vocabulary_.categories.begin(), vocabulary_.categories.end(),
                                 [&](const auto& c) { return c.path == path; });
    if (at != vocabulary_.categories.end()) return fed(literal, path);
    tell(literal, Diagnostic::Level::kWarning,
         {"inner-category", "`" + path + "` has categories below it, and only those stand on events",
          "`" + path + "` 下面还有细类，事件上只写细类", "write category.under(\"" + path + "\")",
          "请写 category.under(\"" + path + "\")"});
  }

  void subtree(const Node& literal) {
    const std::string path = literal.text_literal().value_or("");
    if (!path.empty() && !unknown(literal, path)) fed(literal, path);
  }

  bool unknown(const Node& literal, const std::string& path) {
    // An alert's category, alert.<rule>, is none of the tree's.
    const bool of_alerts = std::find(from_.begin(), from_.end(), "alerts") != from_.end();
    if (of_alerts && (path == "alert" || path.starts_with("alert."))) return true;
    if (std::find(nodes_.begin(), nodes_.end(), path) != nodes_.end()) return false;
    const bool wide = is_wide(path);  // paths are English words, so no feed anywhere has it
    const std::string near = wide ? path_named(path, vocabulary_) : meant(path, nodes_);
    std::string top;
    const std::string all = choices(path, nodes_, top);
    const bool ours = wide || !near.empty() || !top.empty();
    good_ = good_ && !ours;
    const std::string group = top.empty() ? std::string() : "`" + top + "` ";
    tell(literal, ours ? Diagnostic::Level::kError : Diagnostic::Level::kWarning,
         {"unknown-category", "no source feeds a category `" + path + "`", "没有数据源提供类别 `" + path + "`",
          near.empty() ? (group.empty() ? "known: " : group + "has ") + all : "did you mean `" + near + "`?",
          near.empty() ? (group.empty() ? "已知类别：" : group + "下有：") + all : "是否想写 `" + near + "`？"});
    return true;
  }

  // Whether one of the rule's sources reports it; not asked where a source is none of the table's.
  void fed(const Node& literal, const std::string& path) {
    std::set<std::string_view> table, reporting;
    for (const Vocabulary::Category& c : vocabulary_.categories) {
      table.insert(c.sources.begin(), c.sources.end());
      if (below(c.path, path)) reporting.insert(c.sources.begin(), c.sources.end());
    }
    for (const std::string& source : from_) {
      if (!table.contains(source) || reporting.contains(source)) return;
    }
    if (from_.empty() || reporting.empty()) return;
    const std::string who = list_of({reporting.begin(), reporting.end()});
    tell(literal, Diagnostic::Level::kWarning,
         {"not-fed", "none of this rule's sources reports `" + path + "`", "本规则的数据源都不提供 `" + path + "`",
          "it comes from " + who, "提供它的是：" + who});
  }

  void tell(const Node& at, Diagnostic::Level level, yaml::Say say) {
    report(reader_, e_.place, at, std::move(say));
    auto& all = reader_.diagnostics();
    all.back().level = level;
    const Diagnostic& last = all.back();
    const bool twice = std::any_of(all.begin(), all.end() - 1, [&](const Diagnostic& d) {
      return d.line == last.line && d.column == last.column && d.code == last.code && d.file == last.file;
    });
    if (twice) all.pop_back();
  }

  const yaml::Reader& reader_;
  const Expression& e_;
  const Vocabulary& vocabulary_;
  const std::span<const std::string> from_;
  const std::vector<std::string_view> nodes_;
  bool good_ = true;
};

}  // namespace

void Vocabulary::add_source(const std::string& name) {
  const auto at = std::lower_bound(sources.begin(), sources.end(), name);
  if (at == sources.end() || *at != name) sources.insert(at, name);
}

bool read_categories(const std::string& path, const std::string& text, Vocabulary& out,
                     std::vector<Diagnostic>& diagnostics) {
  const size_t before = diagnostics.size();
  const auto document = yaml::Document::parse(path, text, diagnostics);
  if (document == nullptr) return false;
  const yaml::Reader reader(*document, diagnostics);
  const yaml::Fields fields(reader, document->root(), {"categories"}, "a file of categories");
  const yaml::Node* tree = fields.require("categories");
  if (tree == nullptr || !reader.expect_map(*tree, "categories")) return false;
  for (size_t i = 0; i < tree->keys.size() && out.categories.size() < kMaxCategories; ++i) {
    const yaml::Fields one(reader, tree->items[i], {"zh", "en", "from"}, "a category");
    Vocabulary::Category category{tree->keys[i].value, {}, {}};
    const std::string allowed = "abcdefghijklmnopqrstuvwxyz0123456789_.";
    if (category.path.empty() || category.path.find_first_not_of(allowed) != std::string::npos) {
      reader.fault(
          tree->keys[i],
          {"bad-category", "`" + category.path + "` cannot be a category", "`" + category.path + "` 不能作类别",
           "lower-case words with dots between, as water.flooding.road", "用点分隔的小写单词，如 water.flooding.road"});
      continue;
    }
    one.read("from", category.sources);
    one.read("zh", category.zh);
    out.categories.push_back(std::move(category));
  }
  return diagnostics.size() == before;
}

MeantSource meant_source(std::string_view name, const std::vector<std::string_view>& known) {
  constexpr size_t kLeast = 3;  // letters that a beginning has
  if (std::string near = nearest(name, known); !near.empty()) return {std::move(near), true};
  const auto goes_on = [&](std::string_view source) { return name.size() >= kLeast && source.starts_with(name); };
  const auto found = std::ranges::find_if(known, goes_on);
  if (found == known.end() || std::ranges::count_if(known, goes_on) > 1) return {};
  return {std::string(*found), false};
}

bool check_source(const yaml::Reader& reader, const yaml::Node& at, const std::string& name,
                  const Vocabulary& vocabulary) {
  const std::vector<std::string_view> known(vocabulary.sources.begin(), vocabulary.sources.end());
  if (known.empty() || std::find(known.begin(), known.end(), name) != known.end()) return true;
  const MeantSource meant = meant_source(name, known);
  const std::string& near = meant.name;
  Diagnostic& d = reader.fault(
      at, {"unknown-source",
           meant.nearly ? "there is no source `" + name + "`" : "no feed here has the source `" + name + "`",
           meant.nearly ? "没有数据源 `" + name + "`" : "此处没有来源为 `" + name + "` 的 feed",
           near.empty() ? "known sources: " + list_of(known) : "did you mean `" + near + "`?",
           near.empty() ? "已有数据源：" + list_of(known) : "是否想写 `" + near + "`？"});
  if (!meant.nearly) d.level = Diagnostic::Level::kWarning;
  return !meant.nearly;
}

bool check_categories(const yaml::Reader& reader, const Expression& e, const expr::Node& root,
                      const Vocabulary& vocabulary, std::span<const std::string> from) {
  return vocabulary.categories.empty() || CategoryCheck(reader, e, vocabulary, from).run(root);
}

void check_event_category(const yaml::Reader& reader, const yaml::Node& at, const Vocabulary& vocabulary) {
  const std::string& path = at.value;
  if (vocabulary.categories.empty() || path.starts_with("alert.")) return;
  const auto is = [&](const Vocabulary::Category& c) { return c.path == path; };
  if (std::any_of(vocabulary.categories.begin(), vocabulary.categories.end(), is)) return;
  const std::vector<std::string_view> nodes = nodes_of(vocabulary);
  if (std::find(nodes.begin(), nodes.end(), path) != nodes.end()) return;  // an inner node: what a rule's `where` tells
  const bool wide = is_wide(path);
  const std::string near = wide ? path_named(path, vocabulary) : meant(path, nodes);
  std::string top;
  const std::string all = choices(path, nodes, top);
  Diagnostic& d = reader.fault(
      at, {"unknown-category", "no source feeds a category `" + path + "`", "没有数据源提供类别 `" + path + "`",
           near.empty() ? "known: " + all : "did you mean `" + near + "`?",
           near.empty() ? "已知类别：" + all : "是否想写 `" + near + "`？"});
  if (near.empty() && top.empty() && !wide) d.level = Diagnostic::Level::kWarning;
}

}  // namespace tocsin::rule
