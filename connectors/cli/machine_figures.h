#pragma once
// What the operating system tells of this process and of the disk under the state.
#include <string>

#include "connectors/metrics/metrics.h"

namespace tocsin::cli {

// Cheap; for any thread. What cannot be read stays unknown.
metrics::ProcessMetrics process_figures();
// Walks `directory`, whose files come and go meanwhile. A few milliseconds for thousands of files.
metrics::DiskMetrics disk_figures(const std::string& directory);

}  // namespace tocsin::cli
