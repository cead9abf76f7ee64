#include "rule/expression.h"

#include <algorithm>

#include "base/hash.h"
#include "base/json_writer.h"
#include "event/fields.h"
#include "expr/slips.h"
#include "rule/yaml_slips.h"

namespace tocsin::rule {

using expr::Node;

namespace {

bool is_wide(char c) { return static_cast<unsigned char>(c) >= 0x80; }

// A word in Chinese where a field's name should stand.
void explain_chinese(std::string_view text, expr::Fault& fault) {
  size_t end = fault.begin;
  while (end < text.size() && is_wide(text[end])) {
    const size_t n = yaml::utf8_length(text, end);
    if (n == 0 || expr::slip_at(text.substr(end)).length > 0) break;
    end += n;
  }
  if (end <= fault.begin) return;
  std::vector<std::string_view> fields;
  for (const FieldInfo& f : event_fields()) fields.push_back(f.name);
  const std::string word(text.substr(fault.begin, end - fault.begin));
  const std::string meant(yaml::meant_word(word, fields));
  fault.end = static_cast<uint32_t>(end);
  fault.en = "`" + word + "` is no name here: fields have English names.";
  fault.zh = "`" + word + "` 不是名称：字段用英文名。";
  fault.hint =
      meant.empty() ? "as `category`, `place`, `stage`; a text stands in quotes" : "`" + word + "` is `" + meant + "`";
  fault.hint_zh = meant.empty() ? "如 `category`、`place`、`stage`；文本要加引号" : "`" + word + "` 是 `" + meant + "`";
}

// "80%" at the end, or before an operator: a share is a number.
void explain_percent(std::string_view text, expr::Fault& fault) {
  size_t sign = std::min<size_t>(fault.begin, text.size());
  while (sign > 0 && (text[sign - 1] == ' ' || text[sign - 1] == '\n')) --sign;
  if (sign == 0 || text[sign - 1] != '%') return;
  size_t begin = --sign;
  while (begin > 0 && ((text[begin - 1] >= '0' && text[begin - 1] <= '9') || text[begin - 1] == '.')) --begin;
  const auto number = yaml::as_number(text.substr(begin, sign - begin));
  std::string share = "0.8";
  if (number) {
    share.clear();
    append_json_number(share, *number / 100);
  }
  fault.begin = static_cast<uint32_t>(number ? begin : sign);
  fault.end = static_cast<uint32_t>(sign + 1);
  fault.en = "`%` is the remainder of a division, no share.";
  fault.zh = "`%` 表示取余数，不是百分号。";
  fault.hint = number ? "write `" + share + "`" : "a share is written 0.8";
  fault.hint_zh = number ? "请写 `" + share + "`" : "比例写作 0.8";
}

// What people write in Chinese, and of percents.
void explain_slip(std::string_view text, expr::Fault& fault) {
  if (fault.code != "syntax") return;
  if (fault.begin < text.size() && fault.en.starts_with("An expression cannot contain")) {
    if (is_wide(text[fault.begin])) explain_chinese(text, fault);
  } else {
    explain_percent(text, fault);
  }
}

}  // namespace

Expression parse_expression(const yaml::Reader& reader, const yaml::Node& node) {
  return parse_expression(reader, {&node, 0}, node.value);
}

Expression parse_expression(const yaml::Reader& reader, ExpressionPlace place, std::string_view text) {
  expr::Faults faults;
  Expression out{place, expr::parse(text, faults)};
  for (expr::Fault& fault : faults) explain_slip(text, fault);
  report(reader, place, faults);
  if (!faults.empty()) out.ast = nullptr;
  return out;
}

namespace {

// expr speaks in sentences; diagnostics begin small and end without a full stop.
std::string as_message(std::string text) {
  if (text.ends_with('.')) text.pop_back();
  if (text.ends_with("。")) text.erase(text.size() - 3);
  const bool word = text.size() > 1 && text[0] >= 'A' && text[0] <= 'Z' && text[1] >= 'a' && text[1] <= 'z';
  if (word || text.starts_with("A ")) text[0] = static_cast<char>(text[0] - 'A' + 'a');
  return text;
}

}  // namespace

void report(const yaml::Reader& reader, ExpressionPlace place, const expr::Faults& faults) {
  for (const expr::Fault& f : faults) {
    reader.fault_within(*place.node, place.offset + f.begin, place.offset + f.end,
                        {f.code, as_message(f.en), as_message(f.zh), f.hint, f.hint_zh});
    // The same subtree may be checked in two passes.
    auto& all = reader.diagnostics();
    const Diagnostic& last = all.back();
    const bool twice = std::any_of(all.begin(), all.end() - 1, [&](const Diagnostic& d) {
      return d.line == last.line && d.column == last.column && d.code == last.code && d.en == last.en &&
             d.file == last.file;
    });
    if (twice) all.pop_back();
  }
}

void report(const yaml::Reader& reader, ExpressionPlace place, const Node& at, yaml::Say say) {
  reader.fault_within(*place.node, place.offset + at.begin, place.offset + at.end, std::move(say));
}

namespace {

void append(std::string& out, const Node& node);

void append_all(std::string& out, const Node& node, size_t first, const char* between) {
  for (size_t i = first; i < node.args.size(); ++i) {
    if (i > first) out += between;
    append(out, *node.args[i]);
  }
}

void append(std::string& out, const Node& node) {
  switch (node.kind) {
    case Node::Kind::kLiteral:
      if (node.value.is(expr::Tag::kBytes)) {
        out += "b";
        append_json_string(out, hex(hash64(node.value.str())));
      } else {
        expr::append_tagged_json(out, node.value);
      }
      break;
    case Node::Kind::kIdent:
      out += node.test_only ? "has(" + node.text + ")" : node.text;
      break;
    case Node::Kind::kSelect:
      if (node.test_only) out += "has(";
      append(out, *node.args[0]);
      out += "." + node.text + (node.test_only ? ")" : "");
      break;
    case Node::Kind::kCall:
      if (node.receiver) append(out, *node.args[0]);
      out += (node.receiver ? "." : "") + node.text + "(";
      append_all(out, node, node.receiver ? 1 : 0, ",");
      out += ")";
      break;
    case Node::Kind::kList:
    case Node::Kind::kMap:
      out += node.kind == Node::Kind::kList ? "[" : "{";
      append_all(out, node, 0, ",");
      out += node.kind == Node::Kind::kList ? "]" : "}";
      break;
    case Node::Kind::kComprehension:
      out += node.text + "(" + node.var + ":";
      append_all(out, node, 0, ",");
      out += ")";
      break;
  }
}

}  // namespace

std::string canonical(const Node& node) {
  std::string out;
  append(out, node);
  return out;
}

std::string dotted(const Node& node) {
  if (node.test_only) return {};
  if (node.kind == Node::Kind::kIdent) return node.text;
  if (node.kind != Node::Kind::kSelect) return {};
  const std::string left = dotted(*node.args[0]);
  return left.empty() ? left : left + "." + node.text;
}

void walk(Node* node, const std::function<bool(Node&)>& f) {
  if (!f(*node)) return;
  for (Node* arg : node->args) walk(arg, f);
}

void walk(const Node* node, const std::function<bool(const Node&)>& f) {
  if (!f(*node)) return;
  for (const Node* arg : node->args) walk(arg, f);
}

}  // namespace tocsin::rule
