#pragma once
// Feeds: how the records of one source become events, without code (`feed:`, rules/feeds/NAME.yaml; the source is
// NAME).
//
//   auto feed = load_feed(text, "rules/feeds/grid.yaml", diagnostics);       // null on faults
//   auto decoder = make_decoder(feed, {.intake = {.privacy_key = key}});
//   decoder->set_header(file.header(partition));                             // CSV
//   decoder->decode(payload, arena, event, why);
#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "event/intake.h"
#include "rule/diagnostic.h"
#include "runtime/ports.h"

namespace tocsin::feed {

struct DecoderOptions {
  // A feed's own time_zone and crs win over those given here; `sources` is for canonical events.
  IntakeOptions intake;
  DurationMs lateness = 600'000;   // canonical events; a feed's own wins
  std::string name = "canonical";  // source_name() of canonical events
};

enum class Format : uint8_t { kJson, kCsv };

// A loaded feed file. Immutable, thread-safe; any number of decoders may use it.
class Feed {
 public:
  struct Impl;
  explicit Feed(std::unique_ptr<const Impl> impl);
  ~Feed();
  const std::string& name() const;  // the source
  Format format() const;
  DurationMs lateness() const;
  const TimeZone& zone() const;
  // True: each file begins with a header record, which is not an event (CSV without `columns`).
  bool has_header() const;
  // Where a record ends, for the file source; empty when a record is a line.
  std::function<size_t(std::string_view)> record_end() const;
  const Impl& impl() const { return *impl_; }

 private:
  std::unique_ptr<const Impl> impl_;
};

// A decoder of a feed. A record that the feed leaves out (`where`, `skip`, a repeated header, an empty line) is refused
// with the reason "skipped", which is no rejection.
class FeedDecoder : public runtime::Decoder {
 public:
  // CSV: the names of the columns, as one record (in the feed's encoding, with or without its line end). Replaces the
  // last one. kInvalid when the feed uses a column that it lacks (records are then refused, one by one, for the same
  // reason). Without it the first record decoded is the header; a record equal to it is skipped.
  virtual Status set_header(std::string_view record) = 0;
};

// All faults of the file at once, appended to `out`; null when there was one. NAME is the path's file name without its
// extension.
std::shared_ptr<const Feed> load_feed(std::string_view text, const std::string& path,
                                      std::vector<rule::Diagnostic>& out);
std::unique_ptr<FeedDecoder> make_decoder(std::shared_ptr<const Feed> feed, DecoderOptions options);
// Canonical events, one JSON object a record.
Result<std::unique_ptr<runtime::Decoder>> make_canonical_decoder(DecoderOptions options);

// JSON Schema of a feed file, for `tocsin schema feed`.
std::string feed_json_schema();

}  // namespace tocsin::feed
