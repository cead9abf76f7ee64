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
// Within a partition the later offset is the last. A key may stand in several partitions, once a topic has got more of
// them: then the last records of the partitions are compared, and the one with the greatest timestamp counts, of equal
// ones that of the greater partition. So the rows are a function of what the partitions hold, in whatever order they
// are read. For that, what is hidden (another partition's older record, a row that was taken away) is remembered, up to
// the bounds of a table; beyond them the older half is forgotten, which matters only if its key's younger record goes.
//
// A record that does not fit the declaration changes nothing. Bounds: those of a table. One thread at a time.
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/clock.h"
#include "base/status.h"
#include "rule/table.h"
#include "time/format.h"

namespace tocsin::rule {

// Where in its topic a record stands, beside its offset.
struct RecordPlace {
  uint32_t partition = 0;
  TimeMs at = kNoTime;  // the record's timestamp
};

class TableRows {
 public:
  // Without rows. `partitions`: how many the topic has. kInvalid: the declaration has faults (`tocsin check` shows
  // them).
  static Result<TableRows> of(const SourceFile& declaration, const TimeZone& zone, size_t partitions = 1);

  // The next record of its partition. True: a row came, changed or went. kInvalid: the record does not fit; kExhausted:
  // the table is full. The row stays as it was. Messages name columns, never what stands in them.
  Result<bool> take(std::string_view key, std::optional<std::string_view> value, RecordPlace place = {});
  // The rows by key, under a header: equal for equal rows.
  std::string text() const;
  size_t rows() const { return count_; }

 private:
  // What a partition's last record says of a key.
  struct Word {
    RecordPlace place;
    std::string record;  // a CSV record with its line end; empty: there is no such row
  };
  struct Row {
    Word counts;
    std::vector<Word> hidden;  // of other partitions
  };
  struct Size {
    size_t words = 0, bytes = 0;
    void operator+=(const Size& s) { words += s.words, bytes += s.bytes; }
    void operator-=(const Size& s) { words -= s.words, bytes -= s.bytes; }
  };
  TableRows(std::shared_ptr<const Table> table, const TimeZone& zone, size_t partitions);
  static Row with(const Row& row, Word word);
  Result<bool> put(const std::string& key, Word word);
  static Size hidden_in(const std::string& key, const Row& row);
  void forget();
  Status read_json(std::string_view value);
  Status read_csv(std::string_view value);
  Result<std::string> record(std::string_view key);

  std::shared_ptr<const Table> table_;  // for its declaration
  TimeZone zone_;
  bool several_;  // partitions
  std::map<std::string, Row, std::less<>> rows_;
  std::string header_;
  size_t count_ = 0, bytes_ = 0;    // of text()
  Size hidden_;                     // what is remembered beside it
  std::vector<std::string> cells_;  // of the record at hand, by column
  std::unique_ptr<Arena> arena_;    // scratch
};

}  // namespace tocsin::rule
