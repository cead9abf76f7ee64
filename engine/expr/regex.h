#pragma once
// Linear-time regular expressions. Internal to engine/expr.
#include <re2/re2.h>

#include <string_view>

#include "expr/program.h"

namespace tocsin::expr {

// Quiet, UTF-8, at most 1 MiB a pattern.
const RE2::Options& regex_options();
// The general matches(text, pattern), which compiles its pattern at each call.
Function matches_function();

inline re2::StringPiece as_piece(std::string_view s) { return {s.data(), s.size()}; }

}  // namespace tocsin::expr
