#pragma once
// Under what names rules and their keys lie in the store, and how a rule set stands there: all texts that it was
// compiled from, so that recovery applies deltas under the rules, calendars and tables that they were written under.
#include <string>
#include <string_view>
#include <vector>

#include "base/codec.h"
#include "base/hash.h"
#include "base/status.h"
#include "rule/rule_set.h"
#include "state/store.h"

namespace tocsin::runtime {

// Of Table::kMeta.
inline constexpr char kRulesKey[] = "rules";    // the texts in force
inline constexpr char kDutiesKey[] = "duties";  // Duties::encode, as of the checkpoint

// Of Table::kMeta: the index of seen events (Seen::take_changed), and keys that rules began with after a change of
// rules, many together (FreshKeys), until the next checkpoint stores each by itself.
inline constexpr std::string_view kSeenPieces = "seen/", kSeenPiecesEnd = "seen0";
inline constexpr std::string_view kFreshPieces = "fresh/", kFreshPiecesEnd = "fresh0";

// Of Table::kState.
inline std::string state_key(std::string_view rule_id, const Hash128& key) {
  std::string k(rule_id);
  k.push_back('\0');
  k += state::big_endian(key.hi);
  k += state::big_endian(key.lo);
  return k;
}

struct StoredRules {
  std::vector<rule::SourceFile> files;
  uint64_t fingerprint = 0;
};
std::string encode_rules(const rule::RuleSet& rules);
Result<StoredRules> decode_rules(std::string_view bytes);

}  // namespace tocsin::runtime
