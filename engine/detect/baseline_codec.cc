// kind: baseline. Its state as bytes.
#include <algorithm>

#include "detect/baseline.h"

namespace tocsin::detect {

void Baseline::encode(Writer& out) const {
  out.varint(next_handle_);
  out.zigzag(newest_);
  out.zigzag(judged_);
  out.varint(dropped_);
  out.zigzag(named_bucket_);
  out.varint(named_times_);
  n_.encode(out);
  a_.encode(out);
  both_.encode(out);
  sum_.encode(out);
  square_.encode(out);
  rows_.encode(out);
  out.varint(log_.size());
  for (const Logged& l : log_) {
    out.fixed64(l.uid);
    out.zigzag(l.value);
    out.zigzag(l.bucket);
  }
  out.varint(held_.size());
  for (const Held& h : held_) {
    out.zigzag(h.bucket);
    out.zigzag(h.last);
    out.u8(static_cast<uint8_t>(h.severity));
    out.varint(h.episode);
  }
  out.varint(episodes_.size());
  for (const Episode& e : episodes_) {
    out.varint(e.handle);
    for (const int64_t v : {e.first, e.focus, e.last, e.keep_since}) out.zigzag(v);
    out.u8(static_cast<uint8_t>(e.severity));
    out.u8(static_cast<uint8_t>(e.worst));
    out.flag(e.settled);
    for (const double v : {e.figures.observed, e.figures.expected, e.figures.p}) out.f64(v);
    out.varint(e.figures.n);
  }
  out.flag(revising_.has_value());
  if (!revising_.has_value()) return;
  out.fixed64(revising_->uid);
  out.zigzag(revising_->cause_time);
  out.zigzag(revising_->bucket);
}

Status Baseline::decode(Reader& in) {
  next_handle_ = static_cast<uint32_t>(in.varint());
  newest_ = in.zigzag();
  judged_ = in.zigzag();
  dropped_ = in.varint();
  named_bucket_ = in.zigzag();
  named_times_ = in.varint();
  for (auto* s : {&n_, &a_, &both_}) {
    if (auto status = s->decode(in); !status) return status;
  }
  if (auto s = sum_.decode(in); !s) return s;
  if (auto s = square_.decode(in); !s) return s;
  if (auto s = rows_.decode(in, plan_.cells); !s) return s;
  const uint64_t logged = in.varint();
  if (logged > in.remaining()) return corrupt("a baseline key's log is cut short");
  for (uint64_t i = 0; i < logged; ++i) {
    const uint64_t uid = in.fixed64();
    const int64_t value = in.zigzag();
    log_.push_back({uid, value, in.zigzag()});
  }
  const uint64_t held = in.varint();
  if (held > in.remaining()) return corrupt("a baseline key's buckets are cut short");
  for (uint64_t i = 0; i < held; ++i) {
    Held h;
    h.bucket = in.zigzag();
    h.last = in.zigzag();
    h.severity = decode_severity(in);
    h.episode = static_cast<uint32_t>(in.varint());
    held_.push_back(h);
  }
  const uint64_t episodes = in.varint();
  if (episodes > in.remaining()) return corrupt("a baseline key's episodes are cut short");
  for (uint64_t i = 0; i < episodes; ++i) {
    Episode e;
    e.handle = static_cast<uint32_t>(in.varint());
    for (int64_t* v : {&e.first, &e.focus, &e.last, &e.keep_since}) *v = in.zigzag();
    e.severity = decode_severity(in);
    e.worst = decode_severity(in);
    e.settled = in.flag();
    for (double* v : {&e.figures.observed, &e.figures.expected, &e.figures.p}) *v = in.f64();
    e.figures.n = static_cast<uint32_t>(in.varint());
    episodes_.push_back(e);
  }
  if (in.flag()) {
    revising_ = Revision{};
    revising_->uid = in.fixed64();
    revising_->cause_time = in.zigzag();
    revising_->bucket = in.zigzag();
  }
  if (!in.ok()) return corrupt("a baseline key does not decode");
  reschedule();
  return {};
}

size_t Baseline::bytes() const {
  return sizeof(*this) + n_.bytes() + a_.bytes() + both_.bytes() + sum_.bytes() + square_.bytes() + rows_.bytes() +
         log_.capacity() * sizeof(Logged) + held_.capacity() * sizeof(Held) + episodes_.capacity() * sizeof(Episode);
}

}  // namespace tocsin::detect
