#include "base/csv.h"

#include <cstring>

namespace tocsin {
namespace {

// Past the closing quote of a cell whose opening quote is at `i`, or npos.
size_t skip_quoted(std::string_view s, size_t i) {
  ++i;
  while (true) {
    i = s.find('"', i);
    if (i == std::string_view::npos) return i;
    if (i + 1 >= s.size() || s[i + 1] != '"') return i + 1;
    i += 2;
  }
}

std::string_view without_line_end(std::string_view record) {
  if (record.ends_with('\n')) record.remove_suffix(1);
  if (record.ends_with('\r')) record.remove_suffix(1);
  return record;
}

// `quoted` (between its quotes) with doubled quotes made single.
std::string_view undouble(std::string_view quoted, Arena& arena) {
  if (quoted.find('"') == std::string_view::npos) return quoted;
  char* const out = arena.array<char>(quoted.size());
  size_t n = 0;
  for (size_t i = 0; i < quoted.size(); ++i) {
    out[n++] = quoted[i];
    if (quoted[i] == '"') ++i;
  }
  return {out, n};
}

}  // namespace

size_t csv_record_end(std::string_view buffer, bool at_eof, char delimiter) {
  const size_t open = at_eof && !buffer.empty() ? buffer.size() : std::string_view::npos;
  bool cell_begins = true;
  for (size_t i = buffer.starts_with("\xEF\xBB\xBF") ? 3 : 0; i < buffer.size();) {
    const char c = buffer[i];
    if (c == '\n') return i + 1;
    if (c == '"' && cell_begins) {
      i = skip_quoted(buffer, i);
      if (i == std::string_view::npos) return open;
      // A quote at the very end may be the first of a doubled one.
      if (i == buffer.size()) return open;
      cell_begins = false;
      continue;
    }
    cell_begins = c == delimiter;
    ++i;
  }
  return open;
}

bool parse_csv_record(std::string_view record, char delimiter, Arena& arena, std::vector<std::string_view>& cells,
                      std::string& fault) {
  record = without_line_end(record);
  cells.clear();
  for (size_t i = 0;;) {
    if (cells.size() == kMaxColumns) {
      fault = "the row has more than " + std::to_string(kMaxColumns) + " cells";
      return false;
    }
    const size_t begin = i;
    if (i < record.size() && record[i] == '"') {
      i = skip_quoted(record, i);
      if (i == std::string_view::npos) {
        fault = "the quote that opens cell " + std::to_string(cells.size() + 1) + " is never closed";
        return false;
      }
      if (i < record.size() && record[i] != delimiter) {
        fault = "text follows the closing quote of cell " + std::to_string(cells.size() + 1);
        return false;
      }
      cells.push_back(undouble(record.substr(begin + 1, i - begin - 2), arena));
    } else {
      const void* found = i < record.size() ? std::memchr(record.data() + i, delimiter, record.size() - i) : nullptr;
      i = found == nullptr ? record.size() : static_cast<size_t>(static_cast<const char*>(found) - record.data());
      cells.push_back(record.substr(begin, i - begin));
    }
    if (i == record.size()) return true;
    ++i;
  }
}

void append_csv_cell(std::string& out, std::string_view cell) {
  if (cell.find_first_of(",\"\r\n") == std::string_view::npos && !cell.starts_with(' ')) {
    out += cell;
    return;
  }
  out += '"';
  for (const char c : cell) out.append(c == '"' ? 2 : 1, c);
  out += '"';
}

}  // namespace tocsin
