#include "runtime/delta.h"

namespace tocsin::runtime {

namespace {

// Room at the end of `out` for `most` bytes; finish() gives back what `w` has not used.
RawWriter room(std::string& out, size_t most) {
  const size_t at = out.size();
  out.resize(at + most);
  return RawWriter(out.data() + at);
}
void finish(std::string& out, const RawWriter& w) { out.resize(static_cast<size_t>(w.position() - out.data())); }

}  // namespace

void DeltaWriter::seen(uint64_t uid, TimeMs time, uint64_t revision) {
  RawWriter w = room(out_, 9 + 2 * RawWriter::kMost);
  w.u8(static_cast<uint8_t>(Op::kSeen));
  w.fixed64(uid);
  w.zigzag(time);
  w.varint(revision);
  finish(out_, w);
}

// The body goes straight into the delta, behind its length, which is filled in afterwards.
template <typename Body>
void DeltaWriter::keyed(Op op, uint16_t rule, const Hash128& key, Body&& body) {
  RawWriter head = room(out_, 1 + RawWriter::kMost + sizeof(Hash128) + sizeof(uint32_t));
  head.u8(static_cast<uint8_t>(op));
  head.varint(rule);
  head.fixed64(key.hi);
  head.fixed64(key.lo);
  const auto at = static_cast<size_t>(head.position() - out_.data());
  out_.resize(at + sizeof(uint32_t));
  Writer w(out_);
  body(w);
  const auto length = static_cast<uint32_t>(out_.size() - at - sizeof(uint32_t));
  std::memcpy(out_.data() + at, &length, sizeof length);
}

void DeltaWriter::row(const detect::Row& row) {
  keyed(row.late ? Op::kLateRow : Op::kRow, row.rule, row.key, [&](Writer& w) { detect::encode(w, row); });
}

void DeltaWriter::retract(uint16_t rule, const Hash128& key, uint64_t uid, bool withdrawn, const detect::Row& cause) {
  keyed(Op::kRetract, rule, key, [&](Writer& w) {
    w.fixed64(uid);
    w.flag(withdrawn);
    detect::encode(w, cause);
  });
}

void DeltaWriter::time(TimeMs watermark) {
  Writer w(out_);
  w.u8(static_cast<uint8_t>(Op::kTime));
  w.zigzag(watermark);
}

void DeltaWriter::alerts(std::string_view operations) {
  Writer w(out_);
  w.u8(static_cast<uint8_t>(Op::kAlerts));
  w.fixed32(static_cast<uint32_t>(operations.size()));
  out_.append(operations);
}

void DeltaWriter::action(uint16_t rule, const Hash128& key, const PlacedAction& action) {
  keyed(Op::kAction, rule, key, [&](Writer& w) {
    w.varint(action.position);
    w.zigzag(action.watermark);
    encode(w, action.action);
  });
}

bool DeltaReader::next(DeltaOp& op) {
  if (in_.at_end()) return false;
  op.op = static_cast<Op>(in_.u8());
  switch (op.op) {
    case Op::kSeen:
      op.uid = in_.fixed64();
      op.time = in_.zigzag();
      op.revision = in_.varint();
      break;
    case Op::kRow:
    case Op::kLateRow:
    case Op::kRetract:
    case Op::kAction:
      op.rule = static_cast<uint16_t>(in_.varint());
      op.key = in_.hash();
      op.body = in_.bytes(in_.fixed32());
      break;
    case Op::kAlerts:
      op.body = in_.bytes(in_.fixed32());
      break;
    case Op::kTime:
      op.time = in_.zigzag();
      break;
    default:
      in_.fail();
  }
  return in_.ok();
}

Retraction decode_retraction(std::string_view body, Arena& arena) {
  Reader in(body);
  Retraction r{};
  r.uid = in.fixed64();
  r.withdrawn = in.flag();
  r.cause = detect::decode_row(in, arena);
  return r;
}

PlacedAction decode_action(std::string_view body) {
  Reader in(body);
  PlacedAction p;
  p.position = in.varint();
  p.watermark = in.zigzag();
  p.action = decode_plain_action(in);
  return p;
}

void encode(Writer& out, const alert::Action& action) {
  out.u8(static_cast<uint8_t>(action.kind));
  for (const std::string* s : {&action.alert_id, &action.by, &action.to, &action.outcome, &action.note}) out.str(*s);
  out.zigzag(action.at);
}

alert::Action decode_plain_action(Reader& in) {
  alert::Action a;
  a.kind = static_cast<alert::ActionKind>(in.u8());
  for (std::string* s : {&a.alert_id, &a.by, &a.to, &a.outcome, &a.note}) *s = in.str();
  a.at = in.zigzag();
  return a;
}

}  // namespace tocsin::runtime
