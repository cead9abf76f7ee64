#pragma once
// One alert as a line of the terminal, from the `data` object of its CloudEvent.
#include <string>
#include <string_view>

namespace tocsin::cli {

// "08-13 13:07:00  ORANGE 橙  opened       waterlogging-cluster  6 flooded places …"; empty when `data` does not parse.
// Times in `zone_name`. A line wider than `width` columns goes on, indented, in a second line; 0 columns: never.
std::string alert_line(std::string_view data, std::string_view type, bool colour, const std::string& zone_name,
                       size_t width = 0);
// Columns of the terminal; 0 when it is none.
size_t terminal_width(int fd);

}  // namespace tocsin::cli
