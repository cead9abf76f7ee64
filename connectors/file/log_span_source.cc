#include "connectors/file/log_span_source.h"

#include <algorithm>

#include "connectors/file/log_page.h"

namespace tocsin::file {

LogSpanSource::LogSpanSource(const state::Log& log, std::string topic)
    : log_(log), topic_(std::move(topic)), next_(log.begin_offset(topic_)), end_(log.end_offset(topic_)) {}

Status LogSpanSource::seek(std::span<const uint64_t> next_offsets) {
  if (!next_offsets.empty() && next_offsets[0] != UINT64_MAX) next_ = next_offsets[0];
  return {};
}

Result<runtime::PollState> LogSpanSource::poll(size_t max, DurationMs, std::vector<runtime::Record>& out) {
  next_ = std::max(next_, log_.begin_offset(topic_));
  if (next_ >= end_) return runtime::PollState::kEnd;
  const size_t page = std::min<uint64_t>(max, end_ - next_);
  if (Status s = read_page(log_, topic_, next_, page, bytes_, out); !s) {
    if (s.error().code != Code::kNotFound) return s.error();
    return runtime::PollState::kIdle;  // retention was quicker: the next call goes on behind it
  }
  return runtime::PollState::kRecords;
}

}  // namespace tocsin::file
