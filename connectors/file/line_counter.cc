#include "connectors/file/line_counter.h"

#include <algorithm>

namespace tocsin::file {

std::optional<uint64_t> LineCounter::line_of(uint64_t position) {
  if (!stream_ || position < position_) {
    auto stream = open_stream(path_);
    if (!stream) return std::nullopt;
    stream_ = std::move(*stream);
    buffer_.resize(256 * 1024);
    used_ = end_ = 0;
    position_ = newlines_ = 0;
  }
  while (position_ < position) {
    if (used_ == end_) {
      auto got = stream_->read(buffer_.data(), buffer_.size());
      if (!got || *got == 0) return std::nullopt;
      used_ = 0;
      end_ = *got;
    }
    const size_t n = std::min<uint64_t>(end_ - used_, position - position_);
    const char* from = buffer_.data() + used_;
    newlines_ += static_cast<uint64_t>(std::count(from, from + n, '\n'));
    used_ += n;
    position_ += n;
  }
  return newlines_ + 1;
}

}  // namespace tocsin::file
