#pragma once
// What a detector keeps of a row, as one run of bytes: identity, area, place and cells, some 100 bytes. Cells are of
// fixed size in front, so that aggregates read them without decoding the rest. The bytes are canonical: equal rows,
// equal bytes.
#include <string>
#include <string_view>

#include "detect/row.h"

namespace tocsin::detect {

// Where a row stands in the one order of a key's rows: by time, then identity. Arrival plays no part.
struct Position {
  TimeMs time = kNoTime;
  uint64_t uid = 0;
  auto operator<=>(const Position&) const = default;
};
inline Position position_of(const Row& row) { return {row.time, row.uid}; }

// A cell as it is kept: 16 bytes.
struct Cell {
  uint64_t bits;   // the value; text and points: offset in the row's bytes << 32 | length
  uint32_t extra;  // nanoseconds of a time; hash of a text
  expr::Tag tag;
};

// What is read back from the bytes; views point into them.
struct RowFacts {
  std::string_view source, id;
  std::string_view city, town, village, grid;
  double lon = kNoNumber, lat = kNoNumber;
  bool has_location() const { return !std::isnan(lon); }
};

// A view of packed bytes; cheap to copy, valid as long as they stay where they are.
class PackedRow {
 public:
  PackedRow() = default;
  explicit PackedRow(const char* bytes) : p_(bytes) {}
  bool valid() const { return p_ != nullptr; }
  int cells() const { return static_cast<uint8_t>(p_[0]); }
  // Precondition: 0 <= i < cells().
  Cell cell(int i) const;
  expr::Value value(int i) const;
  RowFacts facts() const;
  bool has_location() const { return p_[1] != 0; }
  // Precondition: has_location().
  void location(double& lon, double& lat) const;

 private:
  const char* p_ = nullptr;
};

// Appends the packed form of the row's fields. At most 255 cells; the rule compiler refuses more.
void pack(std::string& out, const Row& row);
// The same, but a decoded row's packed form is taken as it came.
void append_packed(std::string& out, const Row& row);
// Whether `bytes` are a whole, well-formed packed row with `cells` cells (bytes read from the store are not trusted).
bool well_formed(std::string_view bytes, int cells);
// The same for any number of cells; fills `facts`.
bool read_packed(std::string_view bytes, RowFacts& facts);

// Equality as `distinct` sees it: numbers by value across int, uint and double; NaN equals itself; the rest by bytes.
bool same_value(const PackedRow& a, const PackedRow& b, int cell);
// A number that is equal for the same values, and mostly for them only.
uint64_t value_tag(const PackedRow& row, int cell);
// Bytes that are equal for the same values and only for them; appended to `out`. Precondition: not null.
void append_canonical(std::string& out, const expr::Value& v);

}  // namespace tocsin::detect
