#include "detect/row.h"

#include "detect/packed_row.h"

namespace tocsin::detect {
namespace {

// Bits of the flag byte of an encoded row: what follows only when it is there.
constexpr uint8_t kLate = 1, kHasDue = 2, kHasLabel = 4, kHasWatermark = 8, kHasWas = 16;

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
  if (row.due_at != kNoTime) flags |= kHasDue;
  if (!row.label.empty()) flags |= kHasLabel;
  if (row.watermark != kNoTime) flags |= kHasWatermark;
  if (row.was != kNoTime) flags |= kHasWas;
  std::string& bytes = out.out();
  const size_t at = bytes.size();
  bytes.resize(at + row.key_text.size() + row.label.size() + 9 * RawWriter::kMost + 9);
  RawWriter w(bytes.data() + at);
  w.u8(flags);
  w.str(row.key_text);
  w.fixed64(row.uid);
  w.zigzag(row.time);
  w.varint(row.position);
  if (flags & kHasWatermark) w.zigzag(row.watermark);
  if (flags & kHasWas) w.zigzag(row.was);
  w.varint(row.roles);
  if (flags & kHasDue) w.zigzag(row.due_at);
  if (flags & kHasLabel) w.str(row.label);
  bytes.resize(static_cast<size_t>(w.position() - bytes.data()));
  append_packed(bytes, row);
}

Row decode_row(Reader& in, Arena& arena) {
  Row row;
  const uint8_t flags = in.u8();
  row.late = (flags & kLate) != 0;
  row.key_text = in.str();
  row.uid = in.fixed64();
  row.time = in.instant();
  row.position = in.varint();
  if (flags & kHasWatermark) row.watermark = in.instant();
  if (flags & kHasWas) row.was = in.instant();
  row.roles = static_cast<uint32_t>(in.varint());
  if (flags & kHasDue) row.due_at = in.instant();
  if (flags & kHasLabel) row.label = in.str();
  if (!in.ok()) return row;
  row.packed = in.bytes(in.remaining());
  RowFacts facts;
  if (!read_packed(row.packed, facts)) {
    in.fail();
    return row;
  }
  row.source = facts.source;
  row.id = facts.id;
  row.city = facts.city;
  row.town = facts.town;
  row.village = facts.village;
  row.grid = facts.grid;
  row.lon = facts.lon;
  row.lat = facts.lat;
  const PackedRow packed(row.packed.data());
  const auto n = static_cast<size_t>(packed.cells());
  auto* cells = arena.array<expr::Value>(n);
  for (size_t i = 0; i < n; ++i) cells[i] = packed.value(static_cast<int>(i));
  row.cells = {cells, n};
  return row;
}

}  // namespace tocsin::detect
