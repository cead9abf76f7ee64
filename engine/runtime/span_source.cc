#include "runtime/span_source.h"

#include <algorithm>

namespace tocsin::runtime {
namespace {
constexpr size_t kPadding = 64;  // that a decoder may read past the end
}

SpanSource::SpanSource(Source& inner, std::vector<uint64_t> from, std::vector<uint64_t> until) : inner_(inner) {
  for (size_t i = 0; i < from.size(); ++i) {
    parts_.push_back({from[i], until[i], from[i] == UINT64_MAX ? 0 : from[i], false, false, {}});
  }
}

void SpanSource::move_on(std::vector<uint64_t> until) {
  for (uint32_t i = 0; i < parts_.size(); ++i) {
    Part& part = parts_[i];
    part.until = std::max(part.until, until[i]);
    // What lies before a record that waits was never there.
    part.next = part.waiting.empty() ? part.next : std::min(part.until, part.waiting.front().record.offset);
    pass_hold_on(i);
  }
}

bool SpanSource::reached() const {
  const auto passed = [](const Part& p) {
    return p.next >= p.until && (p.waiting.empty() || p.waiting.front().record.offset >= p.until);
  };
  return ended_ || std::ranges::all_of(parts_, passed);
}

uint64_t SpanSource::left() const {
  uint64_t n = 0;
  for (const Part& p : parts_) n += p.until > p.next ? p.until - p.next : 0;
  return n;
}

Status SpanSource::seek(std::span<const uint64_t>) {
  std::vector<uint64_t> from;
  for (const Part& p : parts_) from.push_back(p.from);
  Status s = inner_.seek(from);
  if (!s && s.error().code == Code::kNotFound) {
    from.assign(from.size(), UINT64_MAX);
    s = inner_.seek(from);
  }
  for (uint32_t i = 0; s && i < parts_.size(); ++i) pass_hold_on(i);
  return s;
}

void SpanSource::hold(uint32_t partition, bool held) {
  parts_[partition].held = held;
  pass_hold_on(partition);
}

// Held by the caller, or because its end was reached.
void SpanSource::pass_hold_on(uint32_t partition) {
  Part& part = parts_[partition];
  const bool held = part.held || part.next >= part.until || !part.waiting.empty();
  if (held == part.inner_held) return;
  part.inner_held = held;
  inner_.hold(partition, held);
}

void SpanSource::deliver_waiting(size_t max, std::vector<Record>& out) {
  delivered_.clear();
  for (Part& part : parts_) {
    while (!part.held && !part.waiting.empty() && part.waiting.front().record.offset < part.until &&
           delivered_.size() < max) {
      delivered_.push_back(std::move(part.waiting.front()));
      part.waiting.pop_front();
      part.next = delivered_.back().record.next_offset;
    }
    if (!part.waiting.empty() && part.waiting.front().record.offset >= part.until) part.next = part.until;
  }
  for (Waiting& w : delivered_) {
    w.record.payload = std::string_view(w.payload).substr(0, w.payload.size() - kPadding);
    w.record.fault = w.fault;
    out.push_back(w.record);
  }
}

void SpanSource::put_by(Part& part, const Record& record) {
  part.waiting.push_back(
      {record, std::string(record.payload) + std::string(kPadding, '\0'), std::string(record.fault)});
  part.next = std::max(part.next, std::min(part.until, part.waiting.front().record.offset));
}

Result<PollState> SpanSource::poll(size_t max, DurationMs wait, std::vector<Record>& out) {
  const size_t before = out.size();
  deliver_waiting(max, out);
  for (uint32_t i = 0; i < parts_.size(); ++i) pass_hold_on(i);
  if (out.size() > before) return PollState::kRecords;
  if (reached()) return ended_ ? PollState::kEnd : PollState::kIdle;
  fetched_.clear();
  auto state = inner_.poll(max, wait, fetched_);
  if (!state) return state;
  for (const Record& r : fetched_) {
    Part& part = parts_[r.partition];
    if (r.offset >= part.until || !part.waiting.empty()) {
      put_by(part, r);
      if (part.waiting.size() > kMaxWaiting) {
        return exhausted("more than " + std::to_string(kMaxWaiting) + " records of " + partitions()[r.partition] +
                         " came beyond the part that is read");
      }
      continue;
    }
    out.push_back(r);
    part.next = r.next_offset;
  }
  for (uint32_t i = 0; i < parts_.size(); ++i) pass_hold_on(i);
  const bool waits = std::ranges::any_of(parts_, [](const Part& p) { return !p.waiting.empty(); });
  ended_ = *state == PollState::kEnd && !waits;
  if (ended_) return PollState::kEnd;
  return out.size() > before ? PollState::kRecords : PollState::kIdle;
}

}  // namespace tocsin::runtime
