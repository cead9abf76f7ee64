#include "connectors/http/records.h"

#include <string>

namespace tocsin::http {
namespace {

constexpr std::string_view kSpace = " \t\r\n";

std::string_view trim(std::string_view s) {
  const size_t begin = s.find_first_not_of(kSpace);
  if (begin == std::string_view::npos) return {};
  return s.substr(begin, s.find_last_not_of(kSpace) - begin + 1);
}

Error too_many(size_t max) {
  return exhausted("More than " + std::to_string(max) + " records in one request: send them in several.");
}

// One past the closing quote of the string that begins at `at`, or npos.
size_t end_of_string(std::string_view s, size_t at) {
  for (++at; at < s.size(); ++at) {
    if (s[at] == '\\') {
      ++at;
    } else if (s[at] == '"') {
      return at + 1;
    }
  }
  return std::string_view::npos;
}

// One past the value that begins at `at` (not space), or npos when a bracket or quote in it does not close. A scalar
// ends at space, a comma or a closing bracket.
size_t end_of_value(std::string_view s, size_t at) {
  if (s[at] == '"') return end_of_string(s, at);
  if (s[at] != '{' && s[at] != '[') {
    const size_t end = s.find_first_of(" \t\r\n,]}", at);
    return end == std::string_view::npos ? s.size() : end == at ? at + 1 : end;
  }
  size_t depth = 0;
  while (at < s.size()) {
    at = s.find_first_of("{}[]\"", at);
    if (at == std::string_view::npos) return at;
    if (s[at] == '"') {
      at = end_of_string(s, at);
      continue;
    }
    depth = s[at] == '{' || s[at] == '[' ? depth + 1 : depth - 1;
    ++at;
    if (depth == 0) return at;
  }
  return std::string_view::npos;
}

Error unclosed(size_t number) {
  return invalid("Record " + std::to_string(number) + " of the body is cut short: a bracket or quote does not close.");
}

Result<std::vector<std::string_view>> split_lines(std::string_view body, size_t max) {
  std::vector<std::string_view> out;
  while (!body.empty()) {
    const size_t end = body.find('\n');
    const std::string_view line = trim(body.substr(0, end));
    body.remove_prefix(end == std::string_view::npos ? body.size() : end + 1);
    if (line.empty()) continue;
    if (out.size() == max) return too_many(max);
    out.push_back(line);
  }
  return out;
}

Result<std::vector<std::string_view>> split_values(std::string_view body, bool array, size_t max) {
  std::vector<std::string_view> out;
  size_t at = 0;
  while (true) {
    at = body.find_first_not_of(kSpace, at);
    if (at == std::string_view::npos) break;
    if (array && !out.empty()) {
      if (body[at] != ',') return invalid("Between two elements of the array a comma is missing.");
      at = body.find_first_not_of(kSpace, at + 1);
      if (at == std::string_view::npos) return invalid("The array ends with a comma.");
    }
    const size_t end = end_of_value(body, at);
    if (end == std::string_view::npos) return unclosed(out.size() + 1);
    if (out.size() == max) return too_many(max);
    out.push_back(body.substr(at, end - at));
    at = end;
  }
  return out;
}

}  // namespace

Result<std::vector<std::string_view>> split_records(std::string_view body, bool lines, size_t max) {
  if (body.starts_with("\xEF\xBB\xBF")) body.remove_prefix(3);
  body = trim(body);
  if (body.empty()) return invalid("The body is empty: send one event, an array of events, or one event a line.");
  if (lines) return split_lines(body, max);
  if (body.front() != '[') return split_values(body, false, max);
  const size_t end = end_of_value(body, 0);
  if (end == std::string_view::npos) return invalid("The array does not close: the body is cut short.");
  if (end != body.size()) return invalid("Something follows the array.");
  auto out = split_values(body.substr(1, body.size() - 2), true, max);
  if (out.is_ok() && out->empty()) return invalid("The array is empty.");
  return out;
}

}  // namespace tocsin::http
