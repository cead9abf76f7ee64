#include "connectors/feed/loose_time.h"

#include <array>

namespace tocsin::feed {
namespace {

struct Scanner {
  std::string_view rest;

  // One to `most` digits, or -1.
  int number(size_t most) {
    int v = 0;
    size_t n = 0;
    for (; n < rest.size() && n < most && rest[n] >= '0' && rest[n] <= '9'; ++n) v = v * 10 + (rest[n] - '0');
    rest.remove_prefix(n);
    return n == 0 ? -1 : v;
  }
  bool any_of(std::initializer_list<std::string_view> marks) {
    for (const std::string_view m : marks) {
      if (rest.starts_with(m)) {
        rest.remove_prefix(m.size());
        return true;
      }
    }
    return false;
  }
  void spaces() {
    while (!rest.empty() && rest.front() == ' ') rest.remove_prefix(1);
  }
};

struct Parts {
  int year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0;
};

bool date(Scanner& in, Parts& p) {
  p.year = in.number(4);
  if (!in.any_of({"/", "-", ".", "年"})) return false;
  p.month = in.number(2);
  if (!in.any_of({"/", "-", ".", "月"})) return false;
  p.day = in.number(2);
  in.any_of({"日", "号"});
  return p.year >= 1000 && p.day > 0;
}

bool clock(Scanner& in, Parts& p) {
  in.spaces();
  in.any_of({"T"});
  if (in.rest.empty()) return true;
  p.hour = in.number(2);
  if (!in.any_of({":", "：", "时", "点"})) return false;
  if (in.rest.empty()) return p.hour >= 0;
  p.minute = in.number(2);
  if (in.any_of({":", "："}) || (in.any_of({"分"}) && !in.rest.empty())) {
    p.second = in.number(2);
    in.any_of({"秒"});
    if (in.any_of({"."})) in.number(9);
  }
  return p.hour >= 0 && p.minute >= 0 && p.second >= 0 && in.rest.empty();
}

// 20240701, 202407010830, 20240701083000.
bool compact(std::string_view text, Parts& p) {
  if (text.size() != 8 && text.size() != 12 && text.size() != 14) return false;
  Scanner in{text};
  p.year = in.number(4);
  for (int* part : {&p.month, &p.day, &p.hour, &p.minute, &p.second}) {
    if (in.rest.empty()) break;
    *part = in.number(2);
  }
  return in.rest.empty();
}

}  // namespace

std::optional<TimeMs> parse_loose_time(std::string_view text, const TimeZone& zone) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  if (const auto t = parse_time(text, zone)) return t;
  Parts p;
  Scanner in{text};
  if (!compact(text, p)) {
    p = Parts();
    if (!date(in, p) || !clock(in, p)) return std::nullopt;
  }
  // Written out again, so that the days of months and the hours have one judge.
  std::array<char, 20> rfc{};
  const auto put = [&](size_t at, int v, size_t digits) {
    for (size_t i = digits; i-- > 0; v /= 10) rfc[at + i] = static_cast<char>('0' + v % 10);
  };
  put(0, p.year, 4);
  rfc[4] = rfc[7] = '-';
  put(5, p.month, 2);
  put(8, p.day, 2);
  rfc[10] = 'T';
  put(11, p.hour, 2);
  rfc[13] = rfc[16] = ':';
  put(14, p.minute, 2);
  put(17, p.second, 2);
  return parse_time({rfc.data(), 19}, zone);
}

}  // namespace tocsin::feed
