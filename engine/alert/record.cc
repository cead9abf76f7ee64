#include "alert/record.h"

namespace tocsin::alert {

void encode(Writer& out, const Record& r) {
  out.varint(r.episode);
  out.str(r.id);
  out.varint(r.seq);
  encode(out, r.standing);
  out.zigzag(r.opened_at);
  out.zigzag(r.updated_at);
  for (const std::string* s : {&r.opened_source, &r.opened_id, &r.merged_into, &r.assigned_to, &r.outcome, &r.city,
                               &r.town, &r.village, &r.grid, &r.before}) {
    out.str(*s);
  }
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
  r.seq = static_cast<uint32_t>(in.varint());
  r.standing = decode_standing(in);
  r.opened_at = in.zigzag();
  r.updated_at = in.zigzag();
  for (std::string* s : {&r.opened_source, &r.opened_id, &r.merged_into, &r.assigned_to, &r.outcome, &r.city, &r.town,
                         &r.village, &r.grid, &r.before}) {
    *s = in.str();
  }
  r.before_evidence = in.fixed64();
  r.has_location = in.flag();
  if (r.has_location) {
    r.lon = in.f64();
    r.lat = in.f64();
  }
  return r;
}

}  // namespace tocsin::alert
