#pragma once
// The little of UTF-8 that expressions need.
#include <cstdint>
#include <string>
#include <string_view>

namespace tocsin::expr {

bool is_utf8(std::string_view s);
// Code points of a valid text.
size_t count_code_points(std::string_view s);
// Bytes of the code point that starts with `lead`, 1 for anything else.
size_t code_point_length(char lead);
// `c` must be a Unicode scalar value.
void append_code_point(std::string& out, uint32_t c);

}  // namespace tocsin::expr
