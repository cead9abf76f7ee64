#pragma once
// What a duration or a distance in words was meant to be: for engine/rule, and for a program's own options.
#include <optional>
#include <span>
#include <string>
#include <string_view>

#include "rule/yaml_file.h"

namespace tocsin::rule::yaml {

// "7天" → "7d", "3个工作日" → "3wd", "１ hour" → "1h"; empty where no duration comes of it.
std::string meant_duration(std::string_view text);
// "500米" → "500m"; empty where no distance comes of it.
std::string meant_distance(std::string_view text);

// The English word among `known` that a Chinese one stands for ("地点" is `place`), or empty.
std::string_view meant_word(std::string_view chinese, std::span<const std::string_view> known);
// How the map called `what` is written ("resolve" is "{quiet: 2h}"), or empty.
std::string_view form_of(std::string_view what);
// Of "radius:500m" or "at:+0m", a key without a blank behind its colon: the key and its value; empty where it is none.
struct Joined {
  std::string_view key, value;
};
Joined joined_key(std::string_view text);

// What is wrong in a line that YAML cannot read, where that can be told: full-width blanks before it, no blank behind a
// dash or a colon. `offset` and `length` are bytes of the line.
std::optional<Say> line_slip(std::string_view line, size_t& offset, size_t& length);
// The parser's own reason as a sentence that helps, in both languages.
Say syntax_fault(const std::string& reason);

}  // namespace tocsin::rule::yaml
