#pragma once
// A feed after loading: what feed_file.cc writes and feed_decoder.cc reads.
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "connectors/feed/encoding.h"
#include "connectors/feed/feed.h"
#include "event/fields.h"
#include "expr/program.h"

namespace tocsin::feed {

// What one expression of `fields` fills.
struct Mapping {
  enum class Kind : uint8_t {
    kField,  // the field itself
    kEntry,  // the entry `name` of values or attrs
    kFlag    // the flag `name`, where the expression is true
  };
  Kind kind = Kind::kField;
  Field field = Field::kId;
  std::string name;
  std::shared_ptr<const expr::Program> program;
  std::string source = {};  // the expression's text
};

using Table = std::map<std::string, std::string, std::less<>>;
using Tables = std::map<std::string, Table, std::less<>>;

// Slot 0 of every expression is `row`; slot 1 + i of a CSV feed is the cell of column i below.
struct Column {
  std::string name;
  bool guarded = false;  // some expression asks whether it is there; else a header that lacks it is a fault
};

struct Feed::Impl {
  std::string name;
  Format format = Format::kJson;
  Encoding encoding = Encoding::kUtf8;
  char delimiter = ',';
  std::vector<std::string> header;  // `columns` of the file; empty: files have a header row
  TimeZone zone = TimeZone::utc();
  Crs crs = Crs::kWgs84;
  DurationMs lateness = 600'000;
  RespondentIs respondent = RespondentIs::kByName;
  std::vector<Column> columns;  // CSV: those that the expressions name
  bool whole_row = false;       // CSV: some expression uses `row` itself, as a map
  std::shared_ptr<const expr::Program> where, skip;
  std::vector<Mapping> mappings;
  std::vector<std::string> identity_keys;  // names of cells and members that hold identities, for masked copies
  std::unique_ptr<const Tables> tables;    // programs point into them
};

}  // namespace tocsin::feed
