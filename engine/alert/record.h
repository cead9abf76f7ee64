#pragma once
// The alert as the key keeps it: its life (Standing) and what identifies it to people.
#include <string>

#include "alert/lifecycle.h"

namespace tocsin::alert {

// What an alert last said of its events, as JSON: what is left to say once its detector has let go of them. Of one
// whose ground was taken back that is what the correction left. Each part is kept up to kMaxSaid bytes; a longer one is
// told as empty then.
struct Said {
  std::string values = "{}", params = "{}", summary, advice;  // as in the CloudEvent's data
  std::string key;                                            // filed: the key, or the obligation's own name
  std::string evidence;                                       // filed: what it rested on
  bool operator==(const Said&) const = default;
};
inline constexpr size_t kMaxSaid = 16 * 1024;

struct Record {
  uint32_t episode = 0;  // of the detector
  std::string id;        // alert id; empty while pending
  uint32_t seq = 0;      // of the last transition
  bool shadow = false;   // the stream that was told it: that of rules in shadow
  Standing standing;
  TimeMs opened_at = kNoTime;
  std::string opened_source, opened_id;
  TimeMs updated_at = kNoTime;
  std::string merged_into;
  std::string assigned_to, outcome;
  // Where it is, as last told: what is left to say once its events are gone.
  std::string city, town, village, grid;
  bool has_location = false;
  double lon = 0, lat = 0;
  Said said;
  // A correction under way: what the alert said before it, and a hash of its evidence. Empty: none.
  std::string before;
  uint64_t before_evidence = 0;
};

void encode(Writer& out, const Record& r);
Record decode_record(Reader& in);
// Rough bytes of memory beside the record's own size.
size_t text_bytes(const Record& r);

}  // namespace tocsin::alert
