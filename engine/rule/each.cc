#include "rule/each.h"

#include <algorithm>

namespace tocsin::rule {

void Each::match(const Event& event, Arena& arena, std::vector<Match>& out, expr::Value& failed) const {
  out.clear();
  std::string text;
  const expr::EventActivation of_event(event, arena);
  for (size_t i = 0; i < expect.size(); ++i) {
    const Expectation& e = expect[i];
    const expr::Value whose = e.whose->evaluate(of_event, arena);
    if (whose.is_error() || whose.is(expr::Tag::kNull)) continue;  // it is nobody's
    text.clear();
    expr::append_json(text, whose);
    const auto owned = e.owners.find(text);
    if (owned == e.owners.end()) continue;
    for (const uint32_t owner : owned->second) {
      const expr::EventActivation both(event, arena, table->row(rows[owner]));
      const expr::Value counts = e.counts->evaluate(both, arena);
      if (counts.is_error()) failed = counts;
      if (!counts.is_true()) continue;
      const auto at =
          std::lower_bound(out.begin(), out.end(), owner, [](const Match& m, uint32_t o) { return m.owner < o; });
      if (at != out.end() && at->owner == owner) {
        at->roles |= 1U << i;
      } else {
        out.insert(at, {owner, 1U << i});
      }
    }
  }
}

}  // namespace tocsin::rule
