// A sequence key's state as bytes. What follows from the rest (heads, the next deadline) is not written.
#include "detect/sequence.h"

namespace tocsin::detect {

void Sequence::encode(Writer& out) const {
  rows_.encode(out);
  for (size_t i = 0; i < rows_.size(); ++i) out.varint(roles_[i]);
  for (size_t i = 0; i + 1 < pattern_.steps; ++i) out.zigzag(base_heads_.latest[i]);
  for (const Fold& f : {fold_, base_}) detect::encode(out, f);
  for (TimeMs t : {base_over_at_, complete_from_, expiry_, judged_to_}) out.zigzag(t);
  out.varint(next_handle_);
  out.varint(dropped_);
  detect::encode(out, revising_);
  out.varint(episodes_.size());
  for (const Episode& e : episodes_) encode(out, e);
}

void Sequence::encode(Writer& out, const Episode& e) {
  out.varint(e.handle);
  detect::encode(out, e.first_end);
  detect::encode(out, e.last_end);
  for (TimeMs t : {e.opened_at, e.last, e.over_at}) out.zigzag(t);
  out.varint(e.total);
  out.u8(static_cast<uint8_t>(e.severity));
  out.u8(static_cast<uint8_t>(e.worst));
  out.flag(e.over);
  const Gone& g = e.gone;
  out.varint(g.count);
  detect::encode(out, g.last_end);
  detect::encode(out, g.focus);
  out.u8(static_cast<uint8_t>(g.severity));
  out.u8(static_cast<uint8_t>(g.worst));
  g.encode_areas(out);
  out.varint(g.kept.size());
  for (const Kept& k : g.kept) {
    detect::encode(out, k.position);
    out.varint(k.steps);
    out.u8(static_cast<uint8_t>((k.listed ? 1 : 0) | (k.latest ? 2 : 0)));
    out.str(k.bytes);
  }
}

bool Sequence::decode(Reader& in, Episode& e) const {
  e.handle = static_cast<uint32_t>(in.varint());
  e.first_end = decode_position(in);
  e.last_end = decode_position(in);
  for (TimeMs* t : {&e.opened_at, &e.last, &e.over_at}) *t = in.instant();
  e.total = static_cast<uint32_t>(in.varint());
  e.severity = decode_severity(in);
  e.worst = decode_severity(in);
  e.over = in.flag();
  Gone& g = e.gone;
  g.count = static_cast<uint32_t>(in.varint());
  g.last_end = decode_position(in);
  g.focus = decode_position(in);
  g.severity = decode_severity(in);
  g.worst = decode_severity(in);
  g.decode_areas(in);
  const uint64_t kept = in.varint();
  if (kept > in.remaining()) return false;
  for (uint64_t i = 0; i < kept; ++i) {
    Kept k;
    k.position = decode_position(in);
    k.steps = static_cast<uint32_t>(in.varint());
    const uint8_t flags = in.u8();
    k.listed = (flags & 1) != 0;
    k.latest = (flags & 2) != 0;
    k.bytes = in.str();
    if (!in.ok() || !well_formed(k.bytes, plan_.cells)) return false;
    g.kept.push_back(std::move(k));
  }
  return in.ok();
}

Status Sequence::decode(Reader& in) {
  if (Status s = rows_.decode(in, plan_.cells); !s) return s;
  for (size_t i = 0; i < rows_.size(); ++i) roles_.insert(i, static_cast<uint32_t>(in.varint()));
  for (size_t i = 0; i + 1 < pattern_.steps; ++i) base_heads_.latest[i] = in.instant();
  for (Fold* f : {&fold_, &base_}) detect::decode(in, *f);
  for (TimeMs* t : {&base_over_at_, &complete_from_, &expiry_, &judged_to_}) *t = in.instant();
  next_handle_ = static_cast<uint32_t>(in.varint());
  dropped_ = in.varint();
  detect::decode(in, revising_);
  const uint64_t n = in.varint();
  if (n > in.remaining()) return corrupt("a key's episodes are cut short");
  for (uint64_t i = 0; i < n; ++i) {
    Episode e;
    if (!decode(in, e)) return corrupt("a sequence key's episode does not decode");
    episodes_.push_back(std::move(e));
  }
  reschedule();
  return in.ok() ? Status() : corrupt("a sequence key does not decode");
}

}  // namespace tocsin::detect
