#include "connectors/file/embedded_source.h"

#include <algorithm>
#include <chrono>

#include "connectors/file/log_page.h"

namespace tocsin::file {

EmbeddedSource::EmbeddedSource(state::Log& log, std::string topic, bool listens)
    : log_(log), topic_(std::move(topic)), listens_(listens) {
  if (!listens_) return;
  log_.on_append(topic_, [this] {
    const std::scoped_lock lock(mutex_);
    ++appends_;
    appended_.notify_one();
    if (wake_) wake_();
  });
}

EmbeddedSource::~EmbeddedSource() {
  if (listens_) log_.on_append(topic_, {});
}

void EmbeddedSource::on_arrival(std::function<void()> wake) {
  const std::scoped_lock lock(mutex_);
  wake_ = std::move(wake);
}

Status EmbeddedSource::seek(std::span<const uint64_t> next_offsets) {
  next_ = log_.begin_offset(topic_);
  if (next_offsets.empty() || next_offsets[0] == UINT64_MAX) return Status::ok();
  next_ = next_offsets[0];
  return log_.read(topic_, next_, 0, [](const auto&) { return false; });  // only whether it is there
}

EmbeddedSource::Lag EmbeddedSource::lag(TimeMs now) const {
  const uint64_t end = log_.end_offset(topic_);
  Lag lag{end > next_ ? end - next_ : 0, 0};
  if (lag.records == 0) return lag;
  const Status read = log_.read(topic_, next_, 1, [&](const state::LogRecord& r) {
    lag.age = std::max<DurationMs>(now - r.timestamp, 0);
    return false;
  });
  (void)read.is_ok();  // what cannot be read is told by poll(); the number of records stands
  return lag;
}

Result<runtime::PollState> EmbeddedSource::poll(size_t max, DurationMs wait, std::vector<runtime::Record>& out) {
  const size_t before = out.size();
  uint64_t seen = 0;
  {
    const std::scoped_lock lock(mutex_);
    seen = appends_;
  }
  if (!held_) {
    if (Status s = read_page(log_, topic_, next_, max, bytes_, out); !s) return s.error();
    if (out.size() > before) return runtime::PollState::kRecords;
  }
  if (wait <= 0) return runtime::PollState::kIdle;
  {
    std::unique_lock lock(mutex_);
    appended_.wait_for(lock, std::chrono::milliseconds(wait), [&] { return appends_ != seen; });
  }
  if (held_) return runtime::PollState::kIdle;
  if (Status s = read_page(log_, topic_, next_, max, bytes_, out); !s) return s.error();
  return out.size() > before ? runtime::PollState::kRecords : runtime::PollState::kIdle;
}

}  // namespace tocsin::file
