#include "alert/evidence.h"

#include <algorithm>

namespace tocsin::alert {
namespace {

struct Listed {
  TimeMs time;
  detect::RowFacts facts;
  bool operator<(const Listed& o) const {
    return std::tie(time, facts.source, facts.id) < std::tie(o.time, o.facts.source, o.facts.id);
  }
};

// Narrows `shared` to the codes that `f` has as well; a code below one that differs does not count.
void share(detect::RowFacts& shared, const detect::RowFacts& f) {
  std::string_view* mine[] = {&shared.city, &shared.town, &shared.village, &shared.grid};
  const std::string_view theirs[] = {f.city, f.town, f.village, f.grid};
  bool equal = true;
  for (size_t i = 0; i < 4; ++i) {
    equal = equal && *mine[i] == theirs[i];
    if (!equal) *mine[i] = {};
  }
}

}  // namespace

Evidence evidence_of(const detect::Description& d) {
  Evidence e;
  e.total = d.total;
  std::vector<Listed> listed;
  std::string identity;
  Writer w(identity);
  w.varint(d.total);
  detect::RowFacts shared;
  for (size_t i = 0; i < d.members.size(); ++i) {
    const detect::Member& m = d.members[i];
    const detect::RowFacts f = m.row.facts();
    w.fixed64(m.uid);
    w.zigzag(m.time);
    if (i == 0) shared = f;
    share(shared, f);
    // Members come by time: those of the hundredth's time belong to the choice, later ones do not.
    if (listed.size() < kMaxListed || m.time == listed.back().time) listed.push_back({m.time, f});
  }
  std::sort(listed.begin(), listed.end());
  if (listed.size() > kMaxListed) listed.resize(kMaxListed);
  for (const Listed& l : listed) e.events.push_back({std::string(l.facts.source), std::string(l.facts.id), l.time});
  if (d.gone.has_value()) share(shared, *d.gone);
  if (d.subject.has_value()) shared = *d.subject;
  e.city = shared.city;
  e.town = shared.town;
  e.village = shared.village;
  e.grid = shared.grid;
  e.hash = hash64(identity);
  return e;
}

}  // namespace tocsin::alert
