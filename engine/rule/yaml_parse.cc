// yaml-cpp's events to a tree with offsets. Its exceptions stop here.
#include <yaml-cpp/eventhandler.h>
#include <yaml-cpp/exceptions.h>
#include <yaml-cpp/parser.h>

#include <algorithm>
#include <map>
#include <sstream>

#include "rule/yaml_file.h"
#include "rule/yaml_slips.h"

namespace tocsin::rule::yaml {
namespace {

// Thrown by the builder, caught in parse(): the bytes at `offset` are not to be read on.
struct Refused {
  uint32_t offset;
  Say say;
};

void check_text(std::string_view text, const Limits& limits) {
  if (text.size() > limits.max_bytes) {
    throw Refused{0,
                  {"file-too-large", "this file is larger than " + std::to_string(limits.max_bytes / 1024) + " KiB",
                   "文件超过 " + std::to_string(limits.max_bytes / 1024) + " KiB", "split it into several files",
                   "请拆成几个文件"}};
  }
  for (size_t i = 0; i < text.size();) {
    const size_t n = utf8_length(text, i);
    if (n == 0) {
      throw Refused{static_cast<uint32_t>(i),
                    {"not-utf8", "this byte is not valid UTF-8", "此处不是合法的 UTF-8", "save the file as UTF-8",
                     "请把文件另存为 UTF-8"}};
    }
    const auto c = static_cast<unsigned char>(text[i]);
    if (n == 1 && (c == 0x7F || (c < 0x20 && c != '\t' && c != '\n' && c != '\r'))) {
      throw Refused{
          static_cast<uint32_t>(i),
          {"control-character", "a control character has no place in this file", "文件中不能有控制字符", {}, {}}};
    }
    i += n;
  }
}

class Builder final : public YAML::EventHandler {
 public:
  Builder(uint32_t shift, const Limits& limits, const Document::Expand& expand)
      : shift_(shift), limits_(limits), expand_(expand) {}

  Node root;
  bool any = false;
  struct Duplicate {
    uint32_t offset, first;
    std::string key;
  };
  std::vector<Duplicate> duplicates;

  void OnDocumentStart(const YAML::Mark& mark) override {
    if (any) {
      throw Refused{offset(mark),
                    {"second-document",
                     "a file holds one YAML document, and a second begins here",
                     "一个文件只能有一个 YAML 文档，此处开始了第二个",
                     {},
                     {}}};
    }
    any = true;
  }
  void OnDocumentEnd() override {}
  void OnNull(const YAML::Mark& mark, YAML::anchor_t anchor) override { leaf(make(mark, Node::Kind::kNull), anchor); }
  void OnAlias(const YAML::Mark& mark, YAML::anchor_t anchor) override {
    const auto found = anchors_.find(anchor);
    if (found == anchors_.end()) {
      throw Refused{offset(mark), {"alias-to-itself", "this alias contains itself", "这个别名包含它自己", {}, {}}};
    }
    count(offset(mark), size(found->second));
    add(found->second);
  }
  void OnScalar(const YAML::Mark& mark, const std::string& tag, YAML::anchor_t anchor,
                const std::string& value) override {
    Node node = make(mark, Node::Kind::kScalar);
    node.plain = tag == "?";
    node.value = value;
    if (node.plain && (value == "~" || value == "null")) node.kind = Node::Kind::kNull;
    if (expand_ && value.find('$') != std::string::npos) expand(node);
    leaf(std::move(node), anchor);
  }
  void OnSequenceStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                       YAML::EmitterStyle::value) override {
    open(make(mark, Node::Kind::kList), anchor);
  }
  void OnSequenceEnd() override { close(); }
  void OnMapStart(const YAML::Mark& mark, const std::string&, YAML::anchor_t anchor,
                  YAML::EmitterStyle::value) override {
    open(make(mark, Node::Kind::kMap), anchor);
  }
  void OnMapEnd() override { close(); }

 private:
  struct Frame {
    Node node;
    YAML::anchor_t anchor;
    std::map<std::string, uint32_t> names;  // of the keys so far, and where they stand
    bool drop = false;                      // the next value belongs to a key that was there before
  };

