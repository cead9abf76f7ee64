#include "runtime/outbox.h"

#include "base/codec.h"

namespace tocsin::runtime {
namespace {

enum Flag : uint8_t {
  kShadow = 1,
  kMuted = 2,
  kPlaced = 4,  // the area follows the text
  kMoved = 8    // and after it that of the transition before, where it is another
};

void write(Writer& w, const SharedArea& a) {
  for (const std::string_view code : {a.city, a.town, a.village, a.grid}) w.str(code);
}

SharedArea read(Reader& in) {
  SharedArea a;
  for (std::string_view* code : {&a.city, &a.town, &a.village, &a.grid}) *code = in.str();
  return a;
}

}  // namespace

std::string encode_outbox(const OutboxEntry& e) {
  const bool moved = e.placed && e.before != e.area;
  std::string out;
  Writer w(out);
  w.u8(static_cast<uint8_t>((e.shadow ? kShadow : 0) | (e.muted ? kMuted : 0) | (e.placed ? kPlaced : 0) |
                            (moved ? kMoved : 0)));
  w.zigzag(e.cause);
  w.str(e.alert_id);
  w.str(e.json);
  if (e.placed) write(w, e.area);
  if (moved) write(w, e.before);
  return out;
}

OutboxEntry decode_outbox(std::string_view bytes) {
  Reader in(bytes);
  OutboxEntry e;
  const uint8_t flags = in.u8();
  e.shadow = (flags & kShadow) != 0;
  e.muted = (flags & kMuted) != 0;
  e.placed = (flags & kPlaced) != 0;
  e.cause = in.zigzag();
  e.alert_id = in.str();
  e.json = in.str();
  if (e.placed) e.area = read(in);
  e.before = (flags & kMoved) != 0 ? read(in) : e.area;
  return e;
}

}  // namespace tocsin::runtime
