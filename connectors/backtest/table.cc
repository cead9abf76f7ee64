#include "connectors/backtest/table.h"

#include <algorithm>

#include "base/display_width.h"

namespace tocsin::backtest {
namespace {

constexpr size_t kGap = 2;

void put(std::string& line, std::string_view cell, size_t width, bool right) {
  const std::string text = cut_to_width(cell, std::max<size_t>(width, 1));
  const std::string fill(width - std::min(width, display_width(text)), ' ');
  line += right ? fill + text : text + fill;
}

}  // namespace

void Table::column(std::string head, Side side) {
  const size_t width = display_width(head);
  columns_.push_back({std::move(head), side, width});
}

void Table::row(std::vector<std::string> cells) {
  cells.resize(columns_.size());
  for (size_t i = 0; i < cells.size(); ++i) columns_[i].width = std::max(columns_[i].width, display_width(cells[i]));
  rows_.push_back(std::move(cells));
}

std::string Table::text(size_t width) const {
  std::string out;
  if (columns_.empty()) return out;
  // The first column leaves room for the widest of the others.
  size_t widest = 0;
  for (size_t i = 1; i < columns_.size(); ++i) widest = std::max(widest, columns_[i].width + kGap);
  const size_t room = width > widest + 8 ? width - widest : 8;
  const size_t first = std::min(columns_[0].width, room);
  for (size_t from = 1; from == 1 || from < columns_.size();) {
    size_t to = from, used = first;
    while (to < columns_.size() && (to == from || used + kGap + columns_[to].width <= width)) {
      used += kGap + columns_[to++].width;
    }
    if (from > 1) out += '\n';
    block(first, from, to, out);
    from = std::max(to, from + 1);
  }
  return out;
}

void Table::block(size_t first, size_t from, size_t to, std::string& out) const {
  const auto line = [&](auto&& cell) {
    std::string text;
    put(text, cell(0), first, columns_[0].side == Side::kRight);
    for (size_t i = from; i < to; ++i) {
      text.append(kGap, ' ');
      put(text, cell(i), columns_[i].width, columns_[i].side == Side::kRight);
    }
    text.erase(text.find_last_not_of(' ') + 1);
    out += text + '\n';
  };
  line([&](size_t i) { return std::string_view(columns_[i].head); });
  for (const auto& row : rows_) line([&](size_t i) { return std::string_view(row[i]); });
}

}  // namespace tocsin::backtest
