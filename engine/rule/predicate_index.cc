#include "rule/predicate_index.h"

#include <algorithm>
#include <map>

namespace tocsin::rule {

void TextTable::insert(std::string_view key, uint32_t space, uint32_t value) {
  if ((size_ + 1) * 2 > slots_.size()) {
    std::vector<Slot> old = std::move(slots_);
    slots_ = std::vector<Slot>(std::max<size_t>(8, old.size() * 2));
    for (Slot& slot : old) {
      if (slot.value != UINT32_MAX) place(std::move(slot));
    }
  }
  place({hash64(key, space), space, value, std::string(key)});
  ++size_;
}

void TextTable::place(Slot slot) {
  size_t i = slot.hash & (slots_.size() - 1);
  while (slots_[i].value != UINT32_MAX) i = (i + 1) & (slots_.size() - 1);
  slots_[i] = std::move(slot);
}

// One source's postings by category path, then by area ("" without), before they are laid flat.
struct PredicateIndex::Draft {
  struct Area {
    int level = -1;  // -1: no area
    std::string code;
    auto operator<=>(const Area&) const = default;
  };
  std::map<std::string, std::map<Area, std::vector<Posting>>> paths;

  void add(const Clause& clause, uint16_t rule, uint32_t role) {
    static const std::vector<CategoryNeed> kAny = {{"", false}};
    for (const CategoryNeed& category : clause.any_category ? kAny : clause.categories) {
      const Posting posting{rule,         clause.stages,  role,           static_cast<uint16_t>(category.path.size()),
                            clause.kinds, category.exact, clause.complete};
      auto& areas = paths[category.path];
      if (clause.any_area) areas[{}].push_back(posting);
      for (const std::string& code : clause.areas) areas[{static_cast<int>(clause.level), code}].push_back(posting);
    }
  }

  // The postings of a path and of all above it.
  std::map<Area, std::vector<Posting>> collect(const std::string& path) const {
    std::map<Area, std::vector<Posting>> out;
    for (const auto& [above, areas] : paths) {
      const bool holds = above.empty() || above == path ||
                         (path.size() > above.size() && path.starts_with(above) && path[above.size()] == '.');
      if (!holds) continue;
      for (const auto& [area, postings] : areas) {
        for (const Posting& p : postings) {
          if (!p.exact || above == path) out[area].push_back(p);
        }
      }
    }
    for (auto& [area, postings] : out) {
      std::stable_sort(postings.begin(), postings.end(),
                       [](const Posting& a, const Posting& b) { return a.rule < b.rule; });
    }
    return out;
  }
};

void PredicateIndex::build(const std::vector<Rule>& rules) {
  std::map<std::string, Draft> drafts;
  for (size_t i = 0; i < rules.size(); ++i) {
    for (const std::string& source : rules[i].from) {
      Draft& draft = drafts[source];
      for (const RoleNeeds& needs : rules[i].needs) {
        for (const Clause& clause : needs.clauses) {
          const auto& named = clause.sources;
          if (!clause.any_source && std::find(named.begin(), named.end(), source) == named.end()) continue;
          draft.add(clause, static_cast<uint16_t>(i), needs.role);
        }
      }
    }
  }
  for (auto& [source, draft] : drafts) {
    const auto root = static_cast<uint32_t>(nodes_.size());
    sources_.insert(source, 0, static_cast<uint32_t>(sources_roots_.size()));
    sources_roots_.push_back(root);
    draft.paths[""];
    for (const auto& [path, unused] : draft.paths) {  // "" comes first: the root
      Node node;
      node.id = static_cast<uint32_t>(nodes_.size());
      node.length = static_cast<uint32_t>(path.size());
      for (const auto& [area, postings] : draft.collect(path)) {
        const Range range{static_cast<uint32_t>(postings_.size()),
                          static_cast<uint32_t>(postings_.size() + postings.size())};
        postings_.insert(postings_.end(), postings.begin(), postings.end());
        if (area.level < 0) {
          node.any = range;
        } else {
          node.levels |= static_cast<uint8_t>(1U << area.level);
          areas_.insert(area.code, space(node.id, area.level), static_cast<uint32_t>(lists_.size()));
          lists_.push_back(range);
        }
      }
      if (!path.empty()) paths_.insert(path, root, node.id);
      nodes_.push_back(node);
    }
  }
}

}  // namespace tocsin::rule
