#pragma once
// A reference table's rows as a compacted topic tells them: of each key the last record counts, one without a value
// takes the row away. What comes out is the text of a CSV file (table.h), so that a table of a topic lies in the rule
// set, and with the state, like one of a file.
//
//   key    the row's key, as text: household-17, 42, 330282004
//   value  json: an object whose members are columns: {"care": "red", "town": "330282004", "location":
//   [121.24, 30.17]}.
//          A member that is missing or null is an empty cell; one that is no column is left out; the key column may be
//          there, and then says the same as the key. Times and areas are texts, a point [lon, lat], {"lon":, "lat":}
//          or "lon lat".
//          csv: one record, its cells in the order in which the columns are declared.
//
// A record that does not fit the declaration changes nothing. Bounds: those of a table. One thread at a time.
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "rule/table.h"
#include "time/format.h"

namespace tocsin::rule {

class TableRows {
 public:
  // Without rows. kInvalid: the declaration has faults (`tocsin check` shows them).
  static Result<TableRows> of(const SourceFile& declaration, const TimeZone& zone);

  // True: a row came, changed or went. kInvalid: the record does not fit; kExhausted: the table is full. The row stays
  // as it was. Messages name columns, never what stands in them.
  Result<bool> take(std::string_view key, std::optional<std::string_view> value);
  // The rows by key, under a header: equal for equal rows.
  std::string text() const;
  size_t rows() const { return rows_.size(); }

 private:
  TableRows(std::shared_ptr<const Table> table, const TimeZone& zone);
  Status read_json(std::string_view value);
  Status read_csv(std::string_view value);
  Result<std::string> record(std::string_view key);

  std::shared_ptr<const Table> table_;  // for its declaration
  TimeZone zone_;
  std::map<std::string, std::string, std::less<>> rows_;  // CSV records, with their line ends, by key
  std::string header_;
  size_t bytes_ = 0;                // of text()
  std::vector<std::string> cells_;  // of the record at hand, by column
  std::unique_ptr<Arena> arena_;    // scratch
};

}  // namespace tocsin::rule
