#pragma once
// Under what names rules and their keys lie in the store.
#include <string>

#include "base/codec.h"
#include "base/hash.h"
#include "rule/rule_set.h"
#include "state/store.h"

namespace tocsin::runtime {

inline constexpr char kRulesKey[] = "rules";  // of Table::kMeta: the texts in force

// Of Table::kState.
inline std::string state_key(std::string_view rule_id, const Hash128& key) {
  std::string k(rule_id);
  k.push_back('\0');
  k += state::big_endian(key.hi);
  k += state::big_endian(key.lo);
  return k;
}

inline std::string encode_rules(const rule::RuleSet& rules) {
  std::string out;
  Writer w(out);
  w.varint(rules.files().size());
  for (const rule::SourceFile& f : rules.files()) {
    w.str(f.path);
    w.str(f.text);
  }
  w.fixed64(rules.fingerprint());
  return out;
}

}  // namespace tocsin::runtime
