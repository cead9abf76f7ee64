#include "alert/record.h"

#include <array>

namespace tocsin::alert {
namespace {

auto texts_of(auto& r) {
  return std::array{&r.opened_source, &r.opened_id,    &r.merged_into, &r.assigned_to,  &r.outcome,  &r.city,
                    &r.town,          &r.village,      &r.grid,        &r.before,       &r.said.key, &r.said.values,
                    &r.said.params,   &r.said.summary, &r.said.advice, &r.said.evidence};
}

}  // namespace

void encode(Writer& out, const Record& r) {
  out.varint(r.episode);
  out.str(r.id);
  out.varint(static_cast<uint64_t>(r.seq) << 1 | (r.shadow ? 1 : 0));
  encode(out, r.standing);
  out.zigzag(r.opened_at);
  out.zigzag(r.updated_at);
  for (const std::string* s : texts_of(r)) out.str(*s);
  out.fixed64(r.before_evidence);
  out.flag(r.has_location);
  if (r.has_location) {
    out.f64(r.lon);
    out.f64(r.lat);
  }
}

Record decode_record(Reader& in) {
  Record r;
  r.episode = static_cast<uint32_t>(in.varint());
  r.id = in.str();
  const uint64_t seq = in.varint();
  r.seq = static_cast<uint32_t>(seq >> 1);
  r.shadow = (seq & 1) != 0;
  r.standing = decode_standing(in);
  r.opened_at = in.zigzag();
  r.updated_at = in.zigzag();
  for (std::string* s : texts_of(r)) *s = in.str();
  r.before_evidence = in.fixed64();
  r.has_location = in.flag();
  if (r.has_location) {
    r.lon = in.f64();
    r.lat = in.f64();
  }
  return r;
}

size_t text_bytes(const Record& r) {
  size_t n = r.id.capacity();
  for (const std::string* s : texts_of(r)) n += s->capacity();
  return n;
}

}  // namespace tocsin::alert
