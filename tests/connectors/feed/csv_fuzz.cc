// Any bytes: records cover the input without overlap, each splits into cells or names its fault, and a CSV feed refuses
// or accepts every record.
#include <cstdint>
#include <cstdlib>
#include <string>
#include <vector>

#include "base/csv.h"
#include "connectors/feed/feed.h"

namespace {

constexpr char kFeed[] = R"(
feed:
  format: csv
  encoding: gbk
  crs: bd09
  fields: {id: row.a, occurred_at: row.b, category: '"x"', location: {lon: row.c, lat: row.d}, reporter: row.e, text: row.e}
)";

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace tocsin;  // NOLINT: a fuzzer's entry point is global
  static std::vector<rule::Diagnostic> faults;
  static const auto feed = feed::load_feed(kFeed, "fuzz.yaml", faults);
  if (feed == nullptr) std::abort();
  const auto decoder = feed::make_decoder(feed, {});
  if (!decoder->set_header("a,b,c,d,e")) std::abort();
  std::string_view rest(reinterpret_cast<const char*>(data), size);
  Arena arena;
  std::vector<std::string_view> cells;
  std::string fault;
  while (!rest.empty()) {
    const size_t end = csv_record_end(rest, true);
    if (end == 0 || end > rest.size()) std::abort();
    const std::string_view record = rest.substr(0, end);
    const size_t sooner = csv_record_end(rest, false);
    if (sooner != std::string_view::npos && sooner != end) std::abort();
    fault.clear();
    if (!parse_csv_record(record, ',', arena, cells, fault) && fault.empty()) std::abort();
    Event event;
    runtime::Rejection why;
    if (!decoder->decode(record, arena, event, why) && why.reason.empty()) std::abort();
    if (decoder->masked(record).size() > 4096) std::abort();
    rest.remove_prefix(end);
  }
  return 0;
}
