#pragma once
// A fault in a file that a person wrote, and how it is shown: file:line:col: error: message, the line, a caret, a hint.
#include <string>
#include <vector>

namespace tocsin::rule {

struct Diagnostic {
  enum class Level { kError, kWarning };
  Level level = Level::kError;
  std::string file;
  int line = 0, column = 0;      // 1-based; column in characters (code points); 0: the whole file
  int length = 1;                // characters underlined
  std::string code;              // stable name, e.g. "unknown-key"
  std::string en, zh;            // one sentence each
  std::string hint_en, hint_zh;  // a suggestion, or empty
  std::string snippet;           // the source line
};
enum class Language { kEnglish, kChinese };
// Terminal text with snippet and caret; colours when `colour`. Ends with a newline.
std::string render(const Diagnostic& d, Language language, bool colour);
// For --format json and the rule desk.
void append_json(std::string& out, const Diagnostic& d);
// The candidate nearest to `word` by edit distance (at most a third of its length), or empty.
std::string nearest(std::string_view word, const std::vector<std::string_view>& candidates);

}  // namespace tocsin::rule
