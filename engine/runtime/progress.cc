#include "runtime/progress.h"

namespace tocsin::runtime {
namespace {
template <typename T, typename F>
void each_number(T& t, F&& f) {
  f(t.read), f(t.accepted), f(t.rejected), f(t.skipped), f(t.duplicate), f(t.late);
  f(t.opened), f(t.resolved), f(t.transitions);
}
}  // namespace

void Progress::encode(Writer& out) const {
  for (const uint64_t v : {commit, checkpoint, outbox, position, dead, late}) out.varint(v);
  out.zigzag(watermark);
  each_number(totals, [&](uint64_t v) { out.varint(v); });
  out.varint(partitions.size());
  for (const auto& [name, p] : partitions) {
    out.str(name);
    out.fixed64(p.next_offset);
    out.zigzag(p.greatest);
  }
  out.varint(sources.size());
  for (const auto& [name, s] : sources) {
    out.str(name);
    for (const uint64_t v : {s.read, s.late, s.duplicate}) out.varint(v);
    out.varint(s.rejected.size());
    for (const auto& [reason, n] : s.rejected) {
      out.str(reason);
      out.varint(n);
    }
  }
  out.varint(sinks.size());
  for (const auto& [name, n] : sinks) {
    out.str(name);
    out.varint(n);
  }
}

Result<Progress> Progress::decode(std::string_view bytes) {
  Reader in(bytes);
  Progress p;
  for (uint64_t* v : {&p.commit, &p.checkpoint, &p.outbox, &p.position, &p.dead, &p.late}) *v = in.varint();
  p.watermark = in.zigzag();
  each_number(p.totals, [&](uint64_t& v) { v = in.varint(); });
  for (uint64_t n = in.varint(); n > 0 && in.ok(); --n) {
    PartitionProgress& q = p.partitions[std::string(in.str())];
    q.next_offset = in.fixed64();
    q.greatest = in.zigzag();
  }
  for (uint64_t n = in.varint(); n > 0 && in.ok(); --n) {
    SourceTotals& s = p.sources[std::string(in.str())];
    for (uint64_t* v : {&s.read, &s.late, &s.duplicate}) *v = in.varint();
    for (uint64_t m = in.varint(); m > 0 && in.ok(); --m) {
      const std::string reason(in.str());
      s.rejected[reason] = in.varint();
    }
  }
  for (uint64_t n = in.varint(); n > 0 && in.ok(); --n) {
    const std::string name(in.str());
    p.sinks[name] = in.varint();
  }
  if (!in.ok()) return corrupt("the record of progress in the state directory does not decode");
  return p;
}

}  // namespace tocsin::runtime
