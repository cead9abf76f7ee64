#include "detect/row.h"

namespace tocsin::detect {
namespace {

// Bits of the flag byte of an encoded row: what follows only when it is there.
constexpr uint8_t kLate = 1, kHasLocation = 2, kHasDue = 4, kHasLabel = 8, kHasWatermark = 16;

}  // namespace

void encode(Writer& out, const expr::Value& cell) {
  using expr::Tag;
  const Tag tag = cell.is_error() || cell.is(Tag::kList) || cell.is(Tag::kMap) ? Tag::kNull : cell.tag;
  out.u8(static_cast<uint8_t>(tag));
  switch (tag) {
    case Tag::kBool:
      return out.flag(cell.b);
    case Tag::kInt:
      return out.zigzag(cell.i);
    case Tag::kUint:
      return out.varint(cell.u);
    case Tag::kDouble:
      return out.f64(cell.d);
    case Tag::kString:
    case Tag::kBytes:
    case Tag::kType:
      return out.str(cell.str());
    case Tag::kTimestamp:
    case Tag::kDuration:
      out.zigzag(cell.seconds);
      return out.zigzag(cell.nanos);
    case Tag::kPoint:
      out.f64(cell.lon);
      return out.f64(cell.lat);
    default:
      return;
  }
}

expr::Value decode_cell(Reader& in) {
  using expr::Tag;
  using expr::Value;
  const auto tag = static_cast<Tag>(in.u8());
  switch (tag) {
    case Tag::kNull:
      return {};
    case Tag::kBool:
      return Value::boolean(in.flag());
    case Tag::kInt:
      return Value::integer(in.zigzag());
    case Tag::kUint:
      return Value::unsigned_integer(in.varint());
    case Tag::kDouble:
      return Value::number(in.f64());
    case Tag::kString:
      return Value::string(in.str());
    case Tag::kBytes:
      return Value::bytes(in.str());
    case Tag::kType:
      return Value::type(in.str());
    case Tag::kTimestamp:
    case Tag::kDuration: {
      const int64_t seconds = in.zigzag();
      const expr::Instant t{seconds, static_cast<int32_t>(in.zigzag())};
      return tag == Tag::kTimestamp ? Value::timestamp(t) : Value::duration(t);
    }
    case Tag::kPoint: {
      const double lon = in.f64();
      return Value::point({lon, in.f64()});
    }
    default:
      in.fail();
      return {};
  }
}

void encode(Writer& out, const Row& row) {
  uint8_t flags = 0;
  if (row.late) flags |= kLate;
  if (row.has_location()) flags |= kHasLocation;
  if (row.due_at != kNoTime) flags |= kHasDue;
  if (!row.label.empty()) flags |= kHasLabel;
  if (row.watermark != kNoTime) flags |= kHasWatermark;
  out.u8(flags);
  out.varint(row.rule);
  out.hash(row.key);
  out.str(row.key_text);
  out.fixed64(row.uid);
  out.zigzag(row.time);
  out.varint(row.position);
  if (flags & kHasWatermark) out.zigzag(row.watermark);
  out.varint(row.roles);
  if (flags & kHasDue) out.zigzag(row.due_at);
  if (flags & kHasLabel) out.str(row.label);
  out.str(row.source);
  out.str(row.id);
  out.str(row.city);
  out.str(row.town);
  out.str(row.village);
  out.str(row.grid);
  if (flags & kHasLocation) {
    out.f64(row.lon);
    out.f64(row.lat);
  }
  out.varint(row.cells.size());
  for (const expr::Value& cell : row.cells) encode(out, cell);
}

Row decode_row(Reader& in, Arena& arena) {
  Row row;
  const uint8_t flags = in.u8();
  row.late = (flags & kLate) != 0;
  row.rule = static_cast<uint16_t>(in.varint());
  row.key = in.hash();
  row.key_text = in.str();
  row.uid = in.fixed64();
  row.time = in.zigzag();
  row.position = in.varint();
  if (flags & kHasWatermark) row.watermark = in.zigzag();
  row.roles = static_cast<uint32_t>(in.varint());
  if (flags & kHasDue) row.due_at = in.zigzag();
  if (flags & kHasLabel) row.label = in.str();
  row.source = in.str();
  row.id = in.str();
  row.city = in.str();
  row.town = in.str();
  row.village = in.str();
  row.grid = in.str();
  if (flags & kHasLocation) {
    row.lon = in.f64();
    row.lat = in.f64();
  }
  const uint64_t n = in.varint();
  if (n > in.remaining()) {  // a cell takes a byte at least
    in.fail();
    return row;
  }
  auto* cells = arena.array<expr::Value>(n);
  for (uint64_t i = 0; i < n; ++i) cells[i] = decode_cell(in);
  row.cells = {cells, n};
  return row;
}

}  // namespace tocsin::detect
