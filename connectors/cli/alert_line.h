#pragma once
// One alert as a line of the terminal, from the `data` object of its CloudEvent.
#include <string>
#include <string_view>

namespace tocsin::cli {

// "13:07:00  ORANGE 橙  opened    waterlogging-cluster  浒山街道 …"; empty when `data` does not parse. Times in `zone_name`.
std::string alert_line(std::string_view data, std::string_view type, bool colour, const std::string& zone_name);

}  // namespace tocsin::cli
