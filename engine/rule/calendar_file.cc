#include "rule/calendar_file.h"

#include <optional>

#include "rule/yaml_file.h"

namespace tocsin::rule {
namespace {

constexpr int64_t kMaxRange = 60;     // days in one range of holidays
constexpr size_t kMaxDays = 100'000;  // in one list

std::optional<int64_t> parse_day(std::string_view text) {
  if (text.size() != 10) return std::nullopt;
  const auto t = parse_time(text, TimeZone::utc());
  if (!t) return std::nullopt;
  return utc_day(*t);
}

// "08:30" as minutes of the day; "24:00" is its end.
int parse_minute(std::string_view text) {
  if (text.size() != 5 || text[2] != ':') return -1;
  for (const size_t i : {0, 1, 3, 4}) {
    if (text[i] < '0' || text[i] > '9') return -1;
  }
  const int hour = (text[0] - '0') * 10 + (text[1] - '0');
  const int minute = (text[3] - '0') * 10 + (text[4] - '0');
  return hour > 24 || minute > 59 || hour * 60 + minute > 24 * 60 ? -1 : hour * 60 + minute;
}

class CalendarReader {
 public:
  CalendarReader(const yaml::Reader& read, WorkingTime::Spec& spec) : read_(read), spec_(spec) {}

  void read(const yaml::Node& node) {
    const yaml::Fields f(read_, node, {"name", "time_zone", "weekdays", "hours", "holidays", "workdays", "seasons"},
                         "a calendar");
    std::string zone;
    if (const yaml::Node* n = f.require("time_zone"); n != nullptr && read_.read(*n, zone)) {
      auto loaded = TimeZone::load(zone);
      if (loaded) {
        spec_.zone = *loaded;
      } else {
        read_.fault(*n,
                    {"bad-time-zone", loaded.error().message, "没有这个时区，请写 Asia/Shanghai 一类的名称", {}, {}});
      }
    }
    if (const yaml::Node* n = f.get("weekdays")) weekdays(*n);
    if (const yaml::Node* n = f.get("hours")) hours(*n);
    if (const yaml::Node* n = f.get("holidays")) days(*n, spec_.holidays);
    if (const yaml::Node* n = f.get("workdays")) days(*n, spec_.makeup_days);
    if (const yaml::Node* n = f.get("seasons")) seasons(*n);
  }

 private:
  void weekdays(const yaml::Node& list) {
    if (!read_.expect_list(list, "weekdays")) return;
    spec_.weekdays.clear();
    for (const yaml::Node& n : list.items) {
      int64_t day = 0;
      if (read_.read_integer(n, 1, 7, day)) spec_.weekdays.insert(static_cast<int>(day));
    }
  }

  void hours(const yaml::Node& list) {
    if (!read_.expect_list(list, "hours")) return;
    spec_.hours.clear();
    int last = 0;
    for (const yaml::Node& n : list.items) {
      std::string text;
      if (!read_.read(n, text)) continue;
      const int begin = text.size() == 11 ? parse_minute(std::string_view(text).substr(0, 5)) : -1;
      const int end = text.size() == 11 && text[5] == '-' ? parse_minute(std::string_view(text).substr(6)) : -1;
      if (begin < last || end <= begin) {
        read_.fault(n, {"bad-hours",
                        "office hours are written as \"08:30-12:00\", ascending and apart",
                        "办公时间写作 \"08:30-12:00\"，依次排列且不重叠",
                        {},
                        {}});
        continue;
      }
      spec_.hours.push_back({begin, end});
      last = end;
    }
  }

  void days(const yaml::Node& list, std::set<int64_t>& out) {
    if (!read_.expect_list(list, "a list of days")) return;
    for (const yaml::Node& n : list.items) {
      std::string text;
      if (!read_.read(n, text)) continue;
      const size_t dots = text.find("..");
      const auto first = parse_day(std::string_view(text).substr(0, dots));
      const auto last = dots == std::string::npos ? first : parse_day(std::string_view(text).substr(dots + 2));
      if (!first || !last || *last < *first || *last - *first > kMaxRange || out.size() > kMaxDays) {
        const bool order = first && last && *last < *first, pair = first && last;
        const auto& [en, zh] = !pair ? bad_day(text)
                               : order ? Said{"this range ends before it begins", "区间的结束日期早于开始日期"}
                                       : Said{"a range has at most 60 days; give longer ones in parts",
                                              "一个区间最多 60 天，更长的请分段写"};
        read_.fault(n, {"bad-day", en, zh, "a day is written as 2025-01-01, a range as 2025-01-28..2025-02-04",
                        "日期写作 2025-01-01，区间写作 2025-01-28..2025-02-04"});
        continue;
      }
      for (int64_t d = *first; d <= *last; ++d) out.insert(d);
    }
  }

