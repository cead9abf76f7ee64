#include "detect/obligation.h"

namespace tocsin::detect {

Finding finding(const Obligation& o, Finding::Kind kind, Reason reason, TimeMs time, const Row* cause) {
  Finding f;
  f.kind = kind;
  f.episode = o.handle;
  f.reason = reason;
  f.time = time;
  f.last = std::max(o.start.time, o.answered == kNever ? kNoTime : o.answered);
  f.severity = o.severity;
  f.worst = o.worst;
  f.total = 1;
  f.cause = cause;
  return f;
}

void encode(Writer& out, const Obligation& o) {
  out.varint(o.handle);
  detect::encode(out, o.start);
  for (TimeMs t : {o.answered, o.checked, o.as_of}) out.zigzag(t);
  out.u8(static_cast<uint8_t>((o.fired ? 1 : 0) | (o.told_answer ? 2 : 0)));
  out.u8(static_cast<uint8_t>(o.severity));
  out.u8(static_cast<uint8_t>(o.worst));
}

void decode(Reader& in, Obligation& o) {
  o.handle = static_cast<uint32_t>(in.varint());
  o.start = decode_position(in);
  for (TimeMs* t : {&o.answered, &o.checked, &o.as_of}) *t = in.instant();
  const uint8_t flags = in.u8();
  o.fired = (flags & 1) != 0;
  o.told_answer = (flags & 2) != 0;
  o.severity = decode_severity(in);
  o.worst = decode_severity(in);
}

}  // namespace tocsin::detect
