// Durations, working-time spans and distances as rules write them.
#include <array>
#include <charconv>
#include <cmath>

#include "time/format.h"

namespace tocsin {
namespace {

struct Unit {
  std::string_view name;
  int64_t ms;
};
// From the largest down, as format_duration writes them; weeks are read but written as days.
constexpr std::array<Unit, 6> kUnits = {
    {{"w", 604'800'000}, {"d", 86'400'000}, {"h", 3'600'000}, {"m", 60'000}, {"s", 1000}, {"ms", 1}}};
constexpr int64_t kTenYears = 3653 * int64_t{86'400'000};

Error bad_span(std::string_view text, std::string_view why, std::string_view also = ", or 3wd, 8wh") {
  return invalid("\"" + std::string(text) + "\" is not a duration: " + std::string(why) +
                 "; write e.g. 90s, 15m, 1h30m, 7d" + std::string(also));
}

// A non-negative whole number at the front of `text`, which loses it; -1 when there is none or it is too large.
int64_t take_number(std::string_view& text) {
  int64_t v = 0;
  const auto r = std::from_chars(text.data(), text.data() + text.size(), v);
  if (r.ec != std::errc() || v < 0 || text[0] == '-') return -1;
  text.remove_prefix(static_cast<size_t>(r.ptr - text.data()));
  return v;
}

std::string_view take_unit(std::string_view& text) {
  size_t n = 0;
  while (n < text.size() && text[n] >= 'a' && text[n] <= 'z') ++n;
  const std::string_view unit = text.substr(0, n);
  text.remove_prefix(n);
  return unit;
}

Result<Span> parse_working(std::string_view text, std::string_view unit, int64_t amount) {
  const bool days = unit == "wd";
  if (amount > (days ? 3653 : 3653 * 24)) return bad_span(text, "it is longer than ten years");
  return Span{days ? Span::Unit::kWorkingDays : Span::Unit::kWorkingHours, days ? amount : amount * 3'600'000};
}

}  // namespace

Result<Span> parse_span(std::string_view text) {
  std::string_view rest = text;
  if (rest.empty()) return bad_span(text, "it is empty");
  Span span;
  int64_t last_ms = INT64_MAX;
  while (!rest.empty()) {
    const int64_t amount = take_number(rest);
    if (amount < 0) return bad_span(text, "a whole number is missing");
    const std::string_view unit = take_unit(rest);
    if (unit == "wd" || unit == "wh") {
      if (last_ms != INT64_MAX || !rest.empty()) return bad_span(text, "working time stands alone");
      return parse_working(text, unit, amount);
    }
    const Unit* found = nullptr;
    for (const Unit& u : kUnits) {
      if (u.name == unit) found = &u;
    }
    if (found == nullptr) return bad_span(text, unit.empty() ? "a unit is missing" : "the unit is unknown");
    if (found->ms >= last_ms) return bad_span(text, "units go from the largest to the smallest, each once");
    last_ms = found->ms;
    if (amount > kTenYears / found->ms || span.amount + amount * found->ms > kTenYears) {
      return bad_span(text, "it is longer than ten years");
    }
    span.amount += amount * found->ms;
  }
  return span;
}

Result<DurationMs> parse_duration(std::string_view text) {
  const Result<Span> span = parse_span(text);
  if (!span) return span.error();
  if (span->unit != Span::Unit::kPlain) return bad_span(text, "working time is not possible here", "");
  return span->amount;
}

std::string format_duration(DurationMs d) {
  if (d == 0) return "0s";
  std::string out;
  if (d < 0) {
    out.push_back('-');
    d = -d;
  }
  for (size_t i = 1; i < kUnits.size(); ++i) {
    const int64_t n = d / kUnits[i].ms;
    d %= kUnits[i].ms;
    if (n != 0) out.append(std::to_string(n)).append(kUnits[i].name);
  }
  return out;
}

Result<double> parse_distance(std::string_view text) {
  double v = 0;
  const auto r = std::from_chars(text.data(), text.data() + text.size(), v, std::chars_format::fixed);
  const std::string_view unit = text.substr(static_cast<size_t>(r.ptr - text.data()));
  if (r.ec == std::errc() && std::isfinite(v) && v >= 0 && (unit == "m" || unit == "km")) {
    const double metres = unit == "km" ? v * 1000 : v;
    if (metres <= 20'100'000) return metres;  // no two places on Earth are farther apart
  }
  return invalid("\"" + std::string(text) + "\" is not a distance; write e.g. 300m or 1.2km");
}

}  // namespace tocsin
