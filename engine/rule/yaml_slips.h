#pragma once
// What a duration or a distance in words was meant to be. Internal to engine/rule.
#include <string>
#include <string_view>

namespace tocsin::rule::yaml {

// "7天" → "7d", "3个工作日" → "3wd", "１ hour" → "1h"; empty where no duration comes of it.
std::string meant_duration(std::string_view text);
// "500米" → "500m"; empty where no distance comes of it.
std::string meant_distance(std::string_view text);

}  // namespace tocsin::rule::yaml
