#pragma once
// Records of the embedded log as a source hands them on: copies that the engine may read past.
#include <string>
#include <vector>

#include "runtime/ports.h"
#include "state/log.h"

namespace tocsin::file {

// Appends up to `max` records of `topic` from offset `next` on to `out` (none: it waits for more; a page ends after
// 4 MiB), moves `next` behind them, and keeps their payloads in `bytes`, with 64 readable bytes after each: they live
// until `bytes` is changed. On an error (kNotFound: retention dropped what lies at `next`) nothing has changed but
// `bytes`. Precondition: the log has the topic.
[[nodiscard]] Status read_page(const state::Log& log, const std::string& topic, uint64_t& next, size_t max,
                               std::string& bytes, std::vector<runtime::Record>& out);

}  // namespace tocsin::file
