#pragma once
// Reference tables: what offices keep of places, employers, posts and households, for rules to look up. A YAML file
// declares the columns, a CSV file beside it holds the rows:
//
//   table:
//     name: households            # what rules call it: lower-case letters, digits, _
//     version: 3                  # counts up with each change of the columns; default 1
//     title: {zh: 走访对象, en: Households to visit}   # optional
//     file: households.csv        # beside this file; or
//     topic: households           # a compacted Kafka topic; with both, the file serves where no broker is read
//     format: json                # of the topic's records: json (default) or csv, see table_rows.h
//     key: household              # the column that tells rows apart; string, int or area
//     columns:
//       household: string
//       care: {type: string, values: [red, yellow, green]}   # nothing else may stand there
//       town: area                # area code of 6, 9 or 12 digits
//       people: int
//       since: date               # 2025-03-01, local midnight
//       location: point           # longitude latitude, WGS-84: 121.2410 30.1701
//
// Types: string int double bool date time point area. An empty cell is a missing value; the key must not be missing,
// and no two rows may have the same. A column of the CSV file that is not declared is a fault: what no rule needs is
// not to be stored with the state. So is a cell that holds a phone's, an identity card's or a bank card's number.
//
// A table's text is part of the rule set (rule_set.h): stored with the state, so that recovery looks up what was looked
// up then. Where the text comes from is the caller's business: a topic is rendered as such a CSV text (table_rows.h).
//
// Immutable, thread-safe. Bounds: 200,000 rows, 64 columns, 64 MiB of text.
#include <memory>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "base/arena.h"
#include "expr/type.h"
#include "expr/value.h"
#include "rule/rule_set.h"

namespace tocsin::rule {

inline constexpr size_t kMaxTableRows = 200'000, kMaxTableColumns = 64, kMaxTableBytes = 64u << 20;

enum class ColumnType : uint8_t { kString, kInt, kDouble, kBool, kDate, kTime, kPoint, kArea };
std::span<const std::string_view> column_type_names();  // in the order of ColumnType
expr::Type type_of(ColumnType type);                    // as expressions see it

enum class RowFormat : uint8_t { kJson, kCsv };
std::span<const std::string_view> row_format_names();  // in the order of RowFormat

class Table {
 public:
  struct Column {
    std::string name;
    ColumnType type = ColumnType::kString;
    std::vector<std::string> values;  // allowed; empty: any
  };
  const std::string& name() const { return name_; }
  int version() const { return version_; }
  const std::vector<Column>& columns() const { return columns_; }
  RowFormat format() const { return format_; }  // of a topic's records
  size_t key_column() const { return key_; }
  // The column's index, or -1.
  int column(std::string_view name) const;
  size_t rows() const { return columns_.empty() ? 0 : cells_.size() / columns_.size(); }
  const expr::Value& at(size_t row, size_t column) const { return cells_[row * columns_.size() + column]; }
  // The row's values in the order of columns().
  std::span<const expr::Value> row(size_t row) const {
    return std::span(cells_).subspan(row * columns_.size(), columns_.size());
  }
  // The row with this key, or -1: also for a key of another type, and for null.
  int64_t find(const expr::Value& key) const;

  class Reader;

 private:
  std::string name_;
  int version_ = 1;
  RowFormat format_ = RowFormat::kJson;
  std::vector<Column> columns_;
  size_t key_ = 0;
  std::vector<expr::Value> cells_;  // by row; texts lie in arena_
  std::unordered_map<std::string_view, uint32_t> index_;
  Arena arena_{64 * 1024};
};

// Compiles a declaration and its rows. Every fault is appended (at most 20 of the rows), at its place in the YAML or
// the CSV text; null when there was one. `rows` null: no rows where the declaration names a topic alone, else a fault,
// the file is not there.
std::shared_ptr<const Table> parse_table(const SourceFile& declaration, const SourceFile* rows, const TimeZone& zone,
                                         std::vector<Diagnostic>& out);
// The name that the declaration gives itself, the file and the topic of its rows; empty where it does not say.
std::string name_of_table(std::string_view declaration);
std::string rows_of(std::string_view declaration);
std::string topic_of(std::string_view declaration);
std::vector<std::string> columns_of(std::string_view declaration);

// JSON Schema (draft 2020-12) of a table's declaration, for `tocsin schema table`.
std::string table_json_schema();

}  // namespace tocsin::rule
