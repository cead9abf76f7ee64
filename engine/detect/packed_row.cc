#include "detect/packed_row.h"

#include <bit>
#include <cmath>

namespace tocsin::detect {
namespace {

using expr::Tag;
using expr::Value;

constexpr size_t kHeader = 2, kCellSize = 16, kPlaceSize = 16;

bool is_text(Tag tag) { return tag == Tag::kString || tag == Tag::kBytes || tag == Tag::kType; }
bool is_number(Tag tag) { return tag == Tag::kInt || tag == Tag::kUint || tag == Tag::kDouble; }

// A number by value: whole numbers of the int64 or uint64 range as such, anything else as the bits of its double.
struct Number {
  char kind;  // 'i', 'u' past int64, 'd'
  uint64_t bits;
  bool operator==(const Number&) const = default;
};

Number number_of(Tag tag, uint64_t bits) {
  if (tag == Tag::kInt) return {'i', bits};
  if (tag == Tag::kUint) return {bits <= static_cast<uint64_t>(INT64_MAX) ? 'i' : 'u', bits};
  const double d = std::bit_cast<double>(bits);
  if (std::isnan(d)) return {'d', std::bit_cast<uint64_t>(std::numeric_limits<double>::quiet_NaN())};
  if (d == std::floor(d)) {
    if (d >= -0x1p63 && d < 0x1p63) return {'i', static_cast<uint64_t>(static_cast<int64_t>(d))};
    if (d >= 0x1p63 && d < 0x1p64) return {'u', static_cast<uint64_t>(d)};
  }
  return {'d', bits};
}

uint64_t scalar_bits(const Value& v) {
  if (v.tag == Tag::kBool) return v.b ? 1 : 0;
  return v.u;  // the first member of the union's numbers, bit for bit
}

void put(char* to, const Cell& cell) {
  std::memcpy(to, &cell.bits, 8);
  std::memcpy(to + 8, &cell.extra, 4);
  to[12] = static_cast<char>(cell.tag);
}

// One area code of the four, cheaply: codes nest, so the deepest is written and the others as prefix lengths.
void pack_areas(RawWriter& w, const Row& row) {
  const std::string_view codes[] = {row.grid, row.village, row.town, row.city};
  std::string_view deepest;
  for (std::string_view c : codes) {
    if (!c.empty()) {
      deepest = c;
      break;
    }
  }
  w.str(deepest);
  for (std::string_view c : codes) {
    const bool prefix = c.size() < 255 && deepest.starts_with(c);
    w.u8(prefix ? static_cast<uint8_t>(c.size()) : uint8_t{255});
    if (!prefix) w.str(c);
  }
}

void read_areas(Reader& in, RowFacts& facts) {
  const std::string_view deepest = in.str();
  for (std::string_view* c : {&facts.grid, &facts.village, &facts.town, &facts.city}) {
    const uint8_t n = in.u8();
    *c = n == 255 ? in.str() : deepest.substr(0, n);
  }
}

}  // namespace

void pack(std::string& out, const Row& row) {
  const size_t begin = out.size();
  const size_t n = std::min<size_t>(row.cells.size(), 255);
  size_t most = kHeader + n * kCellSize + kPlaceSize + row.source.size() + row.id.size() + 8 * RawWriter::kMost +
                2 * (row.grid.size() + row.village.size() + row.town.size() + row.city.size());
  for (size_t i = 0; i < n; ++i) most += is_text(row.cells[i].tag) ? row.cells[i].size : kPlaceSize;
  out.resize(begin + most);
  char* const base = out.data() + begin;
  base[0] = static_cast<char>(n);
  base[1] = row.has_location() ? 1 : 0;
  char* to = base + kHeader;
  RawWriter w(to + n * kCellSize);
  if (row.has_location()) {
    w.f64(row.lon);
    w.f64(row.lat);
  }
  w.str(row.source);
  w.str(row.id);
  pack_areas(w, row);
  for (size_t i = 0; i < n; ++i, to += kCellSize) {
    const Value& v = row.cells[i];
    const auto offset = static_cast<uint64_t>(w.position() - base) << 32;
    Cell cell{0, 0, v.tag};
    if (is_text(v.tag)) {
      cell.bits = offset | static_cast<uint32_t>(v.size);
      cell.extra = static_cast<uint32_t>(hash64(v.str()));
      w.bytes(v.str());
    } else if (v.is(Tag::kPoint)) {
      cell.bits = offset | kPlaceSize;
      w.f64(v.lon);
      w.f64(v.lat);
    } else if (v.is(Tag::kTimestamp) || v.is(Tag::kDuration)) {
      cell.bits = static_cast<uint64_t>(v.seconds);
      cell.extra = static_cast<uint32_t>(v.nanos);
    } else if (v.is(Tag::kBool) || is_number(v.tag)) {
      cell.bits = scalar_bits(v);
    } else {
      cell.tag = Tag::kNull;
    }
    put(to, cell);
  }
  out.resize(static_cast<size_t>(w.position() - out.data()));
}

void append_packed(std::string& out, const Row& row) {
  if (row.packed.empty()) return pack(out, row);
  out.append(row.packed);
}

Cell PackedRow::cell(int i) const {
  const char* raw = p_ + kHeader + static_cast<size_t>(i) * kCellSize;
  Cell cell;
  std::memcpy(&cell.bits, raw, 8);
  std::memcpy(&cell.extra, raw + 8, 4);
  cell.tag = static_cast<Tag>(raw[12]);
  return cell;
}

Value PackedRow::value(int i) const {
  const Cell c = cell(i);
  const char* text = p_ + (c.bits >> 32);
  const size_t size = static_cast<uint32_t>(c.bits);
  Value v;
  v.tag = c.tag;
  if (is_text(c.tag)) {
    v.s = text;
    v.size = size;
  } else if (c.tag == Tag::kPoint) {
    std::memcpy(&v.lon, text, 8);
    std::memcpy(&v.lat, text + 8, 8);
  } else if (c.tag == Tag::kTimestamp || c.tag == Tag::kDuration) {
    v.seconds = static_cast<int64_t>(c.bits);
    v.nanos = static_cast<int32_t>(c.extra);
  } else if (c.tag == Tag::kBool) {
    v.b = c.bits != 0;
  } else {
    v.u = c.bits;
  }
  return v;
}

void PackedRow::location(double& lon, double& lat) const {
  const char* at = p_ + kHeader + static_cast<size_t>(cells()) * kCellSize;
  std::memcpy(&lon, at, 8);
  std::memcpy(&lat, at + 8, 8);
}

RowFacts PackedRow::facts() const {
  RowFacts f;
  const char* at = p_ + kHeader + static_cast<size_t>(cells()) * kCellSize;
  if (has_location()) {
    location(f.lon, f.lat);
    at += kPlaceSize;
  }
  Reader in(std::string_view(at, 1 << 24));  // checked when the bytes were packed or loaded
  f.source = in.str();
  f.id = in.str();
  read_areas(in, f);
  return f;
}

bool well_formed(std::string_view bytes, int cells) {
  RowFacts facts;
  return !bytes.empty() && static_cast<uint8_t>(bytes[0]) == cells && read_packed(bytes, facts);
}

bool read_packed(std::string_view bytes, RowFacts& f) {
  if (bytes.size() < kHeader) return false;
  const PackedRow row(bytes.data());
  const auto cells = static_cast<size_t>(row.cells());
  const size_t fixed = kHeader + cells * kCellSize + (row.has_location() ? kPlaceSize : 0);
  if (bytes.size() < fixed) return false;
  if (row.has_location()) row.location(f.lon, f.lat);
  Reader in(bytes.substr(fixed));
  f.source = in.str();
  f.id = in.str();
  read_areas(in, f);
  if (!in.ok()) return false;
  size_t end = bytes.size() - in.remaining();
  for (size_t i = 0; i < cells; ++i) {
    const Cell c = row.cell(static_cast<int>(i));
    if (c.tag == Tag::kList || c.tag == Tag::kMap || c.tag >= Tag::kError) return false;
    if (!is_text(c.tag) && c.tag != Tag::kPoint) continue;
    if (c.bits >> 32 != end) return false;  // texts and points follow one another
    end += static_cast<uint32_t>(c.bits);
    if (c.tag == Tag::kPoint && static_cast<uint32_t>(c.bits) != kPlaceSize) return false;
  }
  return end == bytes.size();
}

bool same_value(const PackedRow& a, const PackedRow& b, int cell) {
  const Cell x = a.cell(cell), y = b.cell(cell);
  if (is_number(x.tag) && is_number(y.tag)) {
    if (x.tag == y.tag && x.bits == y.bits) return true;
    return number_of(x.tag, x.bits) == number_of(y.tag, y.bits);
  }
  if (x.tag != y.tag) return false;
  if (is_text(x.tag)) return x.extra == y.extra && a.value(cell).str() == b.value(cell).str();
  if (x.tag == Tag::kPoint) {
    const Value p = a.value(cell), q = b.value(cell);
    return p.lon == q.lon && p.lat == q.lat;
  }
  return x.bits == y.bits && x.extra == y.extra;
}

uint64_t value_tag(const PackedRow& row, int cell) {
  const Cell c = row.cell(cell);
  if (is_text(c.tag)) return static_cast<uint64_t>(c.extra) << 32 | static_cast<uint32_t>(c.bits);
  if (is_number(c.tag)) return number_of(c.tag, c.bits).bits;
  if (c.tag == Tag::kPoint) return std::bit_cast<uint64_t>(row.value(cell).lon + 0.0);
  return c.bits ^ static_cast<uint64_t>(c.extra) << 32;
}

void append_canonical(std::string& out, const Value& v) {
  Writer w(out);
  if (is_number(v.tag)) {
    const Number n = number_of(v.tag, v.u);
    out.push_back(n.kind);
    w.fixed64(n.bits);
  } else if (v.is(Tag::kPoint)) {
    out.push_back('p');
    w.f64(v.lon + 0.0);  // -0 as 0
    w.f64(v.lat + 0.0);
  } else {
    encode(w, v);  // its tag is a byte below any letter used above
  }
}

}  // namespace tocsin::detect
