#pragma once
// Working time (contract: `3wd 8wh`): which hours of which days offices work, by a calendar file (`calendar:`) with weekly
// hours, public holidays and make-up working days. Immutable, thread-safe; days beyond the file's years follow the week.
#include <memory>
#include <set>
#include <string>
#include <vector>

#include "base/status.h"
#include "time/format.h"

namespace tocsin {

class WorkingTime {
 public:
  struct Hours {
    int begin_minute, end_minute;  // of the civil day, [begin, end)
  };
  struct Spec {
    TimeZone zone = TimeZone::utc();
    std::vector<Hours> hours = {{8 * 60 + 30, 12 * 60}, {13 * 60 + 30, 17 * 60 + 30}};
    std::set<int> weekdays = {1, 2, 3, 4, 5};  // 1 Monday … 7 Sunday
    std::set<int64_t> holidays;                // days since 1970-01-01, civil
    std::set<int64_t> makeup_days;             // worked although weekend
  };
  explicit WorkingTime(Spec spec);
  bool is_workday(TimeMs t) const;
  // The instant at which `span` (any unit) has passed since `from`. Working days: the same time of day that many
  // working days later; working hours: counted inside office hours only.
  TimeMs add(TimeMs from, const Span& span) const;
  // Working milliseconds between two instants (negative when b < a).
  DurationMs between(TimeMs a, TimeMs b) const;
  const Spec& spec() const { return spec_; }

 private:
  Spec spec_;
};

}  // namespace tocsin
