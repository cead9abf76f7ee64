#pragma once
// A line on the terminal with share, rate and time that remains, while files are read; only when standard error is one.
#include <unistd.h>

#include <algorithm>
#include <iostream>

#include "connectors/cli/clocks.h"
#include "connectors/file/file_source.h"
#include "time/format.h"

namespace tocsin::cli {

class ProgressLine {
 public:
  explicit ProgressLine(const file::FileSource& source) : source_(source), on_(isatty(STDERR_FILENO) != 0) {}
  void show(uint64_t events) {
    if (!on_) return;
    const uint64_t now = steady_ns();
    if (now - last_ < 200'000'000) return;
    last_ = now;
    const file::Progress p = source_.progress();
    const double seconds = static_cast<double>(now - start_) / 1e9;
    const double rate = static_cast<double>(events) / std::max(seconds, 1e-3);
    std::cerr << "\r\033[K" << events << " events, " << static_cast<uint64_t>(rate) << "/s";
    if (p.total > 0) {
      const double share = static_cast<double>(p.bytes) / static_cast<double>(p.total);
      std::cerr << ", " << static_cast<int>(share * 100) << " %, "
                << format_duration(static_cast<DurationMs>(seconds / std::max(share, 1e-6) * (1 - share)) * 1000)
                << " left";
    }
    std::cerr << std::flush;
  }
  ~ProgressLine() {
    if (on_ && last_ != 0) std::cerr << "\r\033[K" << std::flush;
  }

 private:
  const file::FileSource& source_;
  const bool on_;
  const uint64_t start_ = steady_ns();
  uint64_t last_ = 0;
};

}  // namespace tocsin::cli
