// Nodes to values, with a fault where one is not what it should be.
#include <algorithm>
#include <charconv>
#include <cmath>

#include "rule/yaml_file.h"
#include "rule/yaml_slips.h"

namespace tocsin::rule::yaml {
namespace {

// What a node is, in a message.
std::string_view kind_en(const Node& node) {
  switch (node.kind) {
    case Node::Kind::kNull:
      return "nothing";
    case Node::Kind::kScalar:
      return "a text";
    case Node::Kind::kList:
      return "a list";
    case Node::Kind::kMap:
      return "a map";
  }
  return "";
}
std::string_view kind_zh(const Node& node) {
  switch (node.kind) {
    case Node::Kind::kNull:
      return "空值";
    case Node::Kind::kScalar:
      return "文本";
    case Node::Kind::kList:
      return "列表";
    case Node::Kind::kMap:
      return "映射";
  }
  return "";
}

std::string in_quotes(std::string_view text) {
  constexpr size_t kShown = 60;
  if (text.size() <= kShown) return "`" + std::string(text) + "`";
  size_t n = kShown;
  while (n > 0 && (static_cast<unsigned char>(text[n]) & 0xC0U) == 0x80U) --n;
  return "`" + std::string(text.substr(0, n)) + "…`";
}

template <typename T>
std::optional<T> parse_number(std::string_view text) {
  if (text.starts_with('+')) text.remove_prefix(1);
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::string shown(double v) {
  std::string text = std::to_string(v);
  text.erase(text.find_last_not_of('0') + 1);
  if (text.ends_with('.')) text.pop_back();
  return text;
}

// A param where none can stand: detectors are built by their spans, before any event could choose among overrides.
bool names_param(std::string_view text) { return text.starts_with("params."); }
void hint_no_param(Say& say, const std::string& example, const std::string& what_zh) {
  say.hint_en = "a param stands in expressions only; write the value itself here, as " + example;
  say.hint_zh = "参数只能用在表达式里，此处请直接写" + what_zh + "，如 " + example;
}

}  // namespace

std::optional<int64_t> as_integer(std::string_view text) {
  if (text.starts_with("+-")) return std::nullopt;
  return parse_number<int64_t>(text);
}

std::optional<double> as_number(std::string_view text) {
  if (text.empty() || text.find_first_not_of("+-.eE0123456789") != std::string_view::npos || text.starts_with("+-")) {
    return std::nullopt;
  }
  const std::optional<double> value = parse_number<double>(text);
  return value && std::isfinite(*value) ? value : std::nullopt;
}

std::optional<bool> as_boolean(std::string_view text) {
  if (text == "true" || text == "True" || text == "TRUE") return true;
  if (text == "false" || text == "False" || text == "FALSE") return false;
  return std::nullopt;
}

Diagnostic& Reader::fault(const Node& node, Say say) const {
  uint32_t length = 1;
  if (node.is_scalar()) {
    const std::vector<uint32_t> map = document_.offsets(node);
    length = std::max(map.back(), node.begin + 1) - node.begin;
  }
  Diagnostic d = document_.at(node.begin, length);
  d.code = std::move(say.code), d.en = std::move(say.en), d.zh = std::move(say.zh);
  d.hint_en = std::move(say.hint_en), d.hint_zh = std::move(say.hint_zh);
  out_.push_back(std::move(d));
  return out_.back();
}

Diagnostic& Reader::fault_within(const Node& scalar, uint32_t begin, uint32_t end, Say say) const {
  const std::vector<uint32_t> map = document_.offsets(scalar);
  const uint32_t last = static_cast<uint32_t>(map.size() - 1);
  const uint32_t from = map[std::min(begin, last)];
  const uint32_t to = end > begin ? map[std::min(end - 1, last)] + 1 : from + 1;
  Diagnostic d = document_.at(from, std::max(to, from + 1) - from);
  d.code = std::move(say.code), d.en = std::move(say.en), d.zh = std::move(say.zh);
  d.hint_en = std::move(say.hint_en), d.hint_zh = std::move(say.hint_zh);
  out_.push_back(std::move(d));
  return out_.back();
}

bool Reader::scalar(const Node& node, std::string_view en, std::string_view zh) const {
  if (node.is_scalar()) return true;
  fault(node, {"wrong-type",
               "expected " + std::string(en) + ", found " + std::string(kind_en(node)),
               "此处应为" + std::string(zh) + "，却是" + std::string(kind_zh(node)),
               {},
               {}});
  return false;
}

bool Reader::read(const Node& node, std::string& out) const {
  if (!scalar(node, "a text", "文本")) return false;
  out = node.value;
  return true;
}

bool Reader::read(const Node& node, bool& out) const {
  if (!scalar(node, "true or false", " true 或 false")) return false;
  const std::optional<bool> value = node.plain ? as_boolean(node.value) : std::nullopt;
  if (!value) {
    fault(node, {"wrong-type",
                 "expected true or false, found " + in_quotes(node.value),
                 "此处应为 true 或 false，却是 " + in_quotes(node.value),
                 {},
                 {}});
    return false;
  }
  out = *value;
  return true;
}

bool Reader::read(const Node& node, int64_t& out) const { return read_integer(node, INT64_MIN, INT64_MAX, out); }

bool Reader::read_integer(const Node& node, int64_t least, int64_t most, int64_t& out) const {
  if (!scalar(node, "a whole number", "整数")) return false;
  const std::optional<int64_t> value = as_integer(node.value);
  if (!value) {
    fault(node, {"wrong-type",
                 "expected a whole number, found " + in_quotes(node.value),
                 "此处应为整数，却是 " + in_quotes(node.value),
                 {},
                 {}});
    return false;
  }
  if (*value < least || *value > most) {
    const std::string range = std::to_string(least) + " to " + std::to_string(most);
    const std::string range_zh = std::to_string(least) + " 到 " + std::to_string(most);
    fault(node,
          {"out-of-range", node.value + " is outside " + range, node.value + " 不在 " + range_zh + " 之间", {}, {}});
    return false;
  }
  out = *value;
  return true;
}

bool Reader::read(const Node& node, double& out) const { return read_number(node, -1e300, 1e300, out); }

bool Reader::read_number(const Node& node, double least, double most, double& out) const {
  if (!scalar(node, "a number", "数字")) return false;
  const std::optional<double> value = as_number(node.value);
  if (!value) {
    fault(node, {"wrong-type",
                 "expected a number, found " + in_quotes(node.value),
                 "此处应为数字，却是 " + in_quotes(node.value),
                 {},
                 {}});
    return false;
  }
  if (*value < least || *value > most) {
    fault(node, {"out-of-range",
                 node.value + " is outside " + shown(least) + " to " + shown(most),
                 node.value + " 不在 " + shown(least) + " 到 " + shown(most) + " 之间",
                 {},
                 {}});
    return false;
  }
  out = *value;
  return true;
}

bool Reader::read(const Node& node, Span& out) const {
  if (!scalar(node, "a duration", "时长")) return false;
  const Result<Span> value = parse_span(node.value);
  if (!value) {
    const std::string meant = meant_duration(node.value);
    Say say{"bad-duration", in_quotes(node.value) + " is not a duration", in_quotes(node.value) + " 不是时长",
            meant.empty() ? "write 90s, 15m, 2h, 7d, 1h30m, or working time as 3wd, 8wh" : "write `" + meant + "`",
            meant.empty() ? "写法：90s、15m、2h、7d、1h30m，工作时间 3wd、8wh" : "请写 `" + meant + "`"};
    if (names_param(node.value)) hint_no_param(say, "3d", "时长");
    fault(node, std::move(say));
    return false;
  }
  out = *value;
  return true;
}

bool Reader::read_duration(const Node& node, DurationMs& out) const {
  Span span;
  if (!read(node, span)) return false;
  if (span.unit != Span::Unit::kPlain) {
    fault(node, {"working-time-here", "working time cannot be used here", "此处不能用工作时间",
                 "write plain time, as 8h or 3d", "请写自然时间，如 8h、3d"});
    return false;
  }
  out = span.amount;
  return true;
}

bool Reader::read_distance(const Node& node, double& metres) const {
  if (!scalar(node, "a distance", "距离")) return false;
  const Result<double> value = parse_distance(node.value);
  if (!value) {
    const std::string meant = meant_distance(node.value);
    Say say{"bad-distance", in_quotes(node.value) + " is not a distance", in_quotes(node.value) + " 不是距离",
            meant.empty() ? "write 300m or 1.2km" : "write `" + meant + "`",
            meant.empty() ? "写法：300m、1.2km" : "请写 `" + meant + "`"};
    if (names_param(node.value)) hint_no_param(say, "500m", "距离");
    fault(node, std::move(say));
    return false;
  }
  metres = *value;
  return true;
}

bool Reader::read(const Node& node, std::vector<std::string>& out) const {
  out.clear();
  if (node.is_scalar()) {
    out.push_back(node.value);
    return true;
  }
  if (!expect_list(node, "a list of texts")) return false;
  for (const Node& item : node.items) {
    std::string text;
    if (!read(item, text)) return false;
    out.push_back(std::move(text));
  }
  return true;
}

bool Reader::read_choice(const Node& node, std::span<const std::string_view> names, size_t& index) const {
  std::string all;
  for (const std::string_view name : names) all += (all.empty() ? "" : ", ") + std::string(name);
  if (!scalar(node, "one of " + all, "以下之一：" + all)) return false;
  const auto found = std::find(names.begin(), names.end(), node.value);
  if (found == names.end()) {
    if (!narrow(node)) return false;
    std::string near = nearest(node.value, {names.begin(), names.end()});
    if (near.empty()) near = meant_word(node.value, names);
    fault(node, {"unknown-value", in_quotes(node.value) + " is not one of " + all,
                 in_quotes(node.value) + " 不在可选值中：" + all, near.empty() ? "" : "did you mean `" + near + "`?",
                 near.empty() ? "" : "是否想写 `" + near + "`？"});
    return false;
  }
  index = static_cast<size_t>(found - names.begin());
  return true;
}

bool Reader::expect_map(const Node& node, std::string_view what) const {
  if (node.is_map()) return true;
  size_t offset = 0, length = 0;
  if (const auto say = node.is_scalar() ? full_width_colon(node.value, offset, length) : std::nullopt) {
    fault_within(node, static_cast<uint32_t>(offset), static_cast<uint32_t>(offset + length), *say);
    return false;
  }
  const std::string name(what), form(form_of(what));
  const bool key = name.find_first_not_of("abcdefghijklmnopqrstuvwxyz_") == std::string::npos;
  fault(node, {"wrong-type", name + " must be a map of keys and values, found " + std::string(kind_en(node)),
               (key ? "`" + name + "` 应为键值映射，却是" : "此处应为键值映射，却是") + std::string(kind_zh(node)),
               form.empty() ? "" : "as `" + form + "`", form.empty() ? "" : "写法：`" + form + "`"});
  return false;
}

bool Reader::expect_list(const Node& node, std::string_view what) const {
  if (node.is_list()) return true;
  const bool dashes = node.is_map();
  fault(node, {"wrong-type", "expected " + std::string(what) + ", found " + std::string(kind_en(node)),
               "此处应为列表，却是" + std::string(kind_zh(node)),
               dashes ? "each item of a list begins with `- `: put one before its first key" : "",
               dashes ? "列表的每一项以 `- ` 开头：请写在每一项的第一个键前" : ""});
  return false;
}

Fields::Fields(const Reader& reader, const Node& node, std::span<const std::string_view> known, std::string_view what)
    : reader_(reader), node_(node), what_(what) {
  if (!reader.expect_map(node, what)) return;
  for (const Node& key : node.keys) {
    if (std::find(known.begin(), known.end(), key.value) != known.end()) continue;
    size_t offset = 0, length = 0;
    if (auto colon = full_width_colon(key.value, offset, length)) {
      reader.fault_within(key, static_cast<uint32_t>(offset), static_cast<uint32_t>(offset + length),
                          std::move(*colon));
      meant_.push_back(key.value.substr(0, offset));
      continue;
    }
    Say say{"unknown-key",
            what_ + " has no key " + in_quotes(key.value),
            "没有 " + in_quotes(key.value) + " 这个键",
            {},
            {}};
    std::string near = nearest(key.value, {known.begin(), known.end()});
    if (near.empty()) near = meant_word(key.value, known);
    const Joined joined = joined_key(key.value);
    if (std::find(known.begin(), known.end(), joined.key) != known.end()) {
      const std::string apart = std::string(joined.key) + ": " + std::string(joined.value);
      say.hint_en = "a blank is missing behind the colon: write `" + apart + "`";
      say.hint_zh = "冒号后面缺少空格：请写 `" + apart + "`";
      meant_.emplace_back(joined.key);
    } else if (!near.empty()) {
      say.hint_en = "did you mean `" + near + "`?";
      say.hint_zh = "是否想写 `" + near + "`？";
      meant_.push_back(near);
    } else if (key.value.find_first_of("()\"'") != std::string::npos) {
      say.hint_en = "this looks like a part of an expression: put an expression with commas or brackets in quotes";
      say.hint_zh = "这像是表达式的一部分：含逗号或括号的表达式请整体加引号";
    } else {
      std::string all;
      for (const std::string_view name : known) all += (all.empty() ? "" : ", ") + std::string(name);
      say.hint_en = "known keys: " + all;
      say.hint_zh = "可用的键：" + all;
    }
    reader.fault(key, std::move(say));
  }
}

const Node* Fields::key(std::string_view key) const {
  if (!node_.is_map()) return nullptr;
  const auto found = std::find_if(node_.keys.begin(), node_.keys.end(), [&](const Node& k) { return k.value == key; });
  return found == node_.keys.end() ? nullptr : &*found;
}

bool Fields::meant(std::string_view key) const { return std::find(meant_.begin(), meant_.end(), key) != meant_.end(); }

const Node* Fields::require(std::string_view key) const {
  const Node* value = get(key);
  if (value != nullptr && value->kind != Node::Kind::kNull) return value;
  if (!node_.is_map()) return nullptr;
  const Node* name = this->key(key);
  if (name == nullptr && meant(key)) return nullptr;
  const std::string k(key);
  reader_.fault(name != nullptr ? *name : node_,
                {"missing-key", what_ + " needs `" + k + "`", "缺少 `" + k + "`", {}, {}});
  return nullptr;
}

}  // namespace tocsin::rule::yaml
