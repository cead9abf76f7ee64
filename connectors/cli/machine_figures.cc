#include "connectors/cli/machine_figures.h"

#include <sys/resource.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

#include "connectors/cli/clocks.h"

namespace tocsin::cli {
namespace fs = std::filesystem;
namespace {

// Taken when the program is loaded: near enough to its start.
const double kStarted = static_cast<double>(SystemClock().now()) / 1e3;

double seconds(const timeval& t) { return static_cast<double>(t.tv_sec) + static_cast<double>(t.tv_usec) / 1e6; }

}  // namespace

metrics::ProcessMetrics process_figures() {
  metrics::ProcessMetrics out;
  out.start_seconds = kStarted;
  rusage usage = {};
  if (::getrusage(RUSAGE_SELF, &usage) == 0) out.cpu_seconds = seconds(usage.ru_utime) + seconds(usage.ru_stime);
  uint64_t total = 0;
  uint64_t resident = 0;
  if (std::ifstream("/proc/self/statm") >> total >> resident) {
    out.resident_bytes = static_cast<double>(resident) * static_cast<double>(::sysconf(_SC_PAGESIZE));
  }
  std::error_code ec;
  uint64_t files = 0;
  for (fs::directory_iterator it("/proc/self/fd", ec), end; !ec && it != end; it.increment(ec)) ++files;
  if (files > 0) out.open_files = static_cast<double>(files - 1);  // one of them is the listing's own
  return out;
}

metrics::DiskMetrics disk_figures(const std::string& directory) {
  metrics::DiskMetrics out;
  std::error_code ec;
  const fs::space_info space = fs::space(directory, ec);
  if (!ec) {
    out.free_bytes = static_cast<double>(space.available);
    out.size_bytes = static_cast<double>(space.capacity);
  }
  uint64_t bytes = 0;
  fs::recursive_directory_iterator it(directory, ec);
  if (ec) return out;
  for (const fs::recursive_directory_iterator end; !ec && it != end; it.increment(ec)) {
    std::error_code gone;
    const uint64_t size = it->is_regular_file(gone) ? it->file_size(gone) : 0;
    if (!gone) bytes += size;
  }
  out.state_bytes = static_cast<double>(bytes);
  return out;
}

}  // namespace tocsin::cli
