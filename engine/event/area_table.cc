#include "event/area_table.h"

#include <algorithm>
#include <array>

namespace tocsin {
namespace {

constexpr size_t kMaxCodes = 1'000'000;
constexpr std::array<size_t, 3> kLengths = {6, 9, 12};

// Provinces of GB/T 2260 by their two digits.
constexpr std::array<bool, 100> provinces() {
  std::array<bool, 100> p{};
  for (const int code : {11, 12, 13, 14, 15, 21, 22, 23, 31, 32, 33, 34, 35, 36, 37, 41, 42,
                         43, 44, 45, 46, 50, 51, 52, 53, 54, 61, 62, 63, 64, 65, 71, 81, 82}) {
    p[static_cast<size_t>(code)] = true;
  }
  return p;
}
constexpr std::array<bool, 100> kProvinces = provinces();

uint64_t number(std::string_view digits) {
  uint64_t v = 0;
  for (const char c : digits) v = v * 10 + static_cast<uint64_t>(c - '0');
  return v;
}

uint64_t coverage(std::string_view code) {
  const auto level = static_cast<uint64_t>(std::find(kLengths.begin(), kLengths.end(), code.size()) - kLengths.begin());
  return number(code.substr(0, 6)) * 4 + level;
}

// The line at the front of `text`, without its end; `text` loses it.
std::string_view take_line(std::string_view& text) {
  const size_t end = text.find('\n');
  std::string_view line = text.substr(0, end);
  text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  if (!line.empty() && line.back() == '\r') line.remove_suffix(1);
  return line;
}

std::vector<std::string_view> cells_of(std::string_view line) {
  std::vector<std::string_view> cells;
  for (size_t begin = 0;;) {
    const size_t comma = line.find(',', begin);
    cells.push_back(line.substr(begin, comma == std::string_view::npos ? comma : comma - begin));
    if (comma == std::string_view::npos) return cells;
    begin = comma + 1;
  }
}

bool any_level(std::string_view code) {
  return is_area_code(code, AreaLevel::kCity) || is_area_code(code, AreaLevel::kTown) ||
         is_area_code(code, AreaLevel::kVillage);
}

}  // namespace

namespace {

bool all_digits(std::string_view code) {
  return std::ranges::all_of(code, [](char c) { return c >= '0' && c <= '9'; });
}

}  // namespace

bool is_level_code(std::string_view code) {
  return std::ranges::find(kLengths, code.size()) != kLengths.end() && all_digits(code);
}

bool lies_under(std::string_view code, std::string_view area) {
  const bool digits = area.size() <= 4 ? area.size() % 2 == 0 && all_digits(area) : is_level_code(area);
  return digits ? code.starts_with(area) : code == area;
}

bool is_area_code(std::string_view code, AreaLevel level) {
  if (code.size() != kLengths[static_cast<size_t>(level)]) return false;
  for (const char c : code) {
    if (c < '0' || c > '9') return false;
  }
  return kProvinces[number(code.substr(0, 2))];
}

void AreaTable::add(std::string_view code, std::string_view name) {
  codes_.push_back({number(code), std::string(name)});
  covered_.push_back(coverage(code));
}

Status AreaTable::load_csv(std::string_view text, std::string_view path) {
  if (text.starts_with("\xEF\xBB\xBF")) text.remove_prefix(3);
  const std::vector<std::string_view> header = cells_of(take_line(text));
  const auto column = [&](std::string_view name) {
    return static_cast<size_t>(std::find(header.begin(), header.end(), name) - header.begin());
  };
  const std::array<std::pair<size_t, size_t>, 2> pairs = {
      {{column("code"), column("name")}, {column("town_code"), column("town")}}};
  if (pairs[0].first == header.size()) return invalid(std::string(path) + ":1: the header has no column \"code\"");
  for (int line_number = 2; !text.empty(); ++line_number) {
    const std::string_view line = take_line(text);
    if (line.empty()) continue;
    const auto cells = cells_of(line);
    const std::string where = std::string(path) + ":" + std::to_string(line_number) + ": ";
    if (cells.size() != header.size()) return invalid(where + "the row has not as many cells as the header");
    if (codes_.size() >= kMaxCodes) return exhausted(where + "more than 1,000,000 area codes");
    for (const auto& [code, name] : pairs) {
      if (code >= cells.size()) continue;
      if (!any_level(cells[code])) return invalid(where + "not an area code of 6, 9 or 12 digits");
      add(cells[code], name < cells.size() ? cells[name] : std::string_view());
    }
  }
  std::stable_sort(codes_.begin(), codes_.end(), [](const Entry& a, const Entry& b) { return a.code < b.code; });
  codes_.erase(
      std::unique(codes_.begin(), codes_.end(), [](const Entry& a, const Entry& b) { return a.code == b.code; }),
      codes_.end());
  std::sort(covered_.begin(), covered_.end());
  covered_.erase(std::unique(covered_.begin(), covered_.end()), covered_.end());
  return Status::ok();
}

const AreaTable::Entry* AreaTable::find(uint64_t code) const {
  const auto it =
      std::lower_bound(codes_.begin(), codes_.end(), code, [](const Entry& e, uint64_t c) { return e.code < c; });
  return it != codes_.end() && it->code == code ? &*it : nullptr;
}

bool AreaTable::may_exist(std::string_view code) const {
  if (!std::binary_search(covered_.begin(), covered_.end(), coverage(code))) return true;
  return find(number(code)) != nullptr;
}

std::vector<std::string> AreaTable::codes_named(std::string_view name, AreaLevel level) const {
  constexpr size_t kMost = 5;
  std::vector<std::string> equal, begins;
  const size_t length = kLengths[static_cast<size_t>(level)];
  for (const Entry& e : codes_) {
    std::string code = std::to_string(e.code);
    if (code.size() != length || name.empty()) continue;
    std::vector<std::string>& out = e.name == name ? equal : begins;
    if (e.name.starts_with(name) && out.size() < kMost) out.push_back(std::move(code));
  }
  return equal.empty() ? begins : equal;
}

std::string_view AreaTable::name(std::string_view code) const {
  if (code.size() > 12) return {};
  const Entry* e = any_level(code) ? find(number(code)) : nullptr;
  return e == nullptr ? std::string_view() : e->name;
}

}  // namespace tocsin
