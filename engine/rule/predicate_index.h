#pragma once
// Which rules an event may concern. Postings hang on (source, node of the category tree, area code); the lists of a
// node hold what stands above it too, so that an event looks up its source, its category and, where rules of that
// category speak of areas, its area codes: the cost does not grow with rules that cannot match. Immutable after
// build().
#include <array>
#include <cstdint>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

#include "base/hash.h"
#include "rule/rule.h"

namespace tocsin::rule {

// Text → number, open addressing. Lookups do not allocate.
class TextTable {
 public:
  // Precondition: `key` (in `space`) is not there yet.
  void insert(std::string_view key, uint32_t space, uint32_t value);
  // UINT32_MAX: not there.
  uint32_t find(std::string_view key, uint32_t space = 0) const {
    if (slots_.empty()) return UINT32_MAX;
    const uint64_t hash = hash64(key, space);
    for (size_t i = hash & (slots_.size() - 1);; i = (i + 1) & (slots_.size() - 1)) {
      const Slot& slot = slots_[i];
      if (slot.value == UINT32_MAX) return UINT32_MAX;
      if (slot.hash == hash && slot.space == space && slot.key == key) return slot.value;
    }
  }

 private:
  struct Slot {
    uint64_t hash = 0;
    uint32_t space = 0;
    uint32_t value = UINT32_MAX;
    std::string key;
  };
  void place(Slot slot);
  std::vector<Slot> slots_;  // a power of two, at most half full
  size_t size_ = 0;
};

class PredicateIndex {
 public:
  void build(const std::vector<Rule>& rules);

  // Calls f(rule) or f(rule, possible, proven) ascending: `possible` the roles that the event may have, `proven` those
  // that it has for certain, so that their predicates need not be evaluated.
  template <typename F>
  void candidates(const Event& event, F&& f) const {
    const uint32_t source = sources_.find(event.source);
    if (source == UINT32_MAX) return;
    const Node& node = nodes_[find_node(sources_roots_[source], event.category)];
    std::array<Cursor, 1 + kAreaLevels> lists;
    size_t n = 0;
    if (node.any.begin != node.any.end)
      lists[n++] = {&postings_[node.any.begin], &postings_[node.any.begin] + node.any.size()};
    for (int level = 0; node.levels >> level != 0; ++level) {
      if ((node.levels >> level & 1U) == 0) continue;
      const std::string_view code = area_code(event, static_cast<AreaLevel>(level));
      if (code.empty()) continue;
      const uint32_t list = areas_.find(code, space(node.id, level));
      if (list != UINT32_MAX)
        lists[n++] = {&postings_[lists_[list].begin], &postings_[lists_[list].begin] + lists_[list].size()};
    }
    const uint8_t kind = static_cast<uint8_t>(1U << static_cast<unsigned>(event.kind));
    const uint16_t stage = static_cast<uint16_t>(1U << static_cast<unsigned>(event.stage));
    const bool at_node = event.category.size() == node.length;
    while (n > 0) {
      size_t least = 0;
      for (size_t i = 1; i < n; ++i) {
        if (lists[i].at->rule < lists[least].at->rule) least = i;
      }
      const uint16_t rule = lists[least].at->rule;
      uint32_t possible = 0, proven = 0;
      for (size_t i = 0; i < n;) {
        Cursor& list = lists[i];
        for (; list.at != list.end && list.at->rule == rule; ++list.at) {
          const Posting& p = *list.at;
          if ((p.kinds & kind) == 0 || (p.stages & stage) == 0 || (p.exact && !(at_node && p.depth == node.length)))
            continue;
          possible |= p.role;
          if (p.complete) proven |= p.role;
        }
        if (list.at == list.end)
          lists[i] = lists[--n];
        else
          ++i;
      }
      if (possible == 0) continue;
      if constexpr (std::is_invocable_v<F&, uint16_t, uint32_t, uint32_t>)
        f(rule, possible, proven);
      else
        f(rule);
    }
  }

 private:
  struct Posting {
    uint16_t rule;
    uint16_t stages;
    uint32_t role;
    uint16_t depth;  // length of the category path that it hangs on
    uint8_t kinds;
    bool exact, complete;
  };
  struct Range {
    uint32_t begin = 0, end = 0;
    size_t size() const { return end - begin; }
  };
  struct Node {
    uint32_t id = 0;
    uint32_t length = 0;  // of its path
    Range any;            // postings without an area
    uint8_t levels = 0;   // area levels with postings
  };
  struct Cursor {
    const Posting* at;
    const Posting* end;
  };
  struct Draft;

  static uint32_t space(uint32_t node, int level) { return node * 8 + static_cast<uint32_t>(level); }
  // The node of the longest prefix of `path` that some rule names; each source has a tree of its own.
  uint32_t find_node(uint32_t root, std::string_view path) const {
    while (!path.empty()) {
      const uint32_t node = paths_.find(path, root);
      if (node != UINT32_MAX) return node;
      const size_t dot = path.rfind('.');
      if (dot == std::string_view::npos) break;
      path = path.substr(0, dot);
    }
    return root;
  }

  TextTable sources_;                    // source → index into sources_roots_
  std::vector<uint32_t> sources_roots_;  // root node of each source
  TextTable paths_;                      // (root, path) → node
  std::vector<Node> nodes_;
  TextTable areas_;  // (node and level, code) → list
  std::vector<Range> lists_;
  std::vector<Posting> postings_;
};

}  // namespace tocsin::rule
