#pragma once
// The committed transitions as the store keeps them, by sequence, for sinks and for readers of the stream.
#include <string>
#include <string_view>

#include "base/clock.h"

namespace tocsin::runtime {

// The area that all of an alert's evidence shares; a code that it does not share is empty.
struct SharedArea {
  std::string_view city, town, village, grid;
  bool operator==(const SharedArea&) const = default;
};

struct OutboxEntry {
  std::string_view alert_id, json;
  TimeMs cause = kNoTime;
  bool shadow = false, muted = false;
  // Where the alert lies with this transition, and where it lay with the one before it, so that whoever shows a part of
  // the county needs nothing but the entry to tell what enters it and what leaves it; all empty: there was none.
  SharedArea area = {}, before = {};
  bool placed = true;  // false: written by a program that did not keep areas; both are empty
};

std::string encode_outbox(const OutboxEntry& entry);
// The views point into `bytes`.
OutboxEntry decode_outbox(std::string_view bytes);

}  // namespace tocsin::runtime
