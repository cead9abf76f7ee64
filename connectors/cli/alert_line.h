#pragma once
// One alert as a line of the terminal, from the `data` object of its CloudEvent.
#include <cstdint>
#include <map>
#include <string>
#include <string_view>

namespace tocsin::cli {

// How a service means times and places: its civil zone, and names of area codes where it has a table of them.
struct Places {
  std::string zone;
  std::map<std::string, std::string, std::less<>> names;
  std::string year = {};  // "2026": lines leave it out of times in it; empty: all times have their year
};
// The one that the terminal's language asks for.
std::string say(std::string_view en, std::string_view zh);
// "1 event", "2 events": in English.
std::string counted(int64_t n, std::string_view noun);
// "note: rule r could not judge 3 events: …", of a rule whose condition could not be worked out.
std::string unjudged(const std::string& rule, uint64_t events, const std::string& why);
// "白沙路街道 330282004" of an alert's `area` object: the deepest code, and the deepest name that is known; or empty.
std::string area_text(std::string_view area_json, const Places& places);
// A state, a change or a reason of an alert: in English the contract's own name.
std::string in_words(std::string_view name, bool chinese);
// A time in the places' zone, "2025-07-01 10:07:00", or the text as it is where it is none.
std::string local_time(std::string_view text, const Places& places);

// The year of a time in the places' zone, "2025", or empty where the text is no time.
std::string local_year(std::string_view text, const Places& places);

// "08-13 13:07:00  ORANGE 橙  opened       waterlogging-cluster  6 flooded places …"; empty when `data` does not parse.
// Times in the places' zone, with the year where it is another than the places'. A line wider than `width` columns goes
// on, indented, in further lines; 0 columns: never.
std::string alert_line(std::string_view data, std::string_view type, bool colour, const Places& places,
                       size_t width = 0);
// Columns as COLUMNS says, else of the terminal; 0 when there is none.
size_t terminal_width(int fd);

}  // namespace tocsin::cli
