#include "expr/suggest.h"

#include "base/nearest.h"

namespace tocsin::expr {
namespace {

std::string lower(std::string_view s) {
  std::string r(s);
  for (char& c : r) c = c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
  return r;
}

}  // namespace

std::string nearest_name(std::string_view word, const std::vector<std::string_view>& candidates) {
  std::vector<std::string> lowered;
  std::vector<std::string_view> names, originals;
  for (const std::string_view candidate : candidates) {
    if (candidate == word) continue;
    lowered.push_back(lower(candidate));
    originals.push_back(candidate);
  }
  names.assign(lowered.begin(), lowered.end());
  const std::string_view found = nearest_word(lower(word), names);
  for (size_t i = 0; i < names.size(); ++i) {
    if (!found.empty() && names[i].data() == found.data()) return std::string(originals[i]);
  }
  return {};
}

}  // namespace tocsin::expr
