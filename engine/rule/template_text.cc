#include "rule/template_text.h"

namespace tocsin::rule {
namespace {

constexpr size_t kMaxPieces = 50;

bool is_format(std::string_view text) {
  if (text.size() == 1 && text[0] >= '0' && text[0] <= '9') return true;
  return text == "time" || text == "date" || text == "datetime" || text == "duration";
}

bool is_word(std::string_view text) {
  return !text.empty() && text.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789") == std::string_view::npos;
}

// The end of the expression that begins at `from`: the next }} outside quotes.
size_t closing(std::string_view text, size_t from) {
  char quote = 0;
  for (size_t i = from; i + 1 < text.size(); ++i) {
    const char c = text[i];
    if (quote != 0) {
      if (c == '\\')
        ++i;
      else if (c == quote)
        quote = 0;
    } else if (c == '"' || c == '\'') {
      quote = c;
    } else if (c == '}' && text[i + 1] == '}') {
      return i;
    }
  }
  return std::string_view::npos;
}

// Braces of a Chinese keyboard would stand in the alert as they are.
bool narrow_braces(const yaml::Reader& reader, const yaml::Node& node) {
  for (const auto& [typed, meant] :
       {std::pair<std::string_view, std::string>{"｛｛", "{{"}, {"｝｝", "}}"}, {"{｛", "{{"}}) {
    const size_t at = node.value.find(typed);
    if (at == std::string::npos) continue;
    reader.fault_within(
        node, static_cast<uint32_t>(at), static_cast<uint32_t>(at + typed.size()),
        {"full-width", "`" + std::string(typed) + "` are full-width braces: what is between them is no expression",
         "`" + std::string(typed) + "` 是全角括号，其中的内容不会当作表达式", "write `" + meant + "`",
         "请写 `" + meant + "`"});
    return false;
  }
  return true;
}

// Whether a value of this type is written otherwise with the format; Template::render() passes over the rest.
bool fits_format(std::string_view format, expr::Type::Kind kind) {
  using Kind = expr::Type::Kind;
  if (kind == Kind::kDyn) return true;
  const bool number = kind == Kind::kInt || kind == Kind::kDouble;
  if (format == "duration") return kind == Kind::kDuration || number;
  return format.size() == 1 ? number : kind == Kind::kTimestamp;
}

}  // namespace

void tell_idle_format(const yaml::Reader& reader, const TemplateText::Piece& piece, const std::string& format,
                      const expr::Type& type) {
  if (format.empty() || fits_format(format, type.kind)) return;
  const bool decimals = format.size() == 1, span = format == "duration";
  const std::string is = expr::to_string(type);
  const std::string takes = decimals ? "a number" : span ? "a duration or seconds" : "a time";
  const std::string takes_zh = decimals ? "数字" : span ? "时长或秒数" : "时间";
  reader
      .fault_within(*piece.value.place.node, piece.format_at, piece.format_at + static_cast<uint32_t>(format.size()),
                    {"idle-format", "the format `" + format + "` is for " + takes + ", and this is " + is,
                     "格式 `" + format + "` 用于" + takes_zh + "，此处是 " + is, "leave `:" + format + "` out",
                     "请删去 `:" + format + "`"})
      .level = Diagnostic::Level::kWarning;
}

bool parse_template(const yaml::Reader& reader, const yaml::Node& node, TemplateText& out) {
  const std::string_view text = node.value;
  bool good = narrow_braces(reader, node);
  size_t at = 0;
  for (;;) {
    const size_t open = text.find("{{", at);
    TemplateText::Piece piece;
    piece.literal = std::string(text.substr(at, open == std::string_view::npos ? open : open - at));
    if (open == std::string_view::npos) {
      out.pieces.push_back(std::move(piece));
      return good;
    }
    const size_t begin = open + 2;
    const size_t close = closing(text, begin);
    if (close == std::string_view::npos || out.pieces.size() >= kMaxPieces) {
      reader.fault_within(
          node, static_cast<uint32_t>(open), static_cast<uint32_t>(open + 2),
          close == std::string_view::npos
              ? yaml::Say{"open-braces", "this `{{` is never closed with `}}`", "`{{` 没有对应的 `}}`", {}, {}}
              : yaml::Say{"out-of-range", "a text has at most 50 expressions", "一段文本最多 50 个表达式", {}, {}});
      return false;
    }
    std::string_view inside = text.substr(begin, close - begin);
    const size_t colon = inside.rfind(':');
    if (colon != std::string_view::npos && is_word(inside.substr(colon + 1))) {
      const std::string_view format = inside.substr(colon + 1);
      if (is_format(format)) {
        piece.format = std::string(format);
        piece.format_at = static_cast<uint32_t>(begin + colon + 1);
        inside = inside.substr(0, colon);
      } else if (inside.find('?') == std::string_view::npos) {
        reader.fault_within(
            node, static_cast<uint32_t>(begin + colon + 1), static_cast<uint32_t>(close),
            {"unknown-format", "there is no format `" + std::string(format) + "`",
             "没有 `" + std::string(format) + "` 这种格式", "0 to 9 decimals, time, date, datetime or duration",
             "可用：0 到 9 位小数、time、date、datetime、duration"});
        good = false;
        inside = inside.substr(0, colon);
      }
    }
    piece.value = parse_expression(reader, {&node, static_cast<uint32_t>(begin)}, inside);
    good = good && piece.value;
    out.pieces.push_back(std::move(piece));
    at = close + 2;
  }
}

}  // namespace tocsin::rule
