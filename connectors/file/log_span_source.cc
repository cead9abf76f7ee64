#include "connectors/file/log_span_source.h"

#include <algorithm>

namespace tocsin::file {
namespace {

constexpr size_t kPadding = 64;          // for simdjson
constexpr size_t kPollBytes = 4u << 20;  // a poll stops after so much

}  // namespace

LogSpanSource::LogSpanSource(const state::Log& log, std::string topic)
    : log_(log), topic_(std::move(topic)), next_(log.begin_offset(topic_)), end_(log.end_offset(topic_)) {}

Status LogSpanSource::seek(std::span<const uint64_t> next_offsets) {
  if (!next_offsets.empty() && next_offsets[0] != UINT64_MAX) next_ = next_offsets[0];
  return {};
}

Result<runtime::PollState> LogSpanSource::poll(size_t max, DurationMs, std::vector<runtime::Record>& out) {
  next_ = std::max(next_, log_.begin_offset(topic_));
  if (next_ >= end_) return runtime::PollState::kEnd;
  const size_t before = out.size();
  bytes_.clear();
  const Status s = log_.read(topic_, next_, std::min<uint64_t>(max, end_ - next_), [&](const state::LogRecord& r) {
    runtime::Record record;
    record.offset = r.offset;
    record.next_offset = r.offset + 1;
    record.timestamp = r.timestamp;
    record.payload = r.payload;  // for its size; where the copy lies is known when bytes_ grows no more
    bytes_.append(r.payload);
    out.push_back(record);
    return bytes_.size() < kPollBytes;
  });
  if (!s) {
    out.resize(before);
    if (s.error().code != Code::kNotFound) return s.error();
    return runtime::PollState::kIdle;  // retention was quicker: the next call goes on behind it
  }
  bytes_.append(kPadding, '\0');
  size_t at = 0;
  for (size_t i = before; i < out.size(); ++i) {
    const size_t n = out[i].payload.size();
    out[i].payload = std::string_view(bytes_).substr(at, n);
    at += n;
    next_ = out[i].next_offset;
  }
  return runtime::PollState::kRecords;
}

}  // namespace tocsin::file
