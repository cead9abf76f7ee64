#pragma once
// A table of a terminal: columns aligned by what characters really take, lines never wider than asked.
#include <string>
#include <vector>

namespace tocsin::backtest {

class Table {
 public:
  enum class Side : uint8_t { kLeft, kRight };
  void column(std::string head, Side side = Side::kRight);
  // As many cells as columns.
  void row(std::vector<std::string> cells);
  bool empty() const { return rows_.empty(); }
  // Head and rows, each line ending with a newline and without blanks before it. Columns that do not fit beside the
  // first into `width` go on below, under the first column again; a first column that is too wide is cut.
  std::string text(size_t width) const;

 private:
  struct Column {
    std::string head;
    Side side;
    size_t width;
  };
  void block(size_t first, size_t from, size_t to, std::string& out) const;
  std::vector<Column> columns_;
  std::vector<std::vector<std::string>> rows_;
};

}  // namespace tocsin::backtest
