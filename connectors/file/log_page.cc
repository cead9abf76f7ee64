#include "connectors/file/log_page.h"

namespace tocsin::file {
namespace {

constexpr size_t kPadding = 64;          // for simdjson
constexpr size_t kPageBytes = 4u << 20;  // a page stops after so much

}  // namespace

Status read_page(const state::Log& log, const std::string& topic, uint64_t& next, size_t max, std::string& bytes,
                 std::vector<runtime::Record>& out) {
  const size_t before = out.size();
  bytes.clear();
  Status s = log.read(topic, next, max, [&](const state::LogRecord& r) {
    runtime::Record record;
    record.offset = r.offset;
    record.next_offset = r.offset + 1;
    record.timestamp = r.timestamp;
    record.payload = r.payload;  // for its size; where the copy lies is known when bytes grows no more
    bytes.append(r.payload);
    out.push_back(record);
    return bytes.size() < kPageBytes;
  });
  if (!s) {
    out.resize(before);
    return s;
  }
  bytes.append(kPadding, '\0');
  size_t at = 0;
  for (size_t i = before; i < out.size(); ++i) {
    const size_t n = out[i].payload.size();
    out[i].payload = std::string_view(bytes).substr(at, n);
    at += n;
    next = out[i].next_offset;
  }
  return {};
}

}  // namespace tocsin::file