  uint32_t offset(const YAML::Mark& mark) const { return static_cast<uint32_t>(std::max(mark.pos, 0)) + shift_; }
  static size_t size(const Node& node) {
    size_t n = 1 + node.keys.size();
    for (const Node& item : node.items) n += size(item);
    return n;
  }
  void count(uint32_t at, size_t n) {
    nodes_ += n;
    if (nodes_ > limits_.max_nodes) {
      throw Refused{at,
                    {"too-many-values", "this file holds more than " + std::to_string(limits_.max_nodes) + " values",
                     "文件中的值超过 " + std::to_string(limits_.max_nodes) + " 个",
                     "aliases count as often as they are used", "别名每用一次都计数"}};
    }
  }
  Node make(const YAML::Mark& mark, Node::Kind kind) {
    count(offset(mark), 1);
    Node node;
    node.kind = kind;
    node.begin = offset(mark);
    return node;
  }
  void expand(Node& node) const {
    Result<std::string> text = expand_(node.value);
    if (!text) throw Refused{node.begin, {"bad-variable", text.error().message, text.error().message, {}, {}}};
    node.verbatim = *text == node.value;
    node.value = std::move(*text);
  }
  void open(Node node, YAML::anchor_t anchor) {
    if (stack_.size() >= limits_.max_depth) {
      throw Refused{node.begin,
                    {"too-deep",
                     "this is nested more than " + std::to_string(limits_.max_depth) + " deep",
                     "嵌套超过 " + std::to_string(limits_.max_depth) + " 层",
                     {},
                     {}}};
    }
    stack_.push_back({std::move(node), anchor, {}, false});
  }
  void close() {
    Frame frame = std::move(stack_.back());
    stack_.pop_back();
    leaf(std::move(frame.node), frame.anchor);
  }
  void leaf(Node node, YAML::anchor_t anchor) {
    if (anchor != YAML::NullAnchor) {
      count(node.begin, size(node));
      anchors_[anchor] = node;
    }
    add(std::move(node));
  }
  void add(Node node) {
    if (stack_.empty()) {
      root = std::move(node);
      return;
    }
    Node& parent = stack_.back().node;
    if (parent.is_list()) {
      parent.items.push_back(std::move(node));
    } else if (parent.keys.size() == parent.items.size()) {
      add_key(parent, std::move(node));
    } else {
      add_value(parent, std::move(node));
    }
  }
  void add_key(Node& parent, Node node) {
    if (node.kind == Node::Kind::kNull) node.value = "null";
    if (node.is_list() || node.is_map()) {
      throw Refused{
          node.begin,
          {"key-not-text", "a key must be a plain text, not a list or a map", "键必须是文本，不能是列表或映射",
           "put an expression that begins with [ or { in quotes", "以 [ 或 { 开头的表达式请加引号"}};
    }
    node.kind = Node::Kind::kScalar;
    Frame& frame = stack_.back();
    const auto [first, fresh] = frame.names.insert({node.value, node.begin});
    if (!fresh) {
      duplicates.push_back({node.begin, first->second, node.value});
      frame.drop = true;
    }
    parent.keys.push_back(std::move(node));
  }
  void add_value(Node& parent, Node node) {
    if (stack_.back().drop) {
      stack_.back().drop = false;
      parent.keys.pop_back();
      return;
    }
    parent.items.push_back(std::move(node));
  }

  const uint32_t shift_;
  const Limits& limits_;
  const Document::Expand& expand_;
  size_t nodes_ = 0;
  std::vector<Frame> stack_;
  std::map<YAML::anchor_t, Node> anchors_;
};

}  // namespace

const Node* Node::find(std::string_view key) const {
  for (size_t i = 0; i < keys.size(); ++i) {
    if (keys[i].value == key) return &items[i];
  }
  return nullptr;
}

std::unique_ptr<const Document> Document::parse(std::string path, std::string text, std::vector<Diagnostic>& out,
                                                const Limits& limits, const Expand& expand) {
  std::unique_ptr<Document> doc(new Document());
  doc->path_ = std::move(path);
  doc->text_ = std::move(text);
  doc->lines_.push_back(0);
  for (size_t i = 0; i < doc->text_.size(); ++i) {
    if (doc->text_[i] == '\n') doc->lines_.push_back(static_cast<uint32_t>(i + 1));
  }
  const bool bom = doc->text_.starts_with("\xEF\xBB\xBF");
  const uint32_t shift = bom ? 3 : 0;
  const auto refuse = [&](uint32_t offset, Say say) {
    Diagnostic d = doc->at(offset, 1);
    d.code = std::move(say.code), d.en = std::move(say.en), d.zh = std::move(say.zh);
    d.hint_en = std::move(say.hint_en), d.hint_zh = std::move(say.hint_zh);
    out.push_back(std::move(d));
    return nullptr;
  };
  Builder builder(shift, limits, expand);
  try {
    check_text(doc->text_, limits);
    std::istringstream in(doc->text_.substr(shift));
    YAML::Parser parser(in);
    while (parser.HandleNextDocument(builder)) {
    }
  } catch (const Refused& refused) {
    return refuse(refused.offset, refused.say);
  } catch (const YAML::Exception& e) {
    const uint32_t offset = static_cast<uint32_t>(std::max(e.mark.pos, 0)) + shift;
    // A key without its colon swallows the next line: the cause stands above where the parser stops.
    const int last = doc->place(offset).line;
    for (int number = last, first = std::max(1, last - 3); number >= first; --number) {
      const uint32_t begin = doc->lines_[static_cast<size_t>(number - 1)];
      size_t at = 0, length = 0;
      std::optional<Say> slip = full_width_colon(doc->line(begin), at, length);
      if (!slip) slip = line_slip(doc->line(begin), at, length);
      if (slip) return refuse(begin + static_cast<uint32_t>(at), std::move(*slip));
    }
    Say say = syntax_fault(e.msg);
    const std::string_view line = doc->line(offset);
    if (line.substr(0, line.find_first_not_of(" \t")).find('\t') != std::string_view::npos) {
      say.hint_en = "YAML is indented with blanks, not with tabs";
      say.hint_zh = "YAML 用空格缩进，不能用制表符";
    }
    return refuse(offset, std::move(say));
  } catch (const std::exception& e) {
    return refuse(0, syntax_fault(e.what()));
  }
  doc->root_ = std::move(builder.root);
  for (const Builder::Duplicate& twice : builder.duplicates) {
    const std::string first = std::to_string(doc->place(twice.first).line);
    refuse(twice.offset,
           {"duplicate-key", "`" + twice.key + "` is given twice; the first is on line " + first,
            "`" + twice.key + "` 写了两次，第一次在第 " + first + " 行", "remove one of them", "请删去一个"});
    out.back().length = static_cast<int>(std::max<size_t>(1, twice.key.size()));
  }
  return doc;
}

}  // namespace tocsin::rule::yaml
