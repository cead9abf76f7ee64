#pragma once
// Working-time calendars from files (`calendar:`, rules/calendars/NAME.yaml):
//
//   calendar:
//     time_zone: Asia/Shanghai
//     weekdays: [1, 2, 3, 4, 5]              # 1 Monday … 7 Sunday; default Monday to Friday
//     hours: ["08:30-12:00", "13:30-17:30"]  # the default
//     holidays: [2025-01-01, 2025-01-28..2025-02-04]
//     workdays: [2025-01-26]                 # make-up days, worked although the week says no
//     seasons:                               # for season("flood"); names are free
//       flood: 04-15..10-15                  # of every year, both days in it; 11-01..03-31 goes over New Year
//       spring_festival_30: {days: 30, before: [2025-01-29, 2026-02-17]}  # told year by year; the day itself is not in
//       it census: [2025-11-01..2025-11-15]     # days as in holidays
#include <string>
#include <string_view>
#include <vector>

#include "base/status.h"
#include "rule/diagnostic.h"
#include "time/calendar.h"

namespace tocsin::rule {

// All faults at once, appended to `out`; the calendar is usable only when none was.
bool parse_calendar(std::string_view text, std::string_view path, std::vector<Diagnostic>& out,
                    WorkingTime::Spec& spec);
// The same for callers who want one message: the first fault, as path:line:col: what.
Result<WorkingTime> parse_calendar(std::string_view text, std::string_view path);

}  // namespace tocsin::rule
