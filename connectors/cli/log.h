#pragma once
// The program's own log: lines of key=value on standard error, with time and level. A front of spdlog, whose templates
// are compiled once behind it. From any thread.
#include <initializer_list>
#include <string>
#include <string_view>

namespace tocsin::cli::log {

// Once, before the first line: the form that operators' tools read.
void open();
// A line is its parts, joined.
using Parts = std::initializer_list<std::string_view>;
void error(Parts parts);
void warn(Parts parts);
void info(Parts parts);
void debug(Parts parts);
// A number with so many decimals.
std::string decimals(double v, int n);

}  // namespace tocsin::cli::log
