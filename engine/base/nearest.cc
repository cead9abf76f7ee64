#include "base/nearest.h"

#include <algorithm>
#include <array>

namespace tocsin {
namespace {

constexpr size_t kLongest = 64;
using RowOfDistances = std::array<size_t, kLongest + 1>;

// Optimal string alignment distance. Precondition: both at most kLongest bytes.
size_t distance(std::string_view a, std::string_view b) {
  RowOfDistances before_last{};
  RowOfDistances last{};
  RowOfDistances row{};
  for (size_t j = 0; j <= b.size(); ++j) last[j] = j;
  for (size_t i = 1; i <= a.size(); ++i) {
    row[0] = i;
    for (size_t j = 1; j <= b.size(); ++j) {
      const size_t cost = a[i - 1] == b[j - 1] ? 0 : 1;
      row[j] = std::min({last[j] + 1, row[j - 1] + 1, last[j - 1] + cost});
      if (i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1]) {
        row[j] = std::min(row[j], before_last[j - 2] + 1);
      }
    }
    before_last = last;
    last = row;
  }
  return last[b.size()];
}

}  // namespace

std::string_view nearest_word(std::string_view word, std::span<const std::string_view> candidates) {
  if (word.empty() || word.size() > kLongest) return {};
  size_t best = std::max<size_t>(1, word.size() / 3) + 1;
  std::string_view found;
  for (const std::string_view c : candidates) {
    if (c.size() > kLongest) continue;
    const size_t d = distance(word, c);
    if (d < best) {
      best = d;
      found = c;
    }
  }
  return found;
}

}  // namespace tocsin
