#include "connectors/cli/rule_edits.h"

#include <algorithm>
#include <map>
#include <string>
#include <string_view>

namespace tocsin::cli {
namespace {

using Lines = std::vector<std::string_view>;

Lines lines_of_file(std::string_view text) {
  Lines out;
  for (size_t at = 0; at < text.size();) {
    const size_t end = std::min(text.find('\n', at), text.size());
    std::string_view line = text.substr(at, end - at);
    line = line.substr(0, line.find_last_not_of(" \t\r") + 1);
    out.push_back(line);
    at = end + 1;
  }
  return out;
}

size_t indentation(std::string_view line) { return std::min(line.find_first_not_of(' '), line.size()); }

// What the rule that begins on this line (1-based) says: its lines without blanks and comments, and without its tests.
std::string said_by(const Lines& lines, int line) {
  std::string out;
  if (line < 1 || static_cast<size_t>(line) > lines.size()) return out;
  const auto first = static_cast<size_t>(line) - 1;
  const size_t margin = indentation(lines[first]);
  bool in_tests = false;
  for (size_t i = first; i < lines.size(); ++i) {
    const size_t indent = indentation(lines[i]);
    if (indent == lines[i].size() || lines[i][indent] == '#') continue;
    if (i > first && indent <= margin) break;  // the next rule, or another key of the file
    if (indent <= margin + 2) in_tests = lines[i].substr(indent).starts_with("tests:");
    if (!in_tests) out.append(lines[i]).append("\n");
  }
  return out;
}

// The files of a set, each read once.
class SetTexts {
 public:
  explicit SetTexts(const rule::RuleSet& rules) {
    for (const rule::SourceFile& f : rules.files()) texts_.emplace(f.path, f.text);
  }
  std::string_view text(const std::string& path) const {
    const auto it = texts_.find(path);
    return it == texts_.end() ? std::string_view() : it->second;
  }
  std::string said(const rule::Rule& rule) {
    const auto [it, fresh] = lines_.try_emplace(rule.file);
    if (fresh) it->second = lines_of_file(text(rule.file));
    return said_by(it->second, rule.line);
  }

 private:
  std::map<std::string, std::string_view> texts_;
  std::map<std::string, Lines> lines_;
};

}  // namespace

void warn_of_edits(const rule::RuleSet& before, const rule::RuleSet& after, std::vector<rule::Diagnostic>& out) {
  std::map<std::string_view, const rule::Rule*> former;
  for (const rule::Rule& r : before.rules()) former.emplace(r.id, &r);
  SetTexts then(before), now(after);
  std::map<std::string_view, bool> untouched;  // by file: it is there in both sets, with one text
  for (const rule::Rule& r : after.rules()) {
    const auto it = former.find(r.id);
    if (it == former.end() || it->second->version != r.version) continue;
    const auto [file, fresh] = untouched.try_emplace(r.file);
    if (fresh) file->second = then.text(r.file) == now.text(r.file);
    if ((file->second && it->second->file == r.file) || then.said(*it->second) == now.said(r)) continue;
    const std::string version = std::to_string(r.version);
    rule::Diagnostic d;
    d.level = rule::Diagnostic::Level::kWarning;
    d.file = r.file;
    d.line = r.line;
    d.code = "same-version";
    d.en = "`" + r.id + "` was edited and is version " + version + " as before: alerts name the version that judged";
    d.zh = "`" + r.id + "` 已修改而版本仍为 " + version + "：告警按版本号说明依据的规则";
    d.hint_en = "count `version` up with each edit";
    d.hint_zh = "每次修改请递增 `version`";
    out.push_back(std::move(d));
  }
}

}  // namespace tocsin::cli
