#pragma once
// People's silences as records of the log, beside their actions on alerts:
// {"action":"silence","silence":ID,"by":…,"note":…,"until":ms,"rules":[…],"area":…,"severity":…,"at":ms} and
// {"action":"unsilence","silence":ID,"by":…,"at":ms}.
#include <optional>
#include <string>
#include <string_view>

#include "base/status.h"
#include "rule/silence.h"

namespace tocsin::runtime {

struct SilenceRecord {
  bool ends = false;  // unsilence: only the id and `by` of `silence` count
  rule::Silence silence;
  TimeMs at = kNoTime;
};

std::string silence_record(const SilenceRecord& record);
// Nothing: the record is of another kind.
std::optional<Result<SilenceRecord>> parse_silence_record(std::string_view payload);
// JSON object of a silence, as the API lists it.
std::string silence_json(const rule::Silence& silence);

}  // namespace tocsin::runtime