  using Said = std::pair<std::string, std::string>;
  static Said bad_day(const std::string& text) {
    for (size_t at = 0; at + 10 <= text.size(); at += 12) {
      const std::string day = text.substr(at, 10);
      const bool form = day.size() == 10 && day.find_first_not_of("0123456789-") == std::string::npos &&
                        day[4] == '-' && day[7] == '-';
      if (form && !parse_day(day)) return {"there is no day " + day, "没有 " + day + " 这一天"};
    }
    return {"`" + text + "` is no day", "`" + text + "` 不是日期"};
  }

  void seasons(const yaml::Node& map) {
    if (!read_.expect_map(map, "seasons")) return;
    for (size_t i = 0; i < map.items.size(); ++i) {
      WorkingTime::Season& season = spec_.seasons[map.keys[i].value];
      const yaml::Node& node = map.items[i];
      if (node.is_map()) {
        days_before(node, season);
      } else if (node.is_list()) {
        std::set<int64_t> listed;
        days(node, listed);
        for (const int64_t day : listed) season.days.emplace_back(day, day);
      } else {
        every_year(node, season);
      }
    }
  }

  // "04-15..10-15", both days in it.
  void every_year(const yaml::Node& node, WorkingTime::Season& season) {
    std::string text;
    if (!read_.read(node, text)) return;
    const bool range = text.size() == 12 && text.substr(5, 2) == "..";
    const int from = range ? month_day(text.substr(0, 5)) : 0;
    const int to = range ? month_day(text.substr(7)) : 0;
    if (from != 0 && to != 0) {
      season.from = from;
      season.to = to;
      return;
    }
    read_.fault(node, {"bad-season",
                       "a season is written as 04-15..10-15, as a list of days, or as {days: 30, before: [2026-02-17]}",
                       "季节写作 04-15..10-15、日期列表，或 {days: 30, before: [2026-02-17]}",
                       {},
                       {}});
  }

  // Month * 100 + day; 0 where there is no such day in a leap year.
  static int month_day(const std::string& text) {
    const auto day = parse_day("2000-" + text);
    if (!day) return 0;
    const CivilDay civil = civil_from_days(*day);
    return civil.month * 100 + civil.day;
  }

  void days_before(const yaml::Node& node, WorkingTime::Season& season) {
    const yaml::Fields f(read_, node, {"days", "before"}, "a season");
    int64_t count = 0;
    std::set<int64_t> feasts;
    const yaml::Node* n = f.require("days");
    if (n == nullptr || !read_.read_integer(*n, 1, 366, count)) return;
    if (const yaml::Node* before = f.require("before")) days(*before, feasts);
    for (const int64_t day : feasts) season.days.emplace_back(day - count, day - 1);
  }

  const yaml::Reader& read_;
  WorkingTime::Spec& spec_;
};

}  // namespace

bool parse_calendar(std::string_view text, std::string_view path, std::vector<Diagnostic>& out,
                    WorkingTime::Spec& spec) {
  const size_t before = out.size();
  const auto document = yaml::Document::parse(std::string(path), std::string(text), out);
  if (document == nullptr) return false;
  const yaml::Reader read(*document, out);
  const yaml::Fields top(read, document->root(), {"calendar"}, "a calendar file");
  if (const yaml::Node* node = top.require("calendar")) CalendarReader(read, spec).read(*node);
  return out.size() == before;
}

Result<WorkingTime> parse_calendar(std::string_view text, std::string_view path) {
  std::vector<Diagnostic> faults;
  WorkingTime::Spec spec;
  if (parse_calendar(text, path, faults, spec)) return WorkingTime(std::move(spec));
  if (faults.empty()) return invalid(std::string(path) + " is not a calendar");
  const Diagnostic& d = faults.front();
  return invalid(d.file + ":" + std::to_string(d.line) + ":" + std::to_string(d.column) + ": " + d.en);
}

}  // namespace tocsin::rule
