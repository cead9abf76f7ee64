#pragma once
// Times as people's systems export them: RFC 3339, and beside it 2024/7/1 8:30, 2024.07.01 08:30:00,
// 2024年7月1日 8时30分, 20240701083000. Year first always: an order that must be guessed is refused.
#include <optional>
#include <string_view>

#include "time/format.h"

namespace tocsin::feed {

// Empty when the text is none of these; without an offset the time is in `zone`.
std::optional<TimeMs> parse_loose_time(std::string_view text, const TimeZone& zone);

}  // namespace tocsin::feed
