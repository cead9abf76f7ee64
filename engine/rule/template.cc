#include "rule/template.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cmath>
#include <cstdio>

namespace tocsin::rule {
namespace {

constexpr const char* kNothing = "?";

// As people round: half goes up (away from zero), of the number as it is written elsewhere. 26.5 is 27, not the even
// 26; 1.005 to two places is 1.01, though its double lies below.
void append_decimals(std::string& out, double v, int decimals) {
  if (!std::isfinite(v)) return expr::append_text(out, expr::Value::number(v));
  std::array<char, 1100> buf;  // the longest double has 309 digits before the point, the smallest 1074 after it
  const auto written = std::to_chars(buf.data(), buf.data() + buf.size(), std::abs(v), std::chars_format::fixed);
  std::string digits(buf.data(), written.ptr);
  const size_t point = std::min(digits.find('.'), digits.size());
  std::string kept = digits.substr(0, point);
  std::string after = point < digits.size() ? digits.substr(point + 1) : std::string();
  const size_t places = static_cast<size_t>(decimals);
  const bool up = after.size() > places && after[places] >= '5';
  after.resize(places, '0');
  kept += after;
  for (size_t i = kept.size(); up && i-- > 0;) {
    if (kept[i] != '9') {
      ++kept[i];
      break;
    }
    kept[i] = '0';
    if (i == 0) kept.insert(0, 1, '1');
  }
  if (v < 0 && kept.find_first_not_of('0') != std::string::npos) out += '-';
  out.append(kept, 0, kept.size() - places);
  if (places > 0) out.append(1, '.').append(kept, kept.size() - places);
}

void append_civil(std::string& out, TimeMs t, const TimeZone& zone, bool date, bool time) {
  const TimeZone::Civil c = zone.to_civil(t);
  char buf[64];
  if (date) {
    std::snprintf(buf, sizeof buf, "%04lld-%02d-%02d", static_cast<long long>(c.year), c.month, c.day);
    out += buf;
  }
  if (date && time) out += ' ';
  if (time) {
    std::snprintf(buf, sizeof buf, "%02d:%02d", c.hour, c.minute);
    out += buf;
  }
}

// "7d7h45m" as 7天7小时45分.
void append_chinese(std::string& out, std::string_view duration) {
  for (size_t i = 0; i < duration.size(); ++i) {
    const std::string_view rest = duration.substr(i);
    if (rest.starts_with("ms")) {
      out += "毫秒";
      ++i;
    } else {
      constexpr std::array<std::pair<char, std::string_view>, 5> kUnits = {
          {{'w', "周"}, {'d', "天"}, {'h', "小时"}, {'m', "分"}, {'s', "秒"}}};
      const auto unit = std::ranges::find(kUnits, rest[0], [](const auto& u) { return u.first; });
      out += unit == kUnits.end() ? rest.substr(0, 1) : unit->second;
    }
  }
}

void append_value(std::string& out, const expr::Value& v, std::string_view format, const TimeZone& zone, bool chinese) {
  using expr::Tag;
  if (v.is_error() || v.is(Tag::kNull)) {
    out += kNothing;
  } else if (v.is(Tag::kTimestamp)) {
    append_civil(out, v.ms(), zone, format != "time", format != "date");
  } else if (v.is(Tag::kDuration)) {
    append_duration(out, v.ms(), chinese);
  } else if (format == "duration" && (v.is(Tag::kInt) || v.is(Tag::kDouble))) {
    const double seconds = v.is(Tag::kInt) ? static_cast<double>(v.i) : v.d;
    if (seconds > -1e12 && seconds < 1e12)
      append_duration(out, static_cast<DurationMs>(seconds * 1000), chinese);
    else
      out += kNothing;
  } else if (!format.empty() && format[0] >= '0' && format[0] <= '9' && (v.is(Tag::kDouble) || v.is(Tag::kInt))) {
    append_decimals(out, v.is(Tag::kInt) ? static_cast<double>(v.i) : v.d, format[0] - '0');
  } else {
    expr::append_text(out, v);
  }
}

}  // namespace

void append_duration(std::string& out, DurationMs d, bool chinese) {
  if (d < 0) {
    out += '-';
    d = d == INT64_MIN ? INT64_MAX : -d;
  }
  const DurationMs unit = d >= 60'000 ? 60'000 : 1'000;
  const std::string text = format_duration(d / unit * unit);
  if (chinese)
    append_chinese(out, text);
  else
    out += text;
}

std::string Template::render(const expr::Activation& vars, const TimeZone& zone) const {
  std::string out;
  Arena arena(2048);
  for (const Part& part : parts_) {
    out += part.literal;
    if (part.value == nullptr) continue;
    append_value(out, part.value->evaluate(vars, arena), part.format, zone, chinese_);
    arena.reset();
  }
  return out;
}

}  // namespace tocsin::rule
