#pragma once
// Working time (contract: `3wd 8wh`): which hours of which days offices work, by a calendar file (`calendar:`) with
// weekly hours, public holidays and make-up working days. Immutable, thread-safe; days beyond the file's years follow
// the week. All answers cost O(log holidays), however long the span.
//
// A calendar also knows seasons by name: the same days of every year (the flood season), or days told year by year (the
// thirty before Spring Festival). Of a year whose days nobody told, a season of the second kind has none.
#include <map>
#include <memory>
#include <set>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "base/status.h"
#include "time/format.h"

namespace tocsin {

class WorkingTime {
 public:
  struct Hours {
    int begin_minute, end_minute;  // of the civil day, [begin, end), ascending and apart
  };
  struct Season {
    int from = 0, to = 0;  // month * 100 + day, inclusive, of every year; from > to: over New Year; 0: only `days`
    std::vector<std::pair<int64_t, int64_t>> days;  // inclusive, since 1970-01-01, civil
    bool contains(int64_t day) const;
  };
  struct Spec {
    TimeZone zone = TimeZone::utc();
    std::vector<Hours> hours = {{8 * 60 + 30, 12 * 60}, {13 * 60 + 30, 17 * 60 + 30}};
    std::set<int> weekdays = {1, 2, 3, 4, 5};  // 1 Monday … 7 Sunday
    std::set<int64_t> holidays;                // days since 1970-01-01, civil
    std::set<int64_t> makeup_days;             // worked although weekend; wins over `holidays`
    std::map<std::string, Season, std::less<>> seasons;
  };
  explicit WorkingTime(Spec spec);
  bool is_workday(TimeMs t) const;
  // The instant at which `span` (any unit) has passed since `from`. Working days: the same time of day that many
  // working days later; working hours: counted inside office hours only. kNever when the calendar never works.
  TimeMs add(TimeMs from, const Span& span) const;
  // Working milliseconds between two instants (negative when b < a).
  DurationMs between(TimeMs a, TimeMs b) const;
  // Whether the civil day of `t` lies in the season; false where the calendar has none of this name.
  bool in_season(std::string_view name, TimeMs t) const;
  const Spec& spec() const { return spec_; }

 private:
  struct Local {
    int64_t day;        // since 1970-01-01, civil
    DurationMs in_day;  // since that day's midnight
  };
  Local local(TimeMs t) const;
  TimeMs instant(int64_t day, DurationMs in_day) const;
  int64_t index(int64_t day) const {
    return day >= 0 && day < static_cast<int64_t>(before_.size()) ? before_[static_cast<size_t>(day)] : counted(day);
  }
  int64_t counted(int64_t day) const;
  bool is_workday_number(int64_t day) const;
  int64_t nth_after(int64_t day, int64_t n) const;
  DurationMs worked(DurationMs in_day) const;
  TimeMs add_hours(TimeMs from, DurationMs amount) const;

  Spec spec_;
  std::vector<int64_t> off_;    // holidays on days of the week that are worked
  std::vector<int64_t> extra_;  // make-up days on days of the week that are not
  DurationMs day_ms_ = 0;       // working time of one day
  // For the days of 1970 to 2100: working days before each, and the working days themselves.
  std::vector<int32_t> before_;
  std::vector<int32_t> worked_days_;
};

}  // namespace tocsin
