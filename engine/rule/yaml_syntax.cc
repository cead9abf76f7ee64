// What YAML cannot read: the slip that caused it where it can be told, else the parser's reason in both languages.
#include <algorithm>
#include <array>

#include "rule/yaml_slips.h"

namespace tocsin::rule::yaml {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

struct Reason {
  std::string_view en, zh;
};
// yaml-cpp's reasons that a file of ours can meet; the beginning of each.
constexpr std::array<Reason, 24> kReasons = {{
    {"end of map flow not found", "`{` 没有对应的 `}`"},
    {"end of sequence flow not found", "`[` 没有对应的 `]`"},
    {"end of map not found", "这一行与上面的键没有对齐"},
    {"end of sequence not found", "这一行与上面的列表项没有对齐"},
    {"illegal map value", "此处不能出现冒号和值"},
    {"illegal map key", "此处不能出现键"},
    {"illegal block entry", "此处不能出现列表项 `- `"},
    {"illegal flow end", "多出一个 `}` 或 `]`"},
    {"illegal tab when looking for indentation", "缩进中有制表符"},
    {"illegal EOF in scalar", "文本没有右引号，文件就结束了"},
    {"illegal document indicator in scalar", "文本中出现了 `---` 或 `...`"},
    {"illegal character in scalar", "文本中有不允许的字符"},
    {"unknown escape character", "双引号内有无法识别的 `\\` 转义"},
    {"bad character found while scanning hex number", "`\\x` 或 `\\u` 之后应为十六进制数字"},
    {"invalid unicode", "`\\u` 之后的字符编号不存在"},
    {"unknown token", "此处有 YAML 不认识的符号"},
    {"alias not found after *", "`*` 之后缺少别名；以 `*` 开头的文本要加引号"},
    {"anchor not found after &", "`&` 之后缺少锚点名；以 `&` 开头的文本要加引号"},
    {"illegal character found while scanning alias", "别名中有不允许的字符；以 `*` 开头的文本要加引号"},
    {"illegal character found while scanning anchor", "锚点名中有不允许的字符；以 `&` 开头的文本要加引号"},
    {"the referenced anchor is not defined", "`*` 所指的锚点没有定义"},
    {"unexpected character in block scalar", "`|` 或 `>` 之后有多余的字符"},
    {"cannot set zero indentation for a block scalar", "`|` 或 `>` 之后的缩进不能是 0"},
    {"illegal character found while scanning tag handle", "标签中有不允许的字符；以 `!` 开头的文本要加引号"},
}};

// As expr has it, a wide blank or one that does not break.
size_t wide_blank(std::string_view text) {
  if (text.starts_with("\u3000")) return 3;
  return text.starts_with("\u00A0") ? 2 : 0;
}

}  // namespace

Joined joined_key(std::string_view text) {
  size_t end = 0;
  while (end < text.size() && is_letter(text[end])) ++end;
  if (end == 0 || end + 1 >= text.size() || text[end] != ':') return {};
  const char next = text[end + 1];
  if (next == ' ' || next == '\t' || next == '/' || next == ':') return {};
  return {text.substr(0, end), text.substr(end + 1)};
}

std::optional<Say> line_slip(std::string_view line, size_t& offset, size_t& length) {
  size_t at = 0;
  for (; at < line.size(); ++at) {
    if (const size_t wide = wide_blank(line.substr(at)); wide > 0) {
      offset = at;
      length = wide;
      return Say{"full-width", "this line is indented with full-width blanks", "这一行用全角空格缩进",
                 "indent it with plain blanks", "请改用半角空格缩进"};
    }
    if (line[at] != ' ' && line[at] != '\t') break;
  }
  const std::string_view rest = line.substr(at);
  if (rest.size() > 1 && rest[0] == '-' && is_letter(rest[1]) && rest.find(':') != rest.npos) {
    offset = at;
    length = 1;
    const std::string key(rest.substr(1, rest.find(':') - 1));
    return Say{"no-blank", "a blank is missing behind the dash of this list item", "列表项的短横后面缺少空格",
               "write `- " + key + ": …`", "请写 `- " + key + ": …`"};
  }
  const size_t begin = rest.starts_with("- ") ? rest.find_first_not_of(' ', 1) : 0;
  const Joined joined = begin == rest.npos ? Joined{} : joined_key(rest.substr(begin));
  if (joined.key.empty()) return std::nullopt;
  offset = at + begin;
  length = joined.key.size() + 1;
  const std::string key(joined.key);
  return Say{"no-blank", "a blank is missing behind the colon of `" + key + ":`", "`" + key + ":` 的冒号后面缺少空格",
             "write `" + key + ": " + std::string(joined.value) + "`",
             "请写 `" + key + ": " + std::string(joined.value) + "`"};
}

Say syntax_fault(const std::string& reason) {
  if (reason == "bad file") {
    return {"too-deep", "this is nested too deeply to be read", "嵌套过深，无法读取", {}, {}};
  }
  const auto* known = std::ranges::find_if(kReasons, [&](const Reason& r) { return reason.starts_with(r.en); });
  const std::string zh = known == kReasons.end() ? reason : std::string(known->zh);
  Say say{"yaml-syntax", "this is not valid YAML: " + reason, "YAML 语法错误：" + zh, {}, {}};
  if (reason == "end of sequence not found" || reason == "end of map not found") {
    say.hint_en = "this line is not in line with those above: the keys of one map begin in the same column";
    say.hint_zh = "同一层的键要从同一列开始，请检查这一行的缩进";
  } else if (reason.find("flow") != std::string::npos) {
    say.hint_en =
        "inside { } and [ ], put an expression that has brackets or commas in quotes: {red: 'kind in [\"a\"]'}";
    say.hint_zh = "在 { } 和 [ ] 内，含括号或逗号的表达式请加引号：{red: 'kind in [\"a\"]'}";
  } else if (reason.find("map") != std::string::npos || reason.find("key") != std::string::npos) {
    say.hint_en = "look at the indentation, and put a text that contains \": \" or begins with a quote in quotes";
    say.hint_zh = "请检查缩进；含“: ”或以引号开头的文本要整体加引号";
  }
  return say;
}

}  // namespace tocsin::rule::yaml
