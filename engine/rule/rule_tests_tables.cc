// A test's own tables, written as the CSV texts that they stand for.
#include <algorithm>

#include "base/csv.h"
#include "rule/rule_tests.h"
#include "rule/table.h"

namespace tocsin::rule {
namespace {

// A cell of a column that the declaration lacks makes a column of its own, and so a fault that names it.
std::string csv_of(const TestTable& table, std::vector<std::string> columns) {
  for (const auto& row : table.rows) {
    for (const auto& [column, cell] : row) {
      if (std::ranges::find(columns, column) == columns.end()) columns.push_back(column);
    }
  }
  std::string out;
  for (size_t c = 0; c < columns.size(); ++c) {
    if (c > 0) out += ',';
    append_csv_cell(out, columns[c]);
  }
  out += '\n';
  for (const auto& row : table.rows) {
    for (size_t c = 0; c < columns.size(); ++c) {
      if (c > 0) out += ',';
      const auto at = std::ranges::find(row, columns[c], [](const auto& cell) { return cell.first; });
      if (at != row.end()) append_csv_cell(out, at->second);
    }
    out += '\n';
  }
  return out;
}

}  // namespace

Result<std::vector<SourceFile>> with_tables(std::span<const SourceFile> files, const RuleTest& test) {
  std::vector<SourceFile> out(files.begin(), files.end());
  for (const TestTable& table : test.tables) {
    const auto declaration = std::ranges::find_if(out, [&](const SourceFile& f) {
      return f.kind == SourceFile::Kind::kTable && name_of_table(f.text) == table.name;
    });
    if (declaration == out.end()) return not_found("there is no table `" + table.name + "`");
    SourceFile rows{test.file + ":" + std::to_string(test.line), csv_of(table, columns_of(declaration->text)),
                    SourceFile::Kind::kRows, declaration->path};
    std::erase_if(out, [&](const SourceFile& f) { return f.kind == SourceFile::Kind::kRows && f.name == rows.name; });
    out.push_back(std::move(rows));
  }
  return out;
}

}  // namespace tocsin::rule
